"""Where the background of an image lies among its grey values, and how far they spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

Pixels = NDArray[np.floating[Any]]


def background(values: Pixels) -> tuple[float, float]:
    """Level and spread (as a standard deviation) of the background among pixels (N,).

    The level starts at the darkest clear peak of the histogram, since nuclei may cover most of a fluorescence image,
    and moves to the mean of the pixels within 1.5 spreads. The spread comes from the side that has fewer far pixels.
    """
    ordered = np.sort(values)
    level = darkest_peak(ordered)
    spread = clean_spread(ordered, level)
    for _ in range(5):
        low, high = places(ordered, [level - spread, level + spread])
        if high > low:
            level = float(ordered[low:high].mean())
    return level, clean_spread(ordered, level)


def places(ordered: Pixels, limits: Sequence[float] | NDArray[np.float64]) -> NDArray[np.intp]:
    """How many of the sorted values (N,) are below each limit, without a copy of them in the limits' precision."""
    exact = np.asarray(limits, np.float64)
    near = exact.astype(ordered.dtype)
    return np.searchsorted(ordered, np.where(near < exact, np.nextafter(near, near.dtype.type(np.inf)), near))


def middle(ordered: Pixels) -> float:
    """The median of sorted values (N,)."""
    return float(ordered[(ordered.size - 1) // 2 : ordered.size // 2 + 1].mean())


def quantile(values: Pixels, share: float) -> float:
    """The value below which a `share` of the values (N,) lies, between two of them in proportion, as NumPy's."""
    place = share * (values.size - 1)
    low = int(place)
    parted = np.partition(values, low)
    below = float(parted[low])
    return below if place == low else below + (place - low) * (float(parted[low + 1 :].min()) - below)


def clean_spread(ordered: Pixels, level: float) -> float:
    """Standard deviation about `level` of the sorted values (N,) on its narrower side, by the median."""
    border = ordered.dtype.type(level)
    sides = (ordered[: np.searchsorted(ordered, border)], ordered[np.searchsorted(ordered, border, "right") :])
    wide = [side for side in sides if side.size > ordered.size // 20]
    return min((1.4826 * abs(middle(side - border)) for side in wide), default=0.0)


def darkest_peak(ordered: Pixels) -> float:
    """Where the histogram of the sorted values (N,) has its first clear peak, at least half as high as the highest."""
    low, high = ordered[[ordered.size // 200, ordered.size - 1 - ordered.size // 200]].astype(float)
    if low == high:
        return float(low)
    bins, margin = 64, 6
    edges = places(ordered, np.linspace(low, high, bins + 1)[:-1])
    heights = np.diff([*edges, np.searchsorted(ordered, ordered.dtype.type(high), "right")]).astype(float)
    smooth = ndimage.gaussian_filter1d(np.pad(heights, margin), 1.5)
    peaks, _ = signal.find_peaks(smooth, height=smooth.max() / 2, prominence=smooth.max() / 12)
    return float(low + (peaks[0] - margin + 0.5) * (high - low) / bins)
