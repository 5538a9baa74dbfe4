"""Flags on the exposure of a volume of which one slice is seen at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.calibration.flags import exposure_flags

PIXELS = 1000
"""Of the picture that stands for the volume: its share of the brightest pixels is told to a thousandth."""


class Exposure:
    """The least and the largest value of a volume, and how many voxels have the largest.

    Nothing else decides on the flags, so that a small picture of two values with the same share stands for it all.

    Examples
    --------
    >>> exposure = Exposure()
    >>> exposure.add(np.zeros((10, 10), np.uint8))
    >>> exposure.flags()
    ('black',)
    >>> exposure.add(np.array([[255, 255, 3]], np.uint8))
    >>> exposure.flags()
    ('saturated',)
    """

    def __init__(self) -> None:
        self._low: Any = None
        self._high: Any = None
        self._brightest = self._voxels = 0

    def add(self, pixels: NDArray[Any]) -> None:
        """Take in a slice (Y, X)."""
        low, high = pixels.min(), pixels.max()
        if self._low is None or low < self._low:
            self._low = low
        if self._high is None or high > self._high:
            self._high, self._brightest = high, 0
        if high == self._high:
            self._brightest += int(np.count_nonzero(pixels == high))
        self._voxels += pixels.size

    def flags(self) -> tuple[str, ...]:
        """Words on the exposure of all slices so far, as `cytally.calibration.flags` has them for images."""
        if self._low is None:
            return ()
        picture = np.full((1, 1, PIXELS), self._low)
        picture[..., : max(1, PIXELS * self._brightest // self._voxels)] = self._high
        return exposure_flags(picture)
