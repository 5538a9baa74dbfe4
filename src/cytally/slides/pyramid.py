"""Which of a file's resolutions are the same picture, smaller, and by how much."""

from __future__ import annotations

from collections.abc import Sequence

from cytally.images.checks import SMALLEST

ROUNDING = 2
"""Pixels by which the sides of a level may differ from those of level 0 divided: each of a row of halvings rounds."""

TOLERANCE = 0.01
"""How far the proportions may differ besides."""

Shape = tuple[int, int]


def find_levels(shapes: Sequence[Shape]) -> list[tuple[int, tuple[float, float]]]:
    """The usable levels of a pyramid.

    Left out are those that are narrower than 8 pixels, not smaller than the one before, or of other proportions than
    level 0, as labels and overviews of the slide's glass are.

    Parameters
    ----------
    shapes
        Rows and columns (Y, X) of each resolution, the largest first.

    Returns
    -------
    list
        For each usable level its number and its downsample: pixels of level 0 per pixel of it, along Y and X.

    Examples
    --------
    >>> find_levels([(1001, 1999), (250, 499), (300, 300), (15, 31), (1, 2)])
    [(0, (1.0, 1.0)), (1, (4.0, 4.0)), (3, (66.73333333333333, 64.48387096774194))]
    """
    found = [(0, (1.0, 1.0))]
    last = shapes[0]
    for number, shape in enumerate(shapes[1:], start=1):
        if min(shape) >= SMALLEST and shape[0] < last[0] and shape[1] < last[1] and _fits(shape, shapes[0]):
            found.append((number, _downsample(shape, shapes[0])))
            last = shape
    return found


def _fits(shape: Shape, largest: Shape) -> bool:
    """Whether the sides of both have the same proportions, up to rounding."""
    y, x = shape[0] * largest[1], shape[1] * largest[0]
    return abs(y - x) <= ROUNDING * sum(largest) + TOLERANCE * max(y, x)


def _downsample(shape: Shape, largest: Shape) -> tuple[float, float]:
    """The whole number by which both sides were divided, where there is one: what does not fill a pixel is cut off."""
    whole = round(largest[0] / shape[0])
    if all(full // whole <= side <= -(-full // whole) for side, full in zip(shape, largest, strict=True)):
        return float(whole), float(whole)
    return largest[0] / shape[0], largest[1] / shape[1]
