"""Four crops of different images as one: what is dense beside what is sparse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def quarters(parts: Sequence[NDArray[np.floating[Any]]]) -> NDArray[np.float32]:
    """Put four arrays (C, Y, X) of one shape together as (C, 2 Y, 2 X): top left, top right, bottom left, bottom right.

    The seams are cut edges of each crop, so `Example.context` of each leaves them out of the loss.

    Examples
    --------
    >>> quarters([np.full((1, 1, 1), value) for value in (1.0, 2.0, 3.0, 4.0)])[0].tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    first, second, third, fourth = parts
    top, bottom = np.concatenate([first, second], axis=2), np.concatenate([third, fourth], axis=2)
    return np.concatenate([top, bottom], axis=1).astype(np.float32, copy=False)
