"""What is found out about a large picture from windows spread over it, whether it is in memory or on the disk."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.images.scale import estimate_diameter

LARGE = 16_777_216
"""Pixels above which a picture is judged by windows (4096 × 4096)."""

WINDOW, WINDOWS = 256, 64
"""Brightness is judged by so many windows of this side: as many pixels as of a smaller picture."""

WIDE, WIDES = 768, 9
"""The cells' diameter is judged by so many windows of this side, each by itself."""

Window = tuple[slice, slice]
Read = Callable[[Window], NDArray[Any]]
"""Gives the pixels (C, Y, X) of a window."""


def is_large(shape: tuple[int, int]) -> bool:
    """Whether a picture of (Y, X) is judged by windows."""
    return math.prod(shape) > LARGE


def sample_of_large(read: Read, shape: tuple[int, int], inside: NDArray[np.bool_] | None = None) -> NDArray[Any]:
    """Pixels (C, Y, X) that stand for a picture: windows spread evenly over it, below each other.

    Parameters
    ----------
    read
        Gives the pixels of a window.
    shape
        (Y, X) of the picture.
    inside
        A coarse map (y, x) of the whole picture, True where windows may lie; by default everywhere.
    """
    windows = spread_windows(shape, WINDOW, WINDOWS, inside)
    return np.concatenate([read(window) for window in windows], axis=-2)


def diameter_of_large(
    read: Callable[[Window], NDArray[np.float32]], shape: tuple[int, int], inside: NDArray[np.bool_] | None = None
) -> float | None:
    """Typical diameter in pixels of the cells in a large picture: the median over windows, None where none shows any.

    Parameters
    ----------
    read
        Gives the normalised pixels (1, Y, X) of a window.
    shape, inside
        As in `sample_of_large`.
    """
    found = [estimate_diameter(read(window)[0]) for window in spread_windows(shape, WIDE, WIDES, inside)]
    seen = [diameter for diameter in found if diameter is not None]
    return float(np.median(seen)) if seen else None


def spread_windows(
    shape: tuple[int, int], side: int, number: int, inside: NDArray[np.bool_] | None = None
) -> list[Window]:
    """At most `number` different windows of `side` pixels, spread over what is `inside`, row by row.

    The picture is cut into as many equal fields as windows are wanted, into more where `inside` fills but some of them,
    and each field gives one window: around its middle, or what is inside of it and next to that.

    Examples
    --------
    >>> spread_windows((100, 500), 100, 2)
    [(slice(0, 100, None), slice(75, 175, None)), (slice(0, 100, None), slice(325, 425, None))]
    """
    if inside is None or not inside.any():
        inside = np.ones((1, 1), bool)
    middles: list[tuple[float, float]] = []
    for fields in (number << doublings for doublings in range(6)):
        down = max(1, round(math.sqrt(fields * shape[0] / shape[1])))
        middles = _middles(inside, down, -(-fields // down))
        if len(middles) >= number:
            break
    chosen = [middles[place * len(middles) // number] for place in range(number)] if len(middles) > number else middles
    corners = {
        tuple(_start(at * length, side, length) for at, length in zip(one, shape, strict=True)) for one in chosen
    }
    return [
        (slice(top, min(top + side, shape[0])), slice(left, min(left + side, shape[1])))
        for top, left in sorted(corners)
    ]


def _middles(inside: NDArray[np.bool_], down: int, across: int) -> list[tuple[float, float]]:
    """One place for each of the fields, as shares of the picture's sides; none for a field without anything inside."""
    middles = []
    for row in range(down):
        for column in range(across):
            middle = ((row + 0.5) / down, (column + 0.5) / across)
            at = tuple(int(share * length) for share, length in zip(middle, inside.shape, strict=True))
            if inside[at]:
                middles.append(middle)
                continue
            top, bottom = (place * inside.shape[0] // down for place in (row, row + 1))
            left, right = (place * inside.shape[1] // across for place in (column, column + 1))
            there = np.argwhere(inside[top:bottom, left:right])
            if len(there):
                there = there + np.array((top, left))
                nearest = there[np.square(there - np.array(at)).sum(axis=1).argmin()]
                middles.append(tuple(((nearest + 0.5) / inside.shape).tolist()))
    return middles


def _start(middle: float, side: int, length: int) -> int:
    return max(0, min(int(middle - side / 2), length - side))
