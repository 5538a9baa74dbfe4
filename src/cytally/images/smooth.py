"""Gaussian filters, many times faster than SciPy's."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Float = TypeVar("Float", np.float32, np.float64)


def gaussian(plane: NDArray[Float], sigma: float, *, truncate: float = 4.0) -> NDArray[Float]:
    """Smooth a plane (Y, X) by a Gaussian; beyond the edges it is mirrored.

    `scipy.ndimage.gaussian_filter` but for rounding, in the number type of the plane throughout.

    Parameters
    ----------
    plane
        float32 or float64, which the result is in as well.
    sigma
        Standard deviation in pixels.
    truncate
        Standard deviations at which the Gaussian ends.
    """
    side = 2 * int(truncate * sigma + 0.5) + 1
    smooth = cv2.GaussianBlur(plane, (side, side), sigma, borderType=cv2.BORDER_REFLECT)
    return np.asarray(smooth, plane.dtype).reshape(plane.shape)


def gaussian_in_pairs(plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """As `gaussian`, but what mirrors something else, left to right or upside down, comes out equal to the last digit.

    The filter along columns adds up pairs at equal distances, which that along rows does not: the plane is turned.
    """
    side = 2 * int(4 * sigma + 0.5) + 1
    weights, itself = cv2.getGaussianKernel(side, sigma, cv2.CV_32F), np.ones(1, np.float32)
    for shape in (plane.shape[::-1], plane.shape):
        smooth = cv2.sepFilter2D(plane, -1, itself, weights, borderType=cv2.BORDER_REFLECT)
        plane = np.asarray(cv2.transpose(smooth.reshape(shape[::-1])), np.float32).reshape(shape)
    return plane
