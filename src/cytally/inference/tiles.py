"""Running a network over an image in tiles, with the result of running it over the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

Runner = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""A network as a function from (C, Y, X) to (K, Y, X)."""

Window = tuple[slice, slice]

TILE = 1024
"""Side of a tile's core in pixels of the network's input: 1.2 GiB at most for the density U-Net in bfloat16."""


@dataclass(frozen=True)
class Tile:
    """A piece of the image: the `core` that is kept, and the `window` around it that the network sees."""

    core: Window
    window: Window

    @property
    def core_in_window(self) -> Window:
        """Where the core lies within the window."""
        (rows, columns), (y, x) = self.core, (self.window[0].start, self.window[1].start)
        return slice(rows.start - y, rows.stop - y), slice(columns.start - x, columns.stop - x)


def tile_grid(shape: tuple[int, int], size: int, halo: int, stride: int) -> Iterator[Tile]:
    """Cut (Y, X) into tiles whose cores touch and never overlap, row by row.

    Parameters
    ----------
    shape
        (Y, X) of the image.
    size
        Side of a core in pixels; rounded up to a multiple of `stride`.
    halo
        Pixels around the core that the network must see, a multiple of `stride`. Windows end at the image's edge,
        where the network pads just as it would for the whole image.
    stride
        Steps of the network's coarsest level. Windows begin at multiples of it, or the strided convolutions would
        sample other pixels than in the whole image.

    Examples
    --------
    >>> [tile.window for tile in tile_grid((16, 40), size=16, halo=8, stride=8)][1]
    (slice(0, 16, None), slice(8, 40, None))
    """
    if halo % stride:
        raise ValueError(f"the halo of {halo} is no multiple of the stride of {stride}")
    step = max(stride, -(-size // stride) * stride)
    rows, columns = shape
    for top in range(0, rows, step):
        for left in range(0, columns, step):
            bottom, right = min(top + step, rows), min(left + step, columns)
            yield Tile(
                core=(slice(top, bottom), slice(left, right)),
                window=(
                    slice(max(0, top - halo), min(rows, bottom + halo)),
                    slice(max(0, left - halo), min(columns, right + halo)),
                ),
            )


def is_tileable(network: nn.Module) -> bool:
    """Whether tiles give the whole image's result.

    They do where the network tells its `halo` and `stride` (see `tile_grid`) and no layer takes statistics over the
    image.
    """
    told = hasattr(network, "halo") and hasattr(network, "stride")
    return told and not any(isinstance(module, nn.GroupNorm | nn.InstanceNorm2d) for module in network.modules())


def run_network(
    run: Runner, network: nn.Module, image: NDArray[np.float32], *, size: int = TILE
) -> NDArray[np.float32]:
    """Run `network`, by way of `run`, over (C, Y, X): in tiles where that changes nothing, else whole."""
    if not is_tileable(network):
        return run(image)
    return run_in_tiles(run, image, size=size, halo=int(network.halo), stride=int(network.stride))  # type: ignore[arg-type]


def run_in_tiles(run: Runner, image: NDArray[np.float32], *, size: int, halo: int, stride: int) -> NDArray[np.float32]:
    """Run the network tile by tile and put the cores together.

    Equal to ``run(image)`` up to rounding for every `size`, provided `halo` covers the network's receptive field
    and none of its layers takes statistics over the image.

    Parameters
    ----------
    run
        The network.
    image
        Pixels (C, Y, X), normalised by the statistics of the whole image.
    size, halo, stride
        As in `tile_grid`.

    Returns
    -------
    (K, Y, X) array
    """
    rows, columns = image.shape[-2:]
    if rows <= size and columns <= size:
        return run(image)
    output: NDArray[Any] | None = None
    for tile in tile_grid((rows, columns), size, halo, stride):
        piece = run(np.ascontiguousarray(image[(slice(None), *tile.window)]))
        if output is None:
            output = np.empty((piece.shape[0], rows, columns), np.float32)
        output[(slice(None), *tile.core)] = piece[(slice(None), *tile.core_in_window)]
    assert output is not None  # an image has at least one tile
    return output
