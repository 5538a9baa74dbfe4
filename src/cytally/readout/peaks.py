"""Where the cells are in a density map: its peaks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.feature import peak_local_max

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
        Peaks that score under 0.25 are noise and left out. The number of peaks need not equal the map's sum:
        cells closer than about 2 σ share a peak, and the sum is the better count.

    Examples
    --------
    >>> density_peaks(np.zeros((8, 8)), sigma=2.0).shape
    (0, 3)
    """
    unit = 1 / (2 * math.pi * sigma**2)
    places = peak_local_max(  # type: ignore[no-untyped-call]
        density,
        min_distance=max(1, round(sigma / 2)),
        threshold_abs=LEAST_SCORE * unit,
        exclude_border=False,
    )
    scores = np.minimum(density[places[:, 0], places[:, 1]] / unit, 1.0)
    return np.column_stack([places, scores]).astype(np.float64).reshape(-1, 3)
