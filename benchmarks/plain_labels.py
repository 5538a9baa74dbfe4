"""What labelling is compared with: nuclei by a Gaussian, one threshold and a watershed, with fixed settings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

from cytally.labelling.labelled import Labelled

SIGMA, SEPARATION, LEAST_AREA = 1.0, 7, 16
"""Gaussian's standard deviation, least distance between two middles in pixels, least pixels of an object: the best of
six on the very images that it is measured on (1 or 2 by 5, 7 or 10), which is in its favour."""


def label_plainly(image: NDArray[Any]) -> Labelled:
    """Label the nuclei in an image (Y, X): Gaussian, Otsu's threshold of the whole image, watershed on the distance.

    Every image is taken as it comes, so none is refused.

    Examples
    --------
    >>> y, x = np.mgrid[:40, :60]
    >>> two = np.minimum(np.hypot(y - 20, x - 20), np.hypot(y - 20, x - 37)) < 10
    >>> label_plainly(200 * two).objects, label_plainly(np.zeros((9, 9))).objects
    (2, 0)
    """
    smooth = ndimage.gaussian_filter(image.astype(np.float32), SIGMA)
    if smooth.min() == smooth.max():
        return Labelled(np.zeros(image.shape, np.uint16))
    mask = ndimage.binary_fill_holes(smooth > threshold_otsu(smooth))
    distance = ndimage.distance_transform_edt(mask)
    regions, _ = ndimage.label(mask)
    middles = peak_local_max(distance, min_distance=SEPARATION, labels=regions, exclude_border=False)
    markers = np.zeros(image.shape, np.int32)
    markers[tuple(middles.T)] = np.arange(1, len(middles) + 1)
    parts = watershed(-distance, markers, mask=mask)
    large = np.bincount(parts.ravel()) >= LEAST_AREA
    large[0] = False
    return Labelled(np.where(large, large.cumsum(), 0)[parts].astype(np.uint16))
