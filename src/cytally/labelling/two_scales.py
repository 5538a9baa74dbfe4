"""Which pixels belong to nuclei: a threshold for the whole image, and one for each neighbourhood."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu

from cytally.images.scale import shrink
from cytally.labelling.background import enlarge

Pixels = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

FAINTEST = 0.1
"""Nothing below this, in units of a typical nucleus above background, counts as a nucleus."""

CLEAR = 4.0
"""Nor does anything below this many standard deviations of the background's noise."""

OTSU_SHARE = 0.6
"""The threshold for the whole image is this share of Otsu's, so that dim nuclei beside bright ones are found."""

PEAK_SHARE = 0.5
"""The threshold of a neighbourhood is this share of its nuclei's brightness: where blur leaves an edge, its middle."""

NEIGHBOURHOOD = 1.0
"""Standard deviation, in nucleus diameters, of the Gaussian that weights a neighbourhood."""


def nucleus_mask(smooth: Pixels, diameter: float) -> Mask:
    """Pixels that are bright for the image and bright for their neighbourhood; holes filled, threads cut.

    The first, low threshold says what is no background; the second, half of the mean brightness of such pixels
    nearby, trims haze and flare from bright nuclei and leaves dim ones whole.

    Parameters
    ----------
    smooth
        Pixels (Y, X), smoothed a little; background 0, a typical nucleus about 1.
    diameter
        Of a typical nucleus, in pixels.
    """
    top = smooth.clip(0, 2)
    below = -smooth[smooth < 0]
    noise = 1.4826 * float(np.median(below)) if below.size else 0.0
    lowest = max(FAINTEST, CLEAR * noise, OTSU_SHARE * float(threshold_otsu(top)))  # type: ignore[no-untyped-call]
    bright = smooth > lowest
    near = local_brightness(smooth, bright, diameter)
    filled = ndimage.binary_fill_holes(bright & (smooth > PEAK_SHARE * near))
    mask: Mask = ndimage.binary_opening(filled)
    return mask


def local_brightness(smooth: Pixels, bright: Mask, diameter: float) -> Pixels:
    """Mean of the `bright` pixels near each pixel, weighted by a Gaussian of `NEIGHBOURHOOD` diameters."""
    step = max(1, min(int(diameter / 4), *smooth.shape))
    width = NEIGHBOURHOOD * diameter / step
    weight = ndimage.gaussian_filter(shrink(bright.astype(np.float32), step), width)
    total = ndimage.gaussian_filter(shrink(smooth * bright, step), width)
    return enlarge(total / np.maximum(weight, np.float32(1e-6)), smooth.shape, step)
