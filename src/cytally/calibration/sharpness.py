"""How sharp the edges of cells are, in units that do not depend on brightness, magnification or number of cells."""

from __future__ import annotations

import cv2
import numpy as np

from cytally.calibration.scales import Scales

NEAR = 0.5
"""Diameter, in cell diameters, of the neighbourhood in which an edge's height is looked for."""

CLEAR = 0.4
"""An edge is at least so high, in cells' heights."""

NOISES = 4.0
"""And at least so many times higher than what noise reaches in a neighbourhood, by its standard deviation."""

SHARPEST = 0.4
"""Weight of the 90 % quantile of all places beside the typical edge."""

FEWEST = 12
"""Fewer pixels on edges tell nothing."""


def sharpness(scales: Scales) -> float | None:
    """Slope of edges over their height, times the cell's diameter.

    At each pixel near an edge, the steepest slope of its neighbourhood (half a cell diameter wide) is divided by the
    range of values there, both at the finest scale. A step, seen through that scale's Gaussian of D / 12, has
    12 / √(2π) = 4.8 on its edge; an edge wider than the neighbourhood 2. Being a ratio, it depends neither on
    brightness nor, the scale being that of the cells, on magnification. The typical edge is the median over places
    where the slope is steepest. The 90 % quantile over all places near edges joins in: beside a sharp edge there are
    places whose neighbourhood holds its steepest slope but only half its height, where the ratio is twice as large;
    beside a wide one there are none.

    Returns
    -------
    The sharpness, or None where there is no edge.

    References
    ----------
    Own; the gradient's maximum over the local range is the "edge width" of Marziliano et al. 2002, *A no-reference
    perceptual blur metric*, turned over.
    """
    fine = scales.smooth[0]
    slope = np.hypot(_along(fine, 1), _along(fine, 0))
    side = max(3, int(NEAR * scales.diameter) | 1)
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    height = _least_to_most(fine, near)
    steepest = np.asarray(cv2.dilate(slope, near), np.float32).reshape(slope.shape)
    smoothed = scales.noise * min(1.0, 12 / (2 * np.sqrt(np.pi) * scales.diameter))
    clear = (height > max(CLEAR, NOISES * smoothed)) & scales.within_windows(side // 2 + 1)
    ratio = steepest[clear] * np.float32(scales.diameter) / height[clear]
    peaks = ratio[slope[clear] >= steepest[clear] * np.float32(0.999)]
    if peaks.size < FEWEST:
        return None
    return float(np.median(peaks) + SHARPEST * np.quantile(ratio, 0.9))


def _along(plane: np.ndarray, axis: int) -> np.ndarray:
    """Change from pixel to pixel along an axis of (Y, X), by Sobel's filter."""
    gradient = cv2.Sobel(plane, -1, int(axis == 1), int(axis == 0), scale=1 / 8, borderType=cv2.BORDER_REFLECT)
    return np.asarray(gradient, np.float32).reshape(plane.shape)


def _least_to_most(plane: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Range of the values in the neighbourhood of each pixel (Y, X)."""
    return np.asarray(cv2.dilate(plane, near) - cv2.erode(plane, near), np.float32).reshape(plane.shape)
