"""A fine texture that fills a picture and hides that few larger, brighter objects stand out of it.

Yolk in an embryo, granules of a matrix, autofluorescence: each grain is as clear as a small nucleus, and an estimate of
"how large the nuclei are" settles on the grains, since they are many. Smoothed so far that grains become even ground,
the picture shows whether something else is there.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cytally.images.normalise import normalise
from cytally.images.scale import estimate_diameter
from cytally.images.smooth import gaussian

Pixels = NDArray[np.float32]

SMOOTHINGS = (0.7, 1.0)
"""Standard deviations, in diameters of a grain, by which a picture is smoothed; the verdict has to hold at each."""

LEAST_GROUND = 0.15
"""Grains that fill a picture leave it at least this bright once smoothed, in units of a typical grain."""

STANDS_OUT = 10.0
"""An object's top is this many spreads above the smoothed ground; clumps of grains reach 6."""

OUTLINE, CLEAR = 8.0, 4.0
"""Objects are told from the ground at so many spreads; the ground is cleared to so many."""

MOST_SHARE = 0.1
"""Objects that cover more of a picture than this are no exception in it."""


def find_grain(plane: NDArray[np.floating[Any]]) -> float | None:
    """Diameter, in pixels, of the grains of a texture out of which few larger and brighter objects stand.

    Parameters
    ----------
    plane
        Pixels (Y, X) of one channel, bright on dark, of any range.

    Returns
    -------
    None where what fills the picture are the objects themselves, or nothing fills it. Of 59 fields of nuclei (DSB
    2018) and 150 frames of drawn time-lapses, none has a texture by this rule.

    Examples
    --------
    >>> y, x = np.mgrid[:200, :260]
    >>> nucleus = np.hypot(y - 80, x - 120) < 14
    >>> grains = gaussian(np.random.default_rng(3).random((200, 260), dtype=np.float32), 2)
    >>> grains = ((grains - grains.mean()) / grains.std()).clip(0)
    >>> 5 < find_grain(grains + 3 * nucleus) < 10
    True
    >>> find_grain(grains) is None
    True

    Objects so bright that grains are dark beside them are measured anyway:

    >>> find_grain(grains + 20 * nucleus) is None
    True
    """
    level = normalise(np.asarray(plane, np.float32)[None])[0]
    grain = estimate_diameter(level)
    if grain is None:
        return None
    for smoothing in SMOOTHINGS:
        smooth, ground, spread = _smoothed(level, grain, smoothing)
        share = float((smooth > ground + OUTLINE * spread).mean())
        if ground < LEAST_GROUND or smooth.max() < ground + STANDS_OUT * spread or share > MOST_SHARE:
            return None
    return grain


def clear_texture(plane: NDArray[np.floating[Any]], grain: float) -> Pixels:
    """What stands out of a texture: 0 where there is but grain.

    Parameters
    ----------
    plane
        Pixels (Y, X) of one channel.
    grain
        Diameter of a grain in pixels, as by `find_grain`.

    Returns
    -------
    The picture (Y, X), smoothed by 0.7 grains, less its ground and four spreads.
    """
    smooth, ground, spread = _smoothed(np.asarray(plane, np.float32), grain, SMOOTHINGS[0])
    cleared: Pixels = np.maximum(smooth - np.float32(ground + CLEAR * spread), 0)
    return cleared


def count_standing_out(plane: NDArray[np.floating[Any]], grain: float) -> int:
    """How many objects stand out of a texture of such grains: for telling, touching ones are one."""
    smooth, ground, spread = _smoothed(np.asarray(plane, np.float32), grain, SMOOTHINGS[0])
    return cv2.connectedComponents((smooth > ground + OUTLINE * spread).view(np.uint8))[0] - 1


def _smoothed(level: Pixels, grain: float, smoothing: float) -> tuple[Pixels, float, float]:
    """The picture with its grains smoothed away, its median, and the spread about that of what is no object."""
    smooth = gaussian(level, smoothing * grain)
    ground = float(np.median(smooth))
    return smooth, ground, 1.4826 * float(np.median(np.abs(smooth - ground)))
