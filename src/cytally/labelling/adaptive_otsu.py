"""Foreground by an adaptive threshold, as CellProfiler's module *Threshold* defines it with Otsu's method, two classes.

The image is divided into blocks, each has its own Otsu threshold, a cubic spline through the blocks' middles gives
every pixel one, and none may lie far from the threshold of the whole image. The image is smoothed before it is
compared. CellProfiler: McQuin et al. 2018, PLoS Biology 16, e2005970; Otsu 1979, IEEE Trans. SMC 9, 62-66.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import RectBivariateSpline
from skimage.filters import threshold_otsu

Floats = NDArray[np.float64]

LEAST, MOST = 0.7, 1.5
"""A pixel's threshold lies between these times the whole image's."""

QUARTILE = 0.6744
"""Half of a normal distribution lies within so many standard deviations, by CellProfiler's figure."""


@dataclass(frozen=True)
class ThresholdSettings:
    """How foreground is told from background.

    Parameters
    ----------
    window
        Side of the blocks in pixels; blocks are as wide as makes a whole number of them.
    lowest, highest
        Bounds of the threshold, on an image of 0 to 1.
    smoothing_scale
        Diameter in pixels within which half of a smoothed pixel comes from; 0 smooths nothing. 1.3488 is a Gaussian
        of one pixel.
    correction
        What thresholds are multiplied by.
    """

    window: int = 20
    lowest: float = 0.05
    highest: float = 1.0
    smoothing_scale: float = 1.3488
    correction: float = 1.0


def foreground(image: Floats, settings: ThresholdSettings | None = None) -> NDArray[np.bool_]:
    """Pixels whose smoothed value reaches the adaptive threshold.

    Parameters
    ----------
    image
        (Y, X), values from 0 to 1.
    settings
        See `ThresholdSettings`.

    Returns
    -------
    ndarray
        (Y, X) of bool. An image of one value has no foreground; in CellProfiler all of it is, which the bounds on
        diameter then discard.

    Examples
    --------
    >>> image = np.zeros((40, 40))
    >>> image[10:20, 10:20] = 1
    >>> int(foreground(image).sum())  # Otsu's threshold of two values is the lower: all that smoothing brightens
    176
    """
    settings = settings or ThresholdSettings()
    if image.size == 0 or image.min() == image.max():
        return np.zeros(image.shape, bool)
    reached: NDArray[np.bool_] = smoothed(image, settings.smoothing_scale) >= adaptive_threshold(image, settings)
    return reached


def smoothed(image: Floats, scale: float) -> Floats:
    """Gaussian of standard deviation ``scale / 0.6744 / 2``, unaware of what lies beyond the image's edges.

    Zeros are taken to lie there, and the weight that fell on them is divided out.

    Examples
    --------
    >>> bool(np.allclose(smoothed(np.full((3, 3), 0.5), 1.3488), 0.5))
    True
    """
    if scale == 0:
        return image
    sigma = scale / QUARTILE / 2
    weights = ndimage.gaussian_filter(np.ones(image.shape), sigma, mode="constant")
    return np.asarray(ndimage.gaussian_filter(image.astype(np.float64), sigma, mode="constant") / weights)


def adaptive_threshold(image: Floats, settings: ThresholdSettings | None = None) -> Floats:
    """Threshold (Y, X) of every pixel.

    The blocks' thresholds, interpolated and multiplied by the correction, are kept between 0.7 and 1.5 times the
    whole image's threshold and, above all, between the bounds. In CellProfiler an image that is not twice as long as
    the window both ways is an error; here the whole image's threshold holds for all of it.
    """
    settings = settings or ThresholdSettings()
    lowest, highest = settings.lowest, settings.highest
    whole = float(np.clip(otsu(image) * settings.correction, lowest, highest))
    if min(image.shape) < 2 * settings.window:
        return np.full(image.shape, whole)
    local = interpolated(block_thresholds(image, settings.window), image.shape) * settings.correction
    least, most = max(lowest, LEAST * whole), min(highest, MOST * whole)
    return np.minimum(np.maximum(local, least), most)


def otsu(values: NDArray[Any]) -> float:
    """Otsu's threshold: what divides the values into two classes whose means lie furthest apart, weighted by size.

    Values are put in 256 bins over their range, and the threshold is the middle of the last bin of the lower class.

    Examples
    --------
    >>> otsu(np.full(4, 0.3))
    0.3
    """
    return float(threshold_otsu(values))  # type: ignore[no-untyped-call]


def block_thresholds(image: Floats, window: int) -> Floats:
    """Otsu's threshold of each block (rows of blocks, columns of blocks).

    There are ``length // window`` blocks along an axis, so that their side is `window` or a little more, not always
    a whole number: block i begins at pixel ``floor(i * side)``.

    Examples
    --------
    >>> image = np.full((4, 5), 0.25)
    >>> image[:2, 2:] = 0.75
    >>> block_thresholds(image, 2).tolist()
    [[0.25, 0.75], [0.25, 0.25]]
    """
    rows, columns = (_edges(length, window) for length in image.shape)
    return np.array(
        [[otsu(image[top:bottom, left:right]) for left, right in pairwise(columns)] for top, bottom in pairwise(rows)]
    )


def _edges(length: int, window: int) -> list[int]:
    blocks = length // window
    return [int(place * (length / blocks)) for place in range(blocks + 1)]


def interpolated(thresholds: Floats, shape: tuple[int, ...]) -> Floats:
    """Spline through the blocks' middles, read off in the middle of every pixel (Y, X).

    The spline is cubic, of lower order where there are fewer than four blocks along an axis, and goes on towards the
    edges of the image beyond the outermost middles.
    """
    order = min(3, min(thresholds.shape) - 1)
    height, width = shape
    rows, columns = (_middles(blocks, length) for blocks, length in zip(thresholds.shape, shape, strict=True))
    bounds = [0.5, height - 0.5, 0.5, width - 0.5]
    spline = RectBivariateSpline(rows, columns, thresholds, bbox=bounds, kx=order, ky=order, s=0)
    return np.asarray(spline(np.arange(height) + 0.5, np.arange(width) + 0.5), np.float64)


def _middles(blocks: int, length: int) -> Floats:
    """Where along an axis the blocks' thresholds hold; the outermost are rounded down to pixels, as in the original."""
    side = length / blocks
    return np.linspace(int(side / 2), int((blocks - 0.5) * side), blocks)
