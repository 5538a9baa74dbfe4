"""Flags: words for what is unusual about an image that was counted all the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

CAMERA_MAXIMA = (2**10 - 1, 2**12 - 1, 2**14 - 1)

SATURATED_SHARE = 0.01
"""Share of pixels at the brightest value of the number type from which an image counts as saturated."""


def exposure_flags(data: NDArray[Any]) -> tuple[str, ...]:
    """Words on the exposure of (C, Y, X).

    Returns
    -------
    tuple of str
        ``black``: every pixel is zero. ``white``: every pixel has the brightest value. ``constant``: every pixel is
        the same. ``saturated``: 1 % or more of the pixels of a channel have the brightest value of the number type
        (integers; for 16 bits also that of a camera of 10, 12 or 14, where no pixel is brighter), or share the
        image's maximum (floats).

    Examples
    --------
    >>> exposure_flags(np.zeros((1, 4, 4), np.uint8))
    ('black',)
    >>> exposure_flags(np.full((1, 4, 4), 255, np.uint8))
    ('white',)
    """
    low, high = data.min(), data.max()
    brightest = _full_scale(data.dtype, high)
    if low == high:
        if high == 0:
            return ("black",)
        return ("white",) if high == brightest and np.issubdtype(data.dtype, np.integer) else ("constant",)
    return ("saturated",) if _share_of(brightest, data) >= SATURATED_SHARE else ()


def brightest_share(data: NDArray[Any]) -> float:
    """Share of the pixels of (C, Y, X) that have the brightest value, of the channel that has most of them.

    Examples
    --------
    >>> brightest_share(np.array([[[0, 255, 255, 3]]], np.uint8))
    0.5
    """
    return _share_of(_full_scale(data.dtype, data.max()), data)


def _share_of(brightest: Any, data: NDArray[Any]) -> float:
    return float((data == brightest).mean(axis=(-2, -1)).max())


def _full_scale(dtype: np.dtype[Any], high: Any) -> Any:
    """The brightest value a pixel could have had."""
    if not np.issubdtype(dtype, np.integer):
        return high
    return high if dtype == np.uint16 and high in CAMERA_MAXIMA else np.iinfo(dtype).max
