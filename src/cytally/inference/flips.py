"""Running a network on all turns and mirror images of a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cytally.inference.tiles import Runner


def over_flips(run: Runner, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of a network's outputs for the eight turns and mirror images of a picture, each turned back.

    Parameters
    ----------
    run
        The network, (C, Y, X) to (K, Y, X) for any Y and X.
    image
        Pixels (C, Y, X).

    Returns
    -------
    (K, Y, X) array

    Examples
    --------
    What a network makes of position cancels out.

    >>> ramp = np.arange(3, dtype=np.float32).reshape(1, 1, 3)
    >>> over_flips(lambda picture: np.broadcast_to(np.arange(picture.shape[2]), picture.shape), ramp).tolist()
    [[[0.5, 0.5, 0.5]]]
    """
    total = np.zeros(1, np.float32)
    for turns in range(4):
        for flip in (False, True):
            seen = np.rot90(image, turns, axes=(-2, -1))
            output = run(np.ascontiguousarray(seen[..., ::-1] if flip else seen))
            total = total + np.rot90(output[..., ::-1] if flip else output, -turns, axes=(-2, -1))
    return total / np.float32(8)
