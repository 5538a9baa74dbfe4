"""What tells a blurred picture from a sharp one, in a few numbers that do not depend on brightness."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from cytally.calibration.contrast import HALF
from cytally.calibration.scales import FINEST, Pixels, Scales, blur

CLUES = 8
"""How many numbers there are."""

NO_EDGE = 4.3
"""Stands for the sharpness where there is no edge: what edges have that are wider than a cell."""

HIGHEST = 0.99
"""The detail of a picture is told by this quantile of its bands, beside their power."""

LEAST_SHARE = 0.02
"""Noise is never taken for more than all but this share of a band's power."""

LEAST = 1e-9


def focus_clues(scales: Scales, edges: float | None, contrast: float, factor: float = 1.0) -> NDArray[np.float64]:
    """Numbers (8,) that tell how much fine detail a picture has beside coarse detail.

    None of them tells focus alone. A picture that is blurred has less power in its fine bands; but so has one of
    larger or softer cells, and noise fills the finest band again. What a blurred one is like is learnt from the
    training images (`cytally.calibration.defocus`).

    - The sharpness of edges.
    - Bands are differences of neighbouring Gaussians of D / 24, D / 12, D / 6 and D / 3, D being the cell's diameter.
      The logarithm of the power of the finest over that of the next, and of that over the coarsest, less what the
      noise of the pixels contributes; and the ratio of the 99 % quantiles of the two finest.
    - Height of cells over the noise, the noise, and how much of the picture is bright: they tell how far the others
      are to be trusted, and how densely cells lie.
    - The logarithm of the scale. Where a network is shown all cells in one size, clumps of blurred ones are taken for
      large soft ones and made smaller, after which they look like small soft ones; but these had fewer pixels each.

    Parameters
    ----------
    scales
        The picture.
    edges
        Its sharpness, None where it has no edge.
    contrast
        A cell's height over the noise, log10.
    factor
        How much larger the network sees the picture than the file has it.
    """
    finest = scales.blurred(FINEST / 2 * scales.diameter)
    layers = (finest, *scales.smooth[:3])
    bands = [one - next_one for one, next_one in pairwise(layers)]
    passed = noise_passed(scales.diameter)
    powers = [_net(band, share * scales.noise**2) for band, share in zip(bands, passed, strict=True)]
    heights = [float(np.quantile(np.abs(_grid(band)), HIGHEST)) + LEAST for band in bands[:2]]
    numbers = (
        NO_EDGE if edges is None else edges,
        np.log(powers[0] / powers[1]),
        np.log(powers[1] / powers[2]),
        np.log(heights[0] / heights[1]),
        contrast,
        np.log(scales.noise),
        float((scales.smooth[0] > HALF).mean()),
        np.log2(factor),
    )
    return np.array(numbers, dtype=np.float64)


@cache
def noise_passed(diameter: float) -> tuple[float, float, float]:
    """Share of the power of white noise that each band lets through.

    Examples
    --------
    >>> fine, middle, coarse = noise_passed(10.0)
    >>> 1 > fine > middle > coarse > 0
    True
    """
    side = 2 * int(6 * FINEST * 4 * diameter) + 9
    point: Pixels = np.zeros((side, side), np.float32)
    point[side // 2, side // 2] = 1
    layers = [blur(point, FINEST / 2 * diameter * 2**step) for step in range(4)]
    fine, middle, coarse = (float(((one - next_one) ** 2).sum()) for one, next_one in pairwise(layers))
    return fine, middle, coarse


def _net(band: Pixels, noise: float) -> float:
    """The power of a band without that of the noise."""
    power = float(cv2.norm(band, cv2.NORM_L2SQR)) / band.size
    return max(power - noise, LEAST_SHARE * power, LEAST)


def _grid(band: Pixels) -> Pixels:
    """Pixels of a band, of a large one some."""
    return band[:: max(1, band.shape[0] // 512), :: max(1, band.shape[1] // 512)]
