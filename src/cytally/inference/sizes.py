"""Which sizes of pictures a network takes without deciding anything by them: what may be traced once, for all sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from cytally.inference.tiles import Runner
from cytally.networks.efficient_cell_seg import STRIDE, EfficientCellSeg, MaskAndCentres

TRACED = 64
"""Least side in pixels of the picture that a network is traced with."""


@dataclass(frozen=True)
class Sizes:
    """Sides that are multiples of `multiple` and at least `least`.

    A network that pads its pictures by repeating the last row and column pads none of these; so pictures may be padded
    for it, and what it decides when it is traced with one of these sizes holds for the others.
    """

    multiple: int
    least: int = 1

    @property
    def traced(self) -> int:
        """Side of a picture to trace the network with."""
        return self.fitting(max(TRACED, 4 * self.multiple))

    def fitting(self, side: int) -> int:
        """The nearest side that is no smaller."""
        return -(-max(side, self.least) // self.multiple) * self.multiple

    def run(self, run: Runner, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run a network on a picture (C, Y, X) whose last rows and columns are repeated to fit; cut what comes out.

        Examples
        --------
        >>> Sizes(4).run(lambda picture: picture + picture.shape[2], np.zeros((1, 3, 5), np.float32)).tolist()[0][0]
        [8.0, 8.0, 8.0, 8.0, 8.0]
        """
        picture = np.ascontiguousarray(image, np.float32)
        rows, columns = picture.shape[-2:]
        bottom, right = self.fitting(rows) - rows, self.fitting(columns) - columns
        if bottom or right:
            picture = np.pad(picture, ((0, 0), (0, bottom), (0, right)), mode="edge")
        output: NDArray[np.float32] = run(picture)[..., :rows, :columns]
        return output


def sizes_of(network: nn.Module) -> Sizes | None:
    """The sizes that a network takes alike; None where it does not tell, as where it takes one size alone.

    Examples
    --------
    >>> sizes_of(nn.Conv2d(1, 1, 3)) is None
    True
    """
    if isinstance(network, MaskAndCentres):
        return sizes_of(network.mask)  # both are built alike
    if isinstance(network, EfficientCellSeg):
        return Sizes(1) if network.side is not None else Sizes(STRIDE, 2 * STRIDE)
    stride = getattr(network, "stride", None)
    return Sizes(stride, stride) if isinstance(stride, int) else None
