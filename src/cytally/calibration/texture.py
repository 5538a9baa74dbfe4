"""A few numbers that tell how a picture looks: its grey values, and its detail from fine to coarse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cytally.calibration.scales import Scales

QUANTILES = (0.005, 0.05, 0.95, 0.995)
DARK = 0.3
"""What is so many cell heights below the background is dark."""

BRIGHT = 0.5
LEAST = 1e-3
LENGTH = 11
"""How many numbers each channel has."""


def texture(scales: Scales) -> NDArray[np.float64]:
    """Numbers (11,) that tell how a channel looks.

    - Grey values after a Gaussian of D / 12: quantiles at 0.5, 5, 95 and 99.5 %; the share above half a cell's height;
      the square root of the share darker than 0.3 below the background.
    - Bands, the differences of neighbouring scales (D / 12 to 2D / 3): the logarithm of the standard deviation of the
      two coarser ones, and the cube root of the skewness of all three. Cells on a dark ground are skewed to the bright
      side on every scale, dark nuclei in tissue to the dark one, phase contrast has both.
    """
    fine = scales.smooth[0]
    grid = fine[:: max(1, fine.shape[0] // 512), :: max(1, fine.shape[1] // 512)]
    values = np.quantile(grid, QUANTILES).tolist()
    values += [float((fine > BRIGHT).mean()), float(np.sqrt((fine < -DARK).mean()))]
    for place, (one, next_one) in enumerate(zip(scales.smooth, scales.smooth[1:], strict=False)):
        band = one - next_one
        spread = float(band.std())
        skewness = float(np.mean((band / (spread + 1e-6)) ** 3))
        values.append(float(np.cbrt(skewness)))
        if place > 0:
            values.append(float(np.log(spread + LEAST)))
    return np.array(values)
