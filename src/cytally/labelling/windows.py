"""Cutting a field into windows: the same ones in every channel, since they depend on its size alone."""

from __future__ import annotations

from dataclasses import dataclass

from cytally.errors import UsageError

SIDE = 512
"""Side of a window in pixels."""
NARROWEST = 64
"""What remains at the right and at the bottom is a window of its own from this many pixels on."""


@dataclass(frozen=True)
class Window:
    """A rectangle of an image, in pixels: its top row, its left column, its height and its width."""

    y: int
    x: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """What to index (Y, X) with."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)


def windows(shape: tuple[int, int], side: int = SIDE) -> list[Window]:
    """Cut an image into squares, from the top left, without overlap.

    Parameters
    ----------
    shape
        Height and width in pixels.
    side
        Side of a square in pixels.

    Returns
    -------
    list of Window
        Row by row. What remains at the right and at the bottom is a narrower window, or left out where it is narrower
        than 64 pixels; an image that is itself narrower than that keeps its one row or column of windows.

    Raises
    ------
    UsageError
        When a side is below 1.

    Examples
    --------
    >>> windows((512, 600))
    [Window(y=0, x=0, height=512, width=512), Window(y=0, x=512, height=512, width=88)]
    >>> windows((540, 40))  # 28 rows remain, too few; 40 columns are all there is
    [Window(y=0, x=0, height=512, width=40)]
    """
    if side < 1 or min(shape) < 1:
        raise UsageError(f"an image of {shape} cannot be cut into windows of {side} pixels", cure="give sides above 0")
    rows, columns = (_spans(length, side) for length in shape)
    return [Window(y, x, height, width) for y, height in rows for x, width in columns]


def _spans(length: int, side: int) -> list[tuple[int, int]]:
    """Start and length of each window along one axis."""
    spans = [(start, min(side, length - start)) for start in range(0, length, side)]
    whole_image = len(spans) == 1
    too_narrow = spans[-1][1] < min(side, NARROWEST)
    return spans if whole_image or not too_narrow else spans[:-1]
