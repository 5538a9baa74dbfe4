"""Running a network over a large slice in windows that overlap, whose maps are blended."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cytally.inference.tiles import Runner


def run_in_windows(
    run: Runner, picture: NDArray[np.float32], window: int | None, overlap: float
) -> NDArray[np.float32]:
    """Run a network that looks at a whole picture (as squeeze-and-excitation does) over a larger one.

    Windows lie evenly, the first at the one edge and the last at the other. Where they overlap, each counts the more
    the further a pixel is from its own edge, so that no seam is left.

    Parameters
    ----------
    run
        The network.
    picture
        Pixels (C, Y, X).
    window
        Side of the windows in pixels; None runs the picture whole, as one that is no larger is.
    overlap
        Share of a window that its neighbour shows as well, at the least.

    Returns
    -------
    (K, Y, X) array

    Examples
    --------
    >>> seen = []
    >>> def run(picture):
    ...     seen.append(picture.shape[1:])
    ...     return picture
    >>> picture = np.arange(50, dtype=np.float32).reshape(1, 5, 10)
    >>> bool(np.allclose(run_in_windows(run, picture, 4, 0.25), picture)), len(seen), seen[0]
    (True, 6, (4, 4))
    """
    rows, columns = picture.shape[-2:]
    if window is None or (rows <= window and columns <= window):
        return run(picture)
    height, width = min(rows, window), min(columns, window)
    weight = np.minimum.outer(_distance_to_end(height), _distance_to_end(width)).astype(np.float32)
    total, weights = None, np.zeros((rows, columns), np.float32)
    for top in starts(rows, window, overlap):
        for left in starts(columns, window, overlap):
            place = np.s_[:, top : top + height, left : left + width]
            maps = run(np.ascontiguousarray(picture[place]))
            if total is None:
                total = np.zeros((maps.shape[0], rows, columns), np.float32)
            total[place] += weight * maps
            weights[place[1:]] += weight
    assert total is not None  # there is at least one window
    total /= weights
    return total


def starts(length: int, window: int, overlap: float) -> list[int]:
    """Where windows begin that cover `length` pixels.

    Examples
    --------
    >>> starts(1745, 1024, 0.25), starts(2440, 1024, 0.25), starts(700, 1024, 0.25)
    ([0, 721], [0, 708, 1416], [0])
    """
    if length <= window:
        return [0]
    number = math.ceil((length - overlap * window) / ((1 - overlap) * window))
    return sorted({round(place) for place in np.linspace(0, length - window, max(2, number))})


def _distance_to_end(length: int) -> NDArray[np.float64]:
    """How many pixels each of a row is from the nearer end, itself included."""
    places = np.arange(length)
    return np.minimum(places, length - 1 - places) + 1.0
