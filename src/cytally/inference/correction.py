"""What fewer bits did to outputs as a whole, measured beside torch's: ground that is shifted, peaks that are cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float32]

LARGEST_GAIN = 1.1
"""Beyond this, up or down, something else is wrong than rounding."""


def ground_difference(expected: Sequence[Maps], found: Sequence[Maps]) -> list[float]:
    """What to add to each channel of outputs (K, ...) so that most pixels are as expected: the median difference.

    Examples
    --------
    >>> ground_difference([np.array([[1.0, 1, 9]])], [np.array([[0.75, 0.75, 9]])])
    [0.25]
    """
    apart = [(one - other).reshape(len(one), -1) for one, other in zip(expected, found, strict=True)]
    return [float(each) for each in np.median(np.concatenate(apart, axis=1), axis=1)]


def gain(expected: Sequence[Maps], found: Sequence[Maps], offsets: Sequence[float]) -> float:
    """By what to multiply outputs, to which `offsets` have been added, so that they sum to what is expected.

    1 where there is too little to tell.

    Examples
    --------
    >>> gain([np.array([[0.0, 10.2]])], [np.array([[-1.0, 9.0]])], [1.0])
    1.02
    >>> gain([np.zeros((1, 2))], [np.array([[0.0, 0.1]])], [0.0])
    1.0
    """
    wanted = float(sum(each.sum(dtype=np.float64) for each in expected))
    shifted = [each.reshape(len(each), -1) + np.reshape(offsets, (-1, 1)) for each in found]
    summed = float(sum(each.sum(dtype=np.float64) for each in shifted))
    if wanted <= 0 or summed <= 0:
        return 1.0
    return round(wanted / summed, 6) if 1 / LARGEST_GAIN <= wanted / summed <= LARGEST_GAIN else 1.0
