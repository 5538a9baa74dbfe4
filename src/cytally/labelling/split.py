"""Touching nuclei taken apart: a watershed on distance and intensity together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from cytally.labelling.join import join_parts

Pixels = NDArray[np.floating[Any]]
Labels = NDArray[np.integer[Any]]

ROUNDING = 0.05
"""Standard deviation, in nucleus diameters, by which the distance to the background is smoothed."""

TEXTURE = 0.07
"""The same for the intensity, so that spots within a nucleus make few hills of their own."""

INTENSITY = 0.5
"""How much the intensity counts beside the distance; both are about 1 in the middle of a typical nucleus."""

SEPARATION = 0.3
"""Hills nearer than half of this, in nucleus diameters along an axis, are one."""


def split_touching(plane: Pixels, mask: NDArray[np.bool_], diameter: float) -> Labels:
    """Number the nuclei of a mask from 1, touching ones apart.

    Every hill of ``distance / (diameter / 2) + INTENSITY × intensity`` is flooded from its top, which cuts too many
    nuclei rather than too few; `join` then puts together what is one nucleus.

    Parameters
    ----------
    plane
        Pixels (Y, X); background 0, a typical nucleus about 1.
    mask
        What belongs to nuclei (Y, X).
    diameter
        Of a typical nucleus, in pixels.

    Returns
    -------
    Labels (Y, X), 0 outside the mask; numbers may be missing.

    Examples
    --------
    >>> y, x = np.mgrid[:20, :36]
    >>> mask = (np.hypot(y - 10, x - 10) < 8) | (np.hypot(y - 10, x - 24) < 8)
    >>> len(np.unique(split_touching(mask.astype(float), mask, 16))) - 1
    2
    """
    if mask.all():
        return np.ones(mask.shape, np.int32)
    distance = ndimage.distance_transform_edt(mask).astype(np.float32)
    height = ndimage.gaussian_filter(distance, max(0.5, ROUNDING * diameter), truncate=3) / (diameter / 2)
    intensity = ndimage.gaussian_filter(plane, max(0.7, TEXTURE * diameter), truncate=3).clip(0, 2)
    height += INTENSITY * intensity
    height[~mask] = 0
    tops = mask & (height == ndimage.maximum_filter(height, max(3, int(SEPARATION * diameter) | 1)))
    seeds = np.zeros(mask.shape, np.int32)
    ndimage.label(tops, np.ones((3, 3), bool), output=seeds)
    parts: Labels = watershed(-height, seeds, mask=mask)  # type: ignore[no-untyped-call]
    return join_parts(parts, intensity, diameter)
