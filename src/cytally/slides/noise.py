"""The noise of a slide's empty ground: how strong it is, where it is stronger, and how far it alone may reach.

Few photons make noise that is stronger where the light is, and that reaches further to the bright than a normal
distribution: a limit of so many standard deviations would take specks of it for cells. What it reaches is therefore
read off the picture itself.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cytally.images.resize import resize

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

BLOCK = 16
"""Side in pixels of the squares that the noise and a ground of uneven brightness are measured in."""
QUANTUM = 1 / np.sqrt(12)
"""Standard deviation of what rounding to whole numbers takes away."""
AROUND, QUIET = 5, 25
"""The noise of a square is this percentile of those of the squares around it, so many a side: cells make only some of
them look noisier."""
TELLING = 8
"""Side of the squares that tell what the noise reaches: small, so that few of them hold a cell."""
FILLED = 0.75
"""Share of a square that must be ground, to tell what the ground's noise reaches."""
LOW, HIGH = 0.05, 0.3
"""Quantiles of the squares' highest values that its reach is told from: up to two squares of three may hold a cell."""
CROSS = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32)
BESIDE = 1.25
"""Standard deviations that the four neighbours of a high pixel of noise differ from the ground by, on average, at most.
It is 2.5 times their own."""
FAR = 4.5
"""Standard deviations at which a normal distribution has hardly any pixel."""
FEWEST = 40
"""Squares of which the quantiles tell something."""


def noise_squares(values: Floats, ground: Mask, whole: bool) -> NDArray[np.float64]:
    """Standard deviation of the ground's pixels in each square, from differences between neighbours, so that no slope
    enters it; NaN where too few are ground.

    Parameters
    ----------
    values
        Pixels (Y, X).
    ground
        What is ground.
    whole
        Whether pixels are whole numbers.
    """
    far = away_from(ground)
    pairs = np.zeros(values.shape, bool)
    pairs[:, :-1] = far[:, 1:] & far[:, :-1]
    steps = np.square(np.diff(values, axis=1, append=values[:, -1:]))
    sums, numbers = (_by_square(each) for each in (np.where(pairs, steps, 0), pairs))
    variance = np.where(numbers >= BLOCK, sums / np.maximum(numbers, 1), np.nan) / 2
    return np.asarray(np.sqrt(variance + QUANTUM**2 * (variance > 0))) if whole else np.asarray(np.sqrt(variance))


def away_from(ground: Mask) -> Mask:
    """The ground without its border; everything, where hardly any would be left."""
    far = ~ndimage.binary_dilation(~ground, iterations=3)
    if far.mean() < ground.mean() / 4:  # what was taken for the ground is no more than one half of the noise
        return np.ones(ground.shape, bool)
    return np.asarray(far)


def overall(squares: NDArray[np.float64]) -> float:
    """The noise of the picture: the median over squares knows nothing of the few that hold a cell or a hair, and sees
    noise of which most pixels have nothing, as 8-bit pictures of a dark ground have it."""
    measured = squares[np.isfinite(squares)]
    return float(np.sqrt(np.median(np.square(measured)))) if measured.size else 0.0


def relative_noise(squares: NDArray[np.float64], shape: tuple[int, int]) -> Floats:
    """How much stronger than usual the noise of each pixel is: 1 in the median square.

    Examples
    --------
    >>> relative_noise(np.array([[2.0, np.nan, 0.0]]), (16, 48)).tolist()[0][::16]
    [1.0, 1.0, 1.0]
    """
    known = np.where(squares > 0, squares, np.nan)
    if not np.isfinite(known).any():
        return np.ones(shape, np.float32)
    padded = np.pad(known, AROUND // 2, constant_values=np.nan)
    near = np.lib.stride_tricks.sliding_window_view(padded, (AROUND, AROUND)).reshape(*known.shape, -1)
    some = np.isfinite(near).any(axis=-1)
    local = np.full(known.shape, np.nan)
    local[some] = np.nanpercentile(near[some], QUIET, axis=-1)
    usual = float(np.nanmedian(local))
    relative = np.where(np.isfinite(local), local, usual) / usual
    size = (relative.shape[0] * BLOCK, relative.shape[1] * BLOCK)
    return np.asarray(resize(relative[None].astype(np.float32), size)[0, : shape[0], : shape[1]])


def heaviness(field: Floats, ground: Mask) -> float:
    """How much further the field's noise reaches than a normal distribution of the same standard deviation, near
    `FAR` of them; 1 where that cannot be told.

    The highest values of small squares are compared with those of white normal noise: two of their lower quantiles,
    which cells do not enter. From there the ratio is continued: it grows in proportion to the distance, as it does in
    the first term of Cornish and Fisher's expansion for a skewed distribution.

    Parameters
    ----------
    field
        (Y, X): differences from the surroundings in standard deviations of their noise.
    ground
        (Y, X): what is ground.

    References
    ----------
    Cornish & Fisher 1938, Moments and cumulants in the specification of distributions, Rev. Inst. Int. Stat. 5, 307.
    """
    found = _highest(field, ground)
    if len(found) < FEWEST:
        return 1.0
    normal = _highest_of_normal()
    low, high = np.quantile(found, (LOW, HIGH)) / normal
    return float(high + (high - low) * (FAR - normal[1]) / (normal[1] - normal[0]))


def _highest(field: Floats, ground: Mask) -> NDArray[np.float64]:
    """By how much the highest pixel of each square with enough ground is above its mean: what is not quite level, as
    beside tissue, does not matter. Left out are squares where its neighbours are high too, as in a cell."""

    def top(values: Floats) -> Floats:
        rows, columns = (np.arange(0, length, TELLING) for length in values.shape)
        return np.asarray(np.maximum.reduceat(np.maximum.reduceat(values, rows, axis=0), columns, axis=1))

    number = _by_square(ground, TELLING)
    mean = _by_square(np.where(ground, field, 0), TELLING) / np.maximum(number, 1)
    level = np.repeat(np.repeat(mean, TELLING, axis=0), TELLING, axis=1)[: field.shape[0], : field.shape[1]]
    above = np.where(ground, field - level, -np.inf).astype(np.float32)
    beside = ndimage.correlate(field - level.astype(np.float32), CROSS / CROSS.sum())
    highest = top(above)
    alone = top(np.where(beside <= BESIDE, above, -np.inf)) == highest
    return np.asarray(highest[alone & (number >= FILLED * TELLING**2)], float)


@cache
def _highest_of_normal() -> NDArray[np.float64]:
    """The two quantiles of white normal noise."""
    noise = np.random.default_rng(0).standard_normal((128 * TELLING, 128 * TELLING), np.float32)
    return np.asarray(np.quantile(_highest(noise, np.ones(noise.shape, bool)), (LOW, HIGH)))


def _by_square(values: NDArray[np.generic], side: int = BLOCK) -> NDArray[np.float64]:
    """Sums over squares; the last ones may be smaller."""
    rows, columns = (np.arange(0, max(1, length), side) for length in values.shape)
    return np.asarray(np.add.reduceat(np.add.reduceat(values, rows, axis=0, dtype=float), columns, axis=1))
