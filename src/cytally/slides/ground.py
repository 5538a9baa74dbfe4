"""The empty ground of a slide in one channel, how noisy it is, and what stands out from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu

from cytally.images.resize import resize
from cytally.slides.noise import BLOCK, away_from, heaviness, noise_squares, overall, relative_noise

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

WIDE_NOISES, SMALL_NOISES = 4.0, 4.5
"""What differs from the ground by more standard deviations of its noise than this stands out. Small things need more,
as a large picture has a million places where noise alone could be one."""
MOST_NOISES = 12.0
"""What differs by more is no noise, whatever is read off the ground."""
CLEARLY = 1.1
"""How much further than a normal distribution noise must seem to reach, to be believed."""
SMALL, SMOOTH, BROAD = 0.6, 1.0, 2.0
"""Standard deviations in pixels of the Gaussians in which single cells, patches and wide things are looked for."""
WIDE = 150
"""Pixels of a thing that is wide enough not to be noise, though none of them stands out: where two standard deviations
are enough, noise makes things of eleven on average, and one of a million is as large."""
CLEAR_DARK, CLEAR_BRIGHT = 5.0, 8.0
"""Otsu's threshold must lie at least so many of the ground's own spreads away from it, or there is no clear ground.
The light of a bright field is even; what is bright and uneven is tissue that fills the picture."""
TWO_HEAPS = 0.8
"""Share of the variance between the classes from which values lie in two heaps: 0.64 for one normal distribution
divided in its middle, 0.75 for a uniform one, as a slope of brightness makes it."""
LEAST_SHARE, LEAST_EDGE = 0.01, 0.25
"""Share of the picture, and of its edge, that a ground must have."""
EVEN = 2.0
"""A channel whose broad brightness varies by no more than so many times what its noise explains shows nothing wide."""
SAMPLE = 200_000
"""Values that the ground's level is taken from."""
FAINTEST = 1e-4, 0.25
"""What wide things must differ by at least: share of Otsu's threshold, and, in whole numbers, grey levels."""
ROUNDING = 1e-6
"""Share of the largest value that float32 may be wrong by, after some sums."""
NORMAL = 1.4826
"""Standard deviation over median absolute deviation of a normal distribution."""


@dataclass(frozen=True, eq=False)
class Outstanding:
    """What one channel shows.

    Parameters
    ----------
    mask
        bool (Y, X): what stands out.
    ground
        ``clear`` where there is an empty ground and something wide on it; ``even`` where the channel is constant, or
        noise with single things in it at most; ``unclear`` where anything may be ground or tissue.
    """

    mask: Mask
    ground: Literal["clear", "even", "unclear"]


def stands_out(channel: NDArray[Any], threshold: float = 1.0) -> Outstanding:
    """Find what stands out from the ground in one channel.

    Wide things are those above one level for the whole picture, where the ground's noise ends. Small things are those
    that differ from their own surroundings by more than the noise, so that single cells are found on any ground.

    Parameters
    ----------
    channel
        Pixels (Y, X) of any real type.
    threshold
        Factor on how far from the ground it must be. What is nearer than noise may be is taken where it is wide, and
        around what is not.
    """
    values = np.nan_to_num(channel.astype(np.float32), nan=0, posinf=0, neginf=0)
    if values.size == 0 or values.min() == values.max():
        return Outstanding(np.zeros(values.shape, bool), "even")
    whole = np.issubdtype(channel.dtype, np.integer) or channel.dtype == bool
    smooth, broad = (ndimage.gaussian_filter(values, width) for width in (SMOOTH, BROAD))
    middle = _otsu(smooth)
    bright_field = _share_of_edge(smooth <= middle) < 0.5
    if bright_field:
        values, smooth, broad, middle = -values, -smooth, -broad, -middle
    ground, middle = _darkest_heap(smooth, middle)
    level, spread = _level(broad[ground])
    squares = noise_squares(values, ground, whole)
    noise = overall(squares)
    stronger = relative_noise(squares, channel.shape)
    around = (values - _surroundings(values)) / stronger
    further = _further(around, ground, noise, whole), _further(-around, ground, noise, whole)
    rounding = ROUNDING * float(np.abs(values).max())
    small = _small_things(around, ground, noise, further, rounding, max(1.0, threshold))
    left = noise / (2 * np.sqrt(np.pi) * BROAD)  # what a Gaussian leaves of white noise
    large = ground.mean() >= LEAST_SHARE and _share_of_edge(ground) >= LEAST_EDGE
    if not large or middle - level < (CLEAR_BRIGHT if bright_field else CLEAR_DARK) * spread:
        variation = NORMAL * float(np.median(np.abs(broad - np.median(broad))))
        return Outstanding(small, "even" if variation <= EVEN * left else "unclear")
    faintest = max(FAINTEST[0] * (middle - level), FAINTEST[1] if whole else 0, rounding)
    far = WIDE_NOISES * max(spread, left) * _once_smooth(further[0], left, noise)
    limit = np.minimum(middle - level, np.maximum(far * np.maximum(stronger, 1), faintest))
    wide = broad - level > threshold * limit
    if threshold < 1:
        wide = _wide_pieces(wide, broad - level > limit)
    return Outstanding(wide | small, "clear")


def _share_of_edge(mask: Mask) -> float:
    return float(np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).mean())


def _otsu(values: NDArray[np.floating[Any]]) -> float:
    low, high = float(values.min()), float(values.max())
    if high - low <= ROUNDING * max(abs(low), abs(high)):
        return high
    return float(threshold_otsu(values.astype(float), nbins=512))  # type: ignore[no-untyped-call]


def _darkest_heap(smooth: Floats, middle: float) -> tuple[Mask, float]:
    """The ground and the threshold above it: what lies below Otsu's, divided again as long as it is two heaps.

    Cells may be so bright that tissue and ground fall on one side of the first threshold.
    """
    ground = smooth <= middle
    while True:
        values = smooth[ground]
        lower = _otsu(values)
        dark, bright = values[values <= lower], values[values > lower]
        if len(dark) < LEAST_SHARE * smooth.size or not len(bright):
            return ground, middle
        share = len(dark) / len(values)
        between = share * (1 - share) * (float(bright.mean(dtype=float)) - float(dark.mean(dtype=float))) ** 2
        if between < TWO_HEAPS * float(values.var(dtype=float)):
            return ground, middle
        ground, middle = smooth <= lower, lower


def _level(values: Floats) -> tuple[float, float]:
    """The most frequent value, and the standard deviation of what lies below it, where no tissue does.

    The mode is that of half samples: Robertson & Cryer 1974, J. Am. Stat. Assoc. 69, 1012-1016.
    """
    ordered = np.sort(values[:: max(1, len(values) // SAMPLE)].astype(float))
    heap = ordered
    while len(heap) > 3:
        half = (len(heap) + 1) // 2
        widths = heap[half - 1 :] - heap[: len(heap) - half + 1]
        narrowest = np.flatnonzero(widths == widths.min())
        first = int(narrowest[len(narrowest) // 2])
        heap = heap[first : first + half]
    mode = float(np.median(heap))
    below = ordered[ordered < mode]
    return mode, NORMAL * float(np.median(mode - below)) if len(below) else 0.0


def _further(around: Floats, ground: Mask, noise: float, whole: bool) -> float:
    """How much further the noise of pixels reaches to the bright than that of a normal distribution, from 1 on."""
    if not noise:
        return 1.0
    # Whole numbers reach steps; spread out evenly over each, they tell how far they would reach in between.
    steps = np.random.default_rng(0).random(around.shape, np.float32) - 0.5 if whole else np.float32(0)
    field = np.asarray((around + steps) / noise, np.float32)
    found = min(heaviness(field, away_from(ground)), MOST_NOISES / SMALL_NOISES)
    return found if found > CLEARLY else 1.0


def _wide_pieces(faint: Mask, sure: Mask) -> Mask:
    """Those pieces of what is faint that are wide, or hold something that is sure."""
    pieces, number = ndimage.label(faint, np.ones((3, 3)))
    kept = np.bincount(pieces.ravel(), minlength=number + 1) >= WIDE
    kept[np.unique(pieces[sure])] = True
    kept[0] = False
    return np.asarray(kept[pieces], bool)


def _once_smooth(further: float, left: float, noise: float) -> float:
    """The same for a smoothed picture that has less noise `left`.

    Of white noise a Gaussian of standard deviation s leaves 1 / (2 sqrt(pi) s), and of its skewness 2 / (3 sqrt(pi) s),
    to which what it reaches beyond a normal distribution is proportional.
    """
    return 1 + (further - 1) * min(1.0, 4 / 3 * left / noise) if noise else 1.0


def _small_things(
    around: Floats, ground: Mask, noise: float, further: tuple[float, float], rounding: float, threshold: float
) -> Mask:
    """What differs from its surroundings, to the bright or the dark, as single pixels or as patches of a few."""
    found = np.zeros(around.shape, bool)
    for width in (0.0, SMALL, SMOOTH):
        field = ndimage.gaussian_filter(around, width) if width else around
        left = min(noise, noise / (2 * np.sqrt(np.pi) * width)) if width else noise
        there = np.abs(field[ground])
        left = max(left, NORMAL * float(np.median(there[:: max(1, len(there) // SAMPLE)])))
        for sign, far in zip((1, -1), further, strict=True):
            found |= sign * field > threshold * max(SMALL_NOISES * left * _once_smooth(far, left, noise), rounding)
    return found


def _surroundings(values: Floats) -> Floats:
    """The median over squares, and between their middles in proportion."""
    rows, columns = values.shape
    whole = np.pad(values, ((0, -rows % BLOCK), (0, -columns % BLOCK)), mode="symmetric")
    squares = whole.reshape(whole.shape[0] // BLOCK, BLOCK, whole.shape[1] // BLOCK, BLOCK).swapaxes(1, 2)
    medians = np.median(squares.reshape(*squares.shape[:2], -1), axis=-1)
    return np.asarray(resize(medians[None], whole.shape)[0, :rows, :columns])
