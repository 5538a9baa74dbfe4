"""Where the cells are in a density map: its peaks."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

LEAST_SCORE = 0.25


def density_peaks(density: NDArray[np.floating[Any]], sigma: float) -> NDArray[np.float64]:
    """Find the local maxima of a density map that is a sum of unit Gaussians.

    Parameters
    ----------
    density
        Density map (Y, X), cells per pixel.
    sigma
        Standard deviation of the Gaussians in pixels.

    Returns
    -------
    (N, 3) array
        y, x and a score: the peak's height over that of one undisturbed Gaussian, 1 / (2 π σ²), at most 1.
        The highest come first. Peaks that score under 0.25 are noise and left out. The number of peaks need not equal
        the map's sum: cells closer than about 2 σ share a peak, and the sum is the better count.

    Examples
    --------
    >>> density_peaks(np.zeros((8, 8)), sigma=2.0).shape
    (0, 3)
    """
    unit = 1 / (2 * math.pi * sigma**2)
    reach = max(1, round(sigma / 2))
    tops = density > LEAST_SCORE * unit
    if density.size > 1:  # else there is nothing around to be higher
        tops &= (density == largest_nearby(density, 2 * reach + 1)) & (density.min() < density.max())
    places = np.argwhere(tops)
    places = apart(places[np.argsort(-density[tops], kind="stable")], reach)
    scores = np.minimum(density[places[:, 0], places[:, 1]] / unit, 1.0)
    return np.column_stack([places, scores]).astype(np.float64).reshape(-1, 3)


def largest_nearby(values: NDArray[np.floating[Any]], size: int) -> NDArray[np.floating[Any]]:
    """The largest value in the square of `size` pixels a side (odd) around each pixel (Y, X), as far as it reaches.

    Examples
    --------
    >>> largest_nearby(np.array([[1.0, 0.0, 0.0, 5.0]]), 3).tolist()
    [[1.0, 1.0, 5.0, 5.0]]
    """
    largest = cv2.dilate(values, np.ones((size, size), np.uint8))
    return np.asarray(largest, values.dtype).reshape(values.shape)  # of a single row or column it makes one axis


def apart(places: NDArray[np.intp], spacing: int) -> NDArray[np.intp]:
    """Those of the places (N, 2), the best first, that are `spacing` or more from every better one along an axis."""
    if spacing <= 1 or len(places) < 2:
        return places
    keep = np.ones(len(places), bool)
    for better, other in sorted(KDTree(places).query_pairs(spacing - 0.5, p=np.inf)):
        keep[other] &= not keep[better]
    return places[keep]
