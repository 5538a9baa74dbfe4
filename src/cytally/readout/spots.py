"""A heat map of centres: a spot around each."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def centre_spots(centres: NDArray[np.float64], shape: tuple[int, int], sigma: float) -> NDArray[np.float32]:
    """Draw a Gaussian of height 1 around every centre; where spots overlap, the higher value counts.

    Parameters
    ----------
    centres
        (N, 2), y and x in pixels.
    shape
        Rows and columns of the map.
    sigma
        Standard deviation in pixels. Three of them away a spot ends.

    Examples
    --------
    >>> centre_spots(np.array([[0.0, 1.0]]), (1, 4), sigma=1.0).round(2).tolist()
    [[0.6100000143051147, 1.0, 0.6100000143051147, 0.14000000059604645]]
    """
    spots = np.zeros(shape, np.float32)
    reach = math.ceil(3 * sigma)
    for centre in centres:
        rows, columns = (
            np.arange(max(0, round(at) - reach), min(length, round(at) + reach + 1))
            for at, length in zip(centre, shape, strict=True)
        )
        spot = np.exp(-((rows[:, None] - centre[0]) ** 2 + (columns - centre[1]) ** 2) / (2 * sigma**2))
        part = np.ix_(rows, columns)
        spots[part] = np.maximum(spots[part], spot)
    return spots
