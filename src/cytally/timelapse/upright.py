"""Turning chambers upright: by how much straight walls are tilted, and frames turned by that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]

SMOOTHING = 1.0  # Gaussian sigma of the gradient, px
STRONG = 0.15  # share of the pixels whose gradients are looked at
CLIPPED = 0.97  # quantile of their strengths above which all weigh alike
COARSE, FINE = 0.25, 0.05  # steps of angle, degrees
HEIGHT = 0.7  # of a peak, above which its middle is taken
ASIDE = 2.0  # degrees around the best angle that tell nothing about chance
USUAL, SELDOM = 1.5, 1.35  # factors by which it must exceed the median and the 99th percentile of all other angles


def estimate_tilt(frames: Sequence[NDArray[Any]], largest: float = 15.0) -> float | None:
    """By how many degrees straight walls are tilted.

    Parameters
    ----------
    frames
        (Y, X) each, the first ones of a time-lapse; between them the camera may have shifted.
    largest
        Tilts up to so many degrees, either way, are looked for.

    Returns
    -------
    float or None
        Degrees by which a chamber whose walls are parallel to the borders was turned, from x towards y (clockwise as
        images are shown); None where no straight walls are seen.

    Notes
    -----
    Gradients are added up along lines: over a straight wall that is parallel to the lines they add up, over all else
    they cancel. The tilt is the angle at which the sums, over lines along and across, have the largest power.
    """
    edges = [found for found in (_edges(np.asarray(frame, dtype=np.float32)) for frame in frames) if found is not None]
    if not edges:
        return None
    angles = np.arange(-largest, largest + COARSE / 2, COARSE)
    power = _power(edges, angles)
    best = int(power.argmax())
    aside = power[np.abs(angles - angles[best]) > ASIDE]
    if not len(aside):
        raise ValueError(f"tilts up to {largest:g} degrees leave nothing to compare with; look for larger ones")
    usual, seldom = float(np.median(aside)), float(np.percentile(aside, 99))
    if power[best] < USUAL * usual or power[best] < SELDOM * seldom:
        return None
    # The middle of the peak, which has several tops where walls are thick or not quite parallel.
    high = power >= usual + HEIGHT * (power[best] - usual)
    low, top = best, best
    while low > 0 and high[low - 1]:
        low -= 1
    while top < len(high) - 1 and high[top + 1]:
        top += 1
    near = np.arange(angles[low] - COARSE, angles[top] + COARSE + FINE / 2, FINE)
    power = _power(edges, near)
    weight = np.maximum(power - (usual + HEIGHT * (power.max() - usual)), 0)
    return float((weight * near).sum() / weight.sum())


def turned(frame: NDArray[Any], tilt: float) -> NDArray[Any]:
    """The frame turned back about its middle by a tilt (degrees), so that walls are parallel to its borders.

    Parameters
    ----------
    frame
        (Y, X).
    tilt
        As `estimate_tilt` finds it.

    Returns
    -------
    array
        Of the same shape, and the same type if that is whole numbers, else float32; linear between pixels. Corners
        that the frame did not show repeat its border.
    """
    frame = np.asarray(frame)
    if tilt == 0:
        return frame
    cos, sin = np.cos(np.deg2rad(tilt)), np.sin(np.deg2rad(tilt))
    matrix = np.array([[cos, sin], [-sin, cos]])  # of y, x: a place in the upright frame to where it was seen
    middle = (np.array(frame.shape) - 1) / 2
    output = ndimage.affine_transform(
        frame.astype(np.float32), matrix, middle - matrix @ middle, order=1, mode="nearest"
    )
    if np.issubdtype(frame.dtype, np.integer):
        limits = np.iinfo(frame.dtype)
        return np.clip(np.rint(output.astype(np.float64)), limits.min, limits.max).astype(frame.dtype)
    return np.asarray(output)


def _edges(image: NDArray[np.float32]) -> tuple[Floats, Floats] | None:
    """Places (N, 2), from the middle, and gradients (N, 2), y and x, of the pixels where light changes most."""
    if min(image.shape) < 16:
        return None
    gradient = np.stack([ndimage.gaussian_filter(image, SMOOTHING, order=order) for order in ((1, 0), (0, 1))])
    # At the border there is no gradient across it.
    gradient = gradient[:, 3:-3, 3:-3]
    size = np.hypot(gradient[0], gradient[1])
    strong = size >= np.quantile(size, 1 - STRONG)
    most = float(np.quantile(size, CLIPPED))
    if most <= 0:
        return None
    clipped = gradient[:, strong] * np.minimum(1, most / np.maximum(size[strong], 1e-12)) / most
    places = np.argwhere(strong) - (np.array(size.shape) - 1) / 2
    return places, np.asarray(clipped.T, dtype=np.float64)


def _power(edges: Sequence[tuple[Floats, Floats]], angles: Floats) -> Floats:
    """Power (A,) of the sums of gradients along lines and across, over that of gradients, at angles in degrees."""
    power = np.zeros(len(angles))
    chance = sum(float((gradient**2).sum()) for _, gradient in edges)
    for places, gradient in edges:
        length = 2 * int(np.ceil(np.abs(places).sum(axis=1).max())) + 4
        for number, angle in enumerate(np.deg2rad(angles)):
            for normal in ((np.sin(angle), np.cos(angle)), (np.cos(angle), -np.sin(angle))):
                line = places @ normal + length / 2
                low = np.floor(line).astype(np.intp)
                part, light = line - low, gradient @ normal
                sums = np.bincount(low, light * (1 - part), length) + np.bincount(low + 1, light * part, length)
                power[number] += float((sums**2).sum())
    return power / chance
