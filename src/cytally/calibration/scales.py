"""A picture at the scales of its cells: what measures of focus, size and texture look at."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]

FINEST = 1 / 12
"""The Gaussian of the finest scale, in cell diameters; each further one is twice as wide."""

NUMBER = 4

MOST_PIXELS = 600_000
WINDOW, ALONG = 256, 3
"""Of a picture of more than `MOST_PIXELS`, `ALONG` × `ALONG` windows of this side, evenly spread, are looked at."""

LEAST_NOISE = 1e-3
"""Noise below this, in units of a cell's height, is that of rounding."""

HIGHEST = 0.995
"""Without a known height, a cell is as high as this quantile of what deviates from the background."""


@dataclass(frozen=True)
class Scales:
    """A channel of a picture, smoothed more and more.

    Parameters
    ----------
    raw
        (Y, X), background 0, cells about 1 high (or deep, where they are darker).
    smooth
        The same through Gaussians of 1/12, 1/6, 1/3 and 2/3 cell diameter.
    noise
        Standard deviation of white noise, in cells' heights.
    diameter
        Of a typical cell, in pixels.
    side
        Side of the windows of a large picture, which lie side by side; None where it is seen whole.
    """

    raw: Pixels
    smooth: tuple[Pixels, ...]
    noise: float
    diameter: float
    side: int | None = None

    def blurred(self, sigma: float) -> Pixels:
        """`raw` through a Gaussian of `sigma` pixels, each window by itself."""
        return _blur_windows(self.raw, sigma, self.side)

    def within_windows(self, reach: int) -> NDArray[np.bool_]:
        """What lies `reach` pixels or more from the seams of windows: rows and columns whose product is (Y, X)."""
        inside = [np.ones(length, bool) for length in self.raw.shape]
        for line in inside if self.side else ():
            for seam in range(self.side or 0, len(line), self.side or 1):
                line[max(0, seam - reach) : seam + reach] = False
        return np.asarray(inside[0][:, None] & inside[1][None])


def scales_of(channel: Pixels, diameter: float, *, has_background: bool = True) -> Scales:
    """Look at a channel (Y, X) at the scales of cells of `diameter` pixels.

    Parameters
    ----------
    channel
        Pixels as the network sees them.
    diameter
        Of a typical cell, in pixels.
    has_background
        Whether the background is 0 and a cell about 1 already, as the normalisation "foreground" makes them; otherwise
        the median is taken for the background, and the 99.5 % quantile of what deviates from it for a cell.
    """
    raw = windows(np.ascontiguousarray(channel, np.float32))
    side = None if raw.shape == channel.shape else WINDOW
    if not has_background:
        raw = raw - np.float32(np.median(raw))
        height = float(np.quantile(np.abs(_blur_windows(raw, FINEST * diameter, side)), HIGHEST))
        raw = raw / np.float32(height or 1.0)
    smooth = [_blur_windows(raw, FINEST * diameter, side)]
    for step in range(1, NUMBER):  # the sum of two Gaussians' variances is that of one after the other
        further = FINEST * diameter * 2 ** (step - 1) * math.sqrt(3)
        smooth.append(_blur_windows(smooth[-1], further, side))
    return Scales(raw, tuple(smooth), noise_of(raw), diameter, side)


def windows(channel: Pixels) -> Pixels:
    """The channel (Y, X), or a few windows of a large one, side by side."""
    rows, columns = channel.shape
    if channel.size <= MOST_PIXELS or min(rows, columns) < ALONG * WINDOW:
        return channel
    tops, lefts = (np.linspace(0, side - WINDOW, ALONG).astype(int) for side in (rows, columns))
    return np.vstack([np.hstack([channel[y : y + WINDOW, x : x + WINDOW] for x in lefts]) for y in tops])


def noise_of(raw: Pixels) -> float:
    """Standard deviation of white noise in a picture (Y, X).

    The median of what a mean over 3 × 3 pixels takes away, which edges, being few, hardly change.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 0.5, (200, 200)).astype(np.float32)
    >>> 0.48 < noise_of(noise) < 0.52
    True
    """
    rest = np.abs(raw - cv2.blur(raw, (3, 3), borderType=cv2.BORDER_REFLECT).reshape(raw.shape))
    every = rest[:: max(1, rest.shape[0] // 400), :: max(1, rest.shape[1] // 400)]
    return max(LEAST_NOISE, float(np.median(every)) * 1.4826 * 3 / math.sqrt(8))


def blur(plane: Pixels, sigma: float) -> Pixels:
    """The plane (Y, X) through a Gaussian of `sigma` pixels."""
    side = 2 * int(3 * sigma + 0.5) + 1
    smooth = cv2.GaussianBlur(plane, (side, side), sigma, borderType=cv2.BORDER_REFLECT)
    return np.asarray(smooth, np.float32).reshape(plane.shape)


def _blur_windows(plane: Pixels, sigma: float, side: int | None) -> Pixels:
    """The plane through a Gaussian; where it is made of windows of this side, none sees its neighbour."""
    if side is None:
        return blur(plane, sigma)
    smooth = np.empty_like(plane)
    for y in range(0, plane.shape[0], side):
        for x in range(0, plane.shape[1], side):
            smooth[y : y + side, x : x + side] = blur(np.ascontiguousarray(plane[y : y + side, x : x + side]), sigma)
    return smooth
