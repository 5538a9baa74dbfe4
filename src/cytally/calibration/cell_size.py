"""How large things are in a picture, beside how large the cells are that a network was made for."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FEWEST = 12
"""Fewer foreground pixels tell nothing."""


def cell_size(mask: NDArray[np.bool_], diameter: float) -> float | None:
    """Diameter of what covers `mask` (Y, X) over the `diameter` expected, as a logarithm to base 2.

    Discs of diameter d have the area π d² / 4 and the perimeter π d, so that d is four times area over perimeter,
    however many there are. The perimeter is Cauchy's: π / 4 times the crossings along rows and columns. Cells that
    touch come out larger; so do those of the training images that this is compared with.

    Returns
    -------
    The logarithm: 0 is as expected, 1 twice as large. None where hardly anything is there, or nothing has an edge.

    Examples
    --------
    >>> y, x = np.mgrid[:64, :64]
    >>> round(cell_size(np.hypot(y - 32, x - 32) < 10, 10), 1)
    1.0
    >>> cell_size(np.zeros((9, 9), bool), 10) is None
    True
    """
    crossings = np.count_nonzero(mask[1:] != mask[:-1]) + np.count_nonzero(mask[:, 1:] != mask[:, :-1])
    area = np.count_nonzero(mask)
    if area < FEWEST or not crossings:
        return None
    return math.log2(4 * area / (math.pi / 4 * crossings) / diameter)
