"""Regions of a picture to label in place of the whole: those on which the answers differ most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cytally.choosing.disagreement import Map, relative

DIAMETERS = 10
"""Side of a region in diameters of a cell: some dozens of cells where they are dense, so that one is soon labelled."""
LEAST_SIDE = 64
"""Pixels; a smaller crop shows a network too little around its cells."""


@dataclass(frozen=True)
class Box:
    """A rectangle of whole pixels: its first row `y`, its first column `x`, and its size."""

    y: int
    x: int
    height: int
    width: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    def meets(self, other: Box) -> bool:
        """Whether the two share a pixel."""
        apart = self.y + self.height <= other.y or other.y + other.height <= self.y
        return not (apart or self.x + self.width <= other.x or other.x + other.width <= self.x)


def region_side(diameter: float) -> int:
    """Side of a region in pixels, for cells of this diameter.

    Examples
    --------
    >>> region_side(12.0), region_side(3.0)
    (120, 64)
    """
    return max(LEAST_SIDE, round(DIAMETERS * diameter))


def boxes(shape: tuple[int, int], side: int) -> list[Box]:
    """Squares of `side`, cut to the picture, that begin at most half a side apart, row by row."""
    height, width = (min(side, length) for length in shape)
    step = max(1, side // 2)
    return [Box(y, x, height, width) for y in evenly(shape[0], side, step) for x in evenly(shape[1], side, step)]


def most_disputed(mean: Map, variance: Map, side: int, most: int = 1) -> list[tuple[Box, float]]:
    """The regions on which answers differ most, none meeting another, the most disputed first.

    Parameters
    ----------
    mean, variance
        Maps (Y, X) as in `cytally.choosing.disagreement.Disagreement`.
    side
        Of a region, in pixels.
    most
        How many regions at most.

    Returns
    -------
    list of (Box, float)
        Each with its disagreement: the root of its sum of `variance` over that of its count, of at least one cell. Of
        equals the one that lies first.
    """
    shape = (variance.shape[0], variance.shape[1])
    disputes, counts = _sums(variance), _sums(mean)
    found = [(box, relative(_sum(disputes, box), _sum(counts, box))) for box in boxes(shape, side)]
    chosen: list[tuple[Box, float]] = []
    for box, disagreement in sorted(found, key=lambda each: -each[1]):
        if len(chosen) < most and not any(box.meets(other) for other, _ in chosen):
            chosen.append((box, disagreement))
    return chosen


def spread_boxes(shape: tuple[int, int], side: int, most: int) -> list[Box]:
    """At most so many regions, spread over the picture: what a labelled picture is known by."""
    every = [Box(y, x, min(side, shape[0]), min(side, shape[1])) for y, x in _corners(shape, side)]
    if len(every) <= most:
        return every
    return [every[int(place)] for place in np.rint(np.linspace(0, len(every) - 1, most))]


def _corners(shape: tuple[int, int], side: int) -> list[tuple[int, int]]:
    return [(y, x) for y in evenly(shape[0], side, side) for x in evenly(shape[1], side, side)]


def evenly(length: int, side: int, step: int) -> Sequence[int]:
    """Where pieces of `side` begin on a line of `length`, at most `step` apart, the first and the last at its ends.

    Examples
    --------
    >>> evenly(100, 40, 20), evenly(30, 40, 20)
    ([0, 20, 40, 60], [0])
    """
    free = max(0, length - side)
    return [int(start) for start in np.rint(np.linspace(0, free, -(-free // step) + 1 if free else 1))]


def _sums(values: Map) -> NDArray[np.float64]:
    """Sums (Y + 1, X + 1) over all that lies above and to the left."""
    sums = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
    np.cumsum(np.cumsum(values, axis=0, dtype=np.float64), axis=1, out=sums[1:, 1:])
    return sums


def _sum(sums: NDArray[np.float64], box: Box) -> float:
    bottom, right = box.y + box.height, box.x + box.width
    return float(sums[bottom, right] - sums[box.y, right] - sums[bottom, box.x] + sums[box.y, box.x])
