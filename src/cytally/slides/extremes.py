"""Where on a slide cells are densest, and where there are fewest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FILLED = 0.8
"""Share of a window that must have been counted in."""

Window = tuple[slice, slice]


@dataclass(frozen=True)
class Extremes:
    """The densest and the sparsest window, in pixels of the map, and cells per pixel counted in of each (never below
    0)."""

    densest: Window
    sparsest: Window
    most: float
    least: float


def extreme_windows(cells: NDArray[np.floating], area: NDArray[np.floating], side: int) -> Extremes | None:
    """The window with the most cells per area, and the one with the fewest.

    Parameters
    ----------
    cells
        Cells in each pixel (Y, X) of a map. What a network makes of an empty place may be a little below 0; a window
        that sums to less than nothing has no cells.
    area
        What share of each pixel was counted in, from 0 to 1.
    side
        Side of the windows in pixels. Windows lie within the map, and are for the most part counted in; in a slide too
        thin for that, those that are filled best.

    Returns
    -------
    Extremes or None
        None where nothing was counted in.

    Examples
    --------
    >>> found = extreme_windows(np.array([[1.0, 0, 3, 1]]), np.ones((1, 4)), side=2)
    >>> found.densest[1], found.most, found.sparsest[1], found.least
    (slice(2, 4, None), 2.0, slice(0, 2, None), 0.5)
    """
    height, width = (min(side, length) for length in cells.shape)
    held, counted = (_sums(values, height, width) for values in (cells, area))
    if not counted.max(initial=0) > 0:
        return None
    enough = counted >= min(FILLED * height * width, counted.max())
    dense = np.where(enough, held / np.maximum(counted, 1e-9), np.nan)
    places = [np.unravel_index(int(find(dense)), dense.shape) for find in (np.nanargmax, np.nanargmin)]
    (top, left), (bottom, right) = ((int(y), int(x)) for y, x in places)
    return Extremes(
        (slice(top, top + height), slice(left, left + width)),
        (slice(bottom, bottom + height), slice(right, right + width)),
        max(0.0, float(dense[top, left])),
        max(0.0, float(dense[bottom, right])),
    )


def _sums(values: NDArray[np.floating], height: int, width: int) -> NDArray[np.float64]:
    """The sum of every window, by its top-left corner."""
    total = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
    np.cumsum(np.cumsum(values, axis=0, dtype=np.float64), axis=1, out=total[1:, 1:])
    sums: NDArray[np.float64] = (
        total[height:, width:] - total[:-height, width:] - total[height:, :-width] + total[:-height, :-width]
    )
    return sums
