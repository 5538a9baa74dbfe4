"""How hard an image is to count: what its error is measured by."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def difficulty(counts: ArrayLike) -> NDArray[np.float64]:
    """The size that an image's error is expected to have, up to a factor: ``sqrt(count + 1)``.

    Errors of single cells that cancel at random give a sum whose spread grows with the root of their number; one cell
    is added, so that an image without any has an interval too. It is known when an image is counted, costs nothing,
    and is the same for every method.

    Parameters
    ----------
    counts
        Predicted counts (N,); below zero is zero.

    Returns
    -------
    NDArray
        Cells (N,), 1 or more.

    Examples
    --------
    >>> difficulty([0, 3, 99]).tolist()
    [1.0, 2.0, 10.0]
    """
    return np.sqrt(np.maximum(np.asarray(counts, dtype=np.float64), 0) + 1)
