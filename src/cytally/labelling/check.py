"""Whether the nuclei that were found in a field can be trusted: the self-check of both presets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cytally.images.scale import shrink
from cytally.labelling.background import enlarge
from cytally.labelling.first_look import without_hot_pixels

LARGEST_SHARE = 0.5
"""One object that covers more of the image than this is not a nucleus."""

LEAK_SHARE, LEAK_TIMES = 0.15, 12
"""Nor is one that covers more than this share and is this many times as large as the median object."""

FOREGROUND_SHARE = 0.85
"""Objects that together leave less background than this leaves have leaked."""

SATURATED_SHARE = 0.5
"""From this share of the objects' pixels at the image's brightest value on, the stain shows no nuclei any more."""

SATURATED_IMAGE = 0.2
"""The same of the whole image, whatever was found in it."""

LEAST_CONTRAST = 3.5
"""How far nuclei must rise above the background, in units of its spread; what is picked from noise rises by 2 to 3."""


def refusal(image: NDArray[Any], labels: NDArray[np.integer[Any]]) -> str | None:
    """Why nothing should be learnt from the objects found in a field.

    The first of these that holds, as a plain clause with its figure:

    - all pixels have one value, or too many of them have the brightest one (the stain is saturated; drawings may be
      so, see `may_be_saturated`);
    - nothing was found;
    - one object covers most of the image, or far more than the others do; all together leave hardly any background;
    - what was found does not stand out from what surrounds it: see `contrast`.

    Parameters
    ----------
    image
        Pixels (Y, X) of any real type, as the camera gave them.
    labels
        Objects (Y, X), 0 is background.

    Returns
    -------
    The clause, or None where nothing speaks against the field.

    Raises
    ------
    ValueError
        When the two differ in shape.

    Examples
    --------
    >>> refusal(np.full((8, 8), 7), np.zeros((8, 8), int))
    'every pixel has the value 7'
    >>> labels = np.ones((8, 8), int)
    >>> labels[0, :6] = 0
    >>> refusal(np.arange(64).reshape(8, 8), labels)
    'one object covers 91 % of the image'
    """
    if image.shape != labels.shape:
        raise ValueError(f"the image has shape {image.shape}, its labels {labels.shape}")
    if image.size == 0:
        return "the image has no pixel"
    found = labels > 0
    brightest = image.max()
    if image.min() == brightest:
        return f"every pixel has the value {brightest:g}"
    top = (image == brightest) & may_be_saturated(image)
    if top.mean() >= SATURATED_IMAGE:
        return f"the stain is saturated: {top.mean():.0%} of the image has the brightest value".replace("%", " %")
    if not found.any():
        return "no object was found"
    if top[found].mean() >= SATURATED_SHARE:
        share = f"{top[found].mean():.0%}".replace("%", " %")
        return f"the stain is saturated: {share} of the objects' pixels have the brightest value"
    areas = np.bincount(labels.ravel())[1:]
    areas = areas[areas > 0]
    largest, median = areas.max() / image.size, np.median(areas) / image.size
    if largest > LARGEST_SHARE or (largest > LEAK_SHARE and largest > LEAK_TIMES * median):
        return f"one object covers {100 * largest:.0f} % of the image"
    if found.mean() > FOREGROUND_SHARE:
        return f"objects cover {100 * found.mean():.0f} % of the image"
    rise = contrast(image, labels)
    if rise < LEAST_CONTRAST:
        return f"objects rise above the background by only {rise:.1f} times its spread"
    return None


def may_be_saturated(image: NDArray[Any]) -> bool:
    """Whether a camera may have cut the brightest value off: not in a mask, nor in a drawing on flat ground.

    Flat ground with the largest value of a camera or a file above it is a photograph whose offset was taken off.

    Examples
    --------
    >>> drawing = np.array([[0, 0, 0, 200, 90, 200]], np.uint8)
    >>> may_be_saturated(drawing), may_be_saturated(drawing.clip(90)), may_be_saturated(drawing // 200 * 255)
    (False, False, False)
    >>> may_be_saturated(drawing + np.uint8(55)), may_be_saturated(np.array([[3, 5, 4, 200, 90, 200]]))
    (True, True)
    """
    if np.isin(image, (image.min(), image.max())).all():
        return bool((image == image.max()).mean() >= LARGEST_SHARE)  # nobody draws that many objects
    dark, less_dark = np.percentile(image, (5, 40))
    return bool(dark < less_dark) or is_limit(float(image.max()), image.dtype)


def is_limit(value: float, kind: np.dtype[Any]) -> bool:
    """Whether a camera's or a file's brightest value is `value`: 1 of real numbers, else 2ᵏ − 1 from 8 bits on.

    Examples
    --------
    >>> [is_limit(value, np.dtype(np.uint16)) for value in (200, 255, 4095, 65535)]
    [False, True, True, True]
    """
    if np.issubdtype(kind, np.floating) and value == 1:
        return True
    return value >= 255 and value + 1 == 2.0 ** round(math.log2(value + 1))


def contrast(image: NDArray[Any], labels: NDArray[np.integer[Any]]) -> float:
    """How far the objects rise above the background around them, in units of the background's spread.

    The image is smoothed by a Gaussian of a sixth of the median object's diameter D, which leaves little of the
    camera's noise in a nucleus, yet all of the spread among places that were picked because noise happened to be high
    there. The level of the background is the mean of the pixels without object nearby (a Gaussian of 2 D), so that
    uneven light does not matter.

    Parameters
    ----------
    image, labels
        Pixels and objects (Y, X), at least one of each kind of pixel.

    Returns
    -------
    ``median(inside) / s``, both relative to that level, where s is the background's standard deviation, by the median
    of its darker half: haze and missed nuclei brighten the other half.
    """
    found = labels > 0
    areas = np.bincount(labels.ravel())[1:]
    diameter = 2 * float(np.sqrt(np.median(areas[areas > 0]) / np.pi))
    calm = without_hot_pixels(image).astype(np.float32)
    smooth = ndimage.gaussian_filter(calm, diameter / 6, truncate=3)
    smooth -= around(smooth, ~found, 2 * diameter)
    outside = smooth[~found]
    below = -outside[outside < 0]
    spread = 1.4826 * float(np.median(below)) if below.size else 0.0
    rise = float(np.median(smooth[found]))
    return rise / spread if spread > 0 else math.copysign(math.inf, rise) if rise else 0.0


def around(plane: NDArray[np.floating[Any]], mask: NDArray[np.bool_], width: float) -> NDArray[np.float32]:
    """Mean of the pixels (Y, X) in a mask, weighted by a Gaussian of `width` pixels around each; their mean far off."""
    step = max(1, min(int(width / 4), *plane.shape))
    middle = plane[mask].mean()  # small numbers are safer to add up
    share = ndimage.gaussian_filter(shrink(mask.astype(np.float32), step), width / step)
    total = ndimage.gaussian_filter(shrink((plane - middle) * mask, step), width / step)
    near = middle + total / np.maximum(share, np.float32(1e-6))
    return enlarge(near, plane.shape, step)
