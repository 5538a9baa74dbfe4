"""What lies beneath the nuclei: uneven light, haze, the camera's offset."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cytally.images.scale import shrink

Pixels = NDArray[np.float32]

CLEARANCE = 4.0
"""Background is looked for in a square of this many nucleus diameters around each pixel."""

GRAIN = 6.0
"""It is looked for in squares of pixels whose side is a nucleus diameter divided by this."""


def subtract_background(plane: NDArray[np.floating[Any]], diameter: float) -> Pixels:
    """The image without what is wider than `CLEARANCE` nuclei: its morphological opening, smoothed.

    An opening of the image's coarse means by a square: the darkest place near each pixel, and of those the brightest
    near each. It follows uneven light from below, and does not follow nuclei unless they fill a whole square.
    Where there is noise it lies somewhat below the background's mean.

    Parameters
    ----------
    plane
        Pixels (Y, X).
    diameter
        Of a typical nucleus, in pixels.

    References
    ----------
    Sternberg 1983, "Biomedical image processing", has the same with a ball.

    Examples
    --------
    >>> slope = np.arange(40.0) * np.ones((40, 1))
    >>> slope[18:22, 18:22] += 100
    >>> level = subtract_background(slope, 4)
    >>> bool(90 < level[20, 20] <= 110), bool(abs(level[5, 20]) < 8)
    (True, True)
    """
    step = max(1, min(int(diameter / GRAIN), *plane.shape))
    coarse = ndimage.gaussian_filter(shrink(np.asarray(plane, np.float32), step), 1)
    side = max(3, int(CLEARANCE * diameter / step) | 1)
    floor = ndimage.maximum_filter(ndimage.minimum_filter(coarse, side), side)
    return np.asarray(plane - enlarge(ndimage.gaussian_filter(floor, side / 4), plane.shape, step), np.float32)


def enlarge(coarse: NDArray[np.floating[Any]], shape: tuple[int, ...], step: int) -> Pixels:
    """`cytally.images.scale.shrink` undone: linear between the middles of the squares, constant beyond them."""
    result: NDArray[Any] = coarse
    for axis, side in enumerate(shape):
        places = ((np.arange(side) + 0.5) / step - 0.5).clip(0, coarse.shape[axis] - 1)
        low = places.astype(int).clip(0, max(coarse.shape[axis] - 2, 0))
        share = np.expand_dims((places - low).astype(np.float32), 1 - axis)
        high = np.minimum(low + 1, coarse.shape[axis] - 1)
        first = result.take(low, axis)
        result = first + (result.take(high, axis) - first) * share
    return np.asarray(result, np.float32)
