"""Numbering what is left of a label image's objects anew."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer[Any]]


def keep_objects(labels: Labels, kept: NDArray[np.bool_]) -> tuple[Labels, int]:
    """Leave out objects, and number the others from 1 in their order.

    Parameters
    ----------
    labels
        Label image of any number of axes; 0 is background.
    kept
        By label, from 0 on: whether it stays. What it says of the background makes no difference.

    Returns
    -------
    labels
        As large; 16 bits, or 32 from 65,536 objects on.
    number
        How many objects are left.

    Examples
    --------
    >>> keep_objects(np.array([[1, 1, 0], [3, 4, 4]]), np.array([True, False, True, True, True]))
    (array([[0, 0, 0],
           [2, 3, 3]], dtype=uint16), 3)
    """
    stays = kept.copy()
    stays[0] = False
    number = int(stays.sum())
    names: Labels = np.where(stays, np.cumsum(stays), 0)
    names = names.astype(np.uint16 if number < 2**16 else np.uint32)
    return names[labels], number
