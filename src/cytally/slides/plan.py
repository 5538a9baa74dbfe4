"""How a slide is cut: regions of its own pixels, each with the window of the network's pixels that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from cytally.slides.axis import Axis

Window = tuple[slice, slice]

CHUNK = 1024
"""Side of a chunk of the density map, in pixels: what a viewer loads at once."""
GRAIN = 256
"""Regions are a multiple of this many pixels wide, so that chunks and the pyramid's levels never cross their edges."""


@dataclass(frozen=True)
class Region:
    """A rectangle of the slide's own pixels, in `row` and `column` of the plan."""

    row: int
    column: int
    rows: slice
    columns: slice

    @property
    def key(self) -> str:
        """Its name in files."""
        return f"{self.row:04d}_{self.column:04d}"


@dataclass(frozen=True)
class Plan:
    """The cut of one slide.

    Regions touch and never overlap. What decides on a region's count is its own pixels alone, so that the sum does not
    depend on how the slide is cut.

    Parameters
    ----------
    shape
        (Y, X) of the slide's level 0.
    inner
        (Y, X) of the picture that the network sees.
    side
        Side of a region in pixels of level 0, a multiple of `GRAIN`.
    halo
        Pixels around a region that can reach it through the network, and that tell a peak in it from a slope.
    stride
        Windows begin at multiples of it, so that the network samples the pixels that it would sample of the whole.

    Examples
    --------
    >>> plan = Plan(shape=(3000, 2000), inner=(750, 500), side=1024, halo=80, stride=8)
    >>> [(region.key, region.rows.stop) for region in plan.regions[::2]]
    [('0000_0000', 1024), ('0001_0000', 2048), ('0002_0000', 3000)]
    >>> plan.window, plan.window_of(plan.regions[-1])
    ((416, 408), (slice(336, 752, None), slice(96, 504, None)))
    """

    shape: tuple[int, int]
    inner: tuple[int, int]
    side: int
    halo: int
    stride: int

    @cached_property
    def axes(self) -> tuple[Axis, Axis]:
        """Rows and columns in both sizes."""
        return Axis(self.shape[0], self.inner[0]), Axis(self.shape[1], self.inner[1])

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """All regions, row by row."""
        return tuple(
            Region(
                row,
                column,
                slice(top, min(top + self.side, self.shape[0])),
                slice(left, min(left + self.side, self.shape[1])),
            )
            for row, top in enumerate(range(0, self.shape[0], self.side))
            for column, left in enumerate(range(0, self.shape[1], self.side))
        )

    @cached_property
    def window(self) -> tuple[int, int]:
        """(Y, X) of every window: one shape for all regions, for which a back end prepares the network once."""
        return tuple(self._longest(axis) for axis in self.axes)  # type: ignore[return-value]  # there are two

    def inside(self, region: Region) -> Window:
        """Pixels of the network's map that have a part in a region."""
        rows, columns = self.axes
        return (
            rows.inside(region.rows.start, region.rows.stop),
            columns.inside(region.columns.start, region.columns.stop),
        )

    def window_of(self, region: Region) -> Window:
        """What the network has to see for a region; may end beyond the picture by less than a stride."""
        inside = self.inside(region)
        return tuple(  # type: ignore[return-value]  # there are two
            self._placed(axis, part, length) for axis, part, length in zip(self.axes, inside, self.window, strict=True)
        )

    def _padded(self, axis: Axis) -> int:
        return -(-axis.inner // self.stride) * self.stride

    def _longest(self, axis: Axis) -> int:
        widest = max(
            self._reach(axis, axis.inside(start, min(start + self.side, axis.own)))
            for start in range(0, axis.own, self.side)
        )
        return min(widest, self._padded(axis))

    def _reach(self, axis: Axis, inside: slice) -> int:
        first = max(0, (inside.start - self.halo) // self.stride * self.stride)
        length: int = -(-(inside.stop + self.halo - first) // self.stride) * self.stride
        return length

    def _placed(self, axis: Axis, inside: slice, length: int) -> slice:
        first = max(0, (inside.start - self.halo) // self.stride * self.stride)
        first = max(0, min(first, self._padded(axis) - length))
        return slice(first, first + length)


def largest_side(shape: tuple[int, int], factor: float, tile: int) -> int:
    """Side of the largest region in pixels of level 0, a multiple of `GRAIN`, that is no larger than `tile` of the
    network, but for the smallest that there is, and not larger than the slide needs.

    Examples
    --------
    >>> slide = (30_000, 26_624)
    >>> largest_side(slide, factor=0.25, tile=300), largest_side(slide, 1.0, 100), largest_side((300, 200), 1.0, 9999)
    (1024, 256, 512)
    """
    grains = int(tile / factor * (1 + 1e-9)) // GRAIN
    return GRAIN * max(1, min(grains, -(-max(shape) // GRAIN)))


def best_side(shape: tuple[int, int], factor: float, tile: int, halo: int) -> int:
    """Side of a region in pixels of level 0: at most `tile` of the network, and cut so that little is seen twice.

    Parameters
    ----------
    shape
        (Y, X) of level 0.
    factor
        Pixels of the network per pixel of level 0.
    tile
        Most pixels of the network on a side of a region.
    halo
        Pixels around a region that the network sees besides.

    Examples
    --------
    Twenty regions of 6656 see less than the sixteen that the largest, of 8192, would need:

    >>> best_side((30_000, 26_624), factor=0.125, tile=1024, halo=80), best_side((100, 100), 1.0, 64, 8)
    (6656, 256)
    """
    largest = largest_side(shape, factor, tile) // GRAIN

    def seen(grains: int) -> float:
        side = grains * GRAIN
        number = -(-shape[0] // side) * -(-shape[1] // side)
        return float(number * (side * factor + 2 * halo) ** 2)

    return GRAIN * min(range(max(1, largest // 2), largest + 1), key=seen)
