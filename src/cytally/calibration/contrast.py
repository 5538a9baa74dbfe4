"""How far cells stand out of noise, how much of a picture they cover, and whether anything stands out at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cytally.calibration.scales import Scales

HALF = 0.5
"""Of a cell's height: what is further from the background counts as foreground."""

NOTHING = 2.0
"""What is smoothed by a sixth of a diameter and stays below so many times the noise of a pixel is nothing."""

LEAST_SHARE = 0.5
"""Of a cell's area: what covers less of the picture is no cell."""


def foreground(scales: Scales) -> NDArray[np.bool_]:
    """Where a picture deviates from its background by half a cell's height or more, brighter or darker: (Y, X)."""
    return np.abs(scales.smooth[0]) > HALF


def contrast(scales: Scales) -> float:
    """A cell's height over the noise, as a logarithm to base 10: the median height of the foreground.

    0 where there is no foreground.
    """
    high = np.abs(scales.smooth[0])
    inside = high[high > HALF]
    return float(np.log10(np.median(inside) / scales.noise)) if inside.size else 0.0


def stands_out(scales: Scales) -> bool:
    """Whether anything at least half as large as a cell is clear of the noise.

    Examples
    --------
    >>> from cytally.calibration.scales import scales_of
    >>> y, x = np.mgrid[:64, :64]
    >>> disc = (np.hypot(y - 32, x - 32) < 6).astype(np.float32)
    >>> stands_out(scales_of(disc, 12)), stands_out(scales_of(disc, 40)), stands_out(scales_of(0 * disc, 12))
    (True, False, False)
    """
    clear = np.abs(scales.smooth[1]) > max(HALF, NOTHING * scales.noise)
    return bool(np.count_nonzero(clear) >= LEAST_SHARE * np.pi / 4 * scales.diameter**2)
