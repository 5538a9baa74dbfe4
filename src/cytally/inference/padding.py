"""Pictures of any size for a network that takes multiples of its stride."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cytally.inference.tiles import Runner


def in_multiples(run: Runner, image: NDArray[np.float32], multiple: int | None) -> NDArray[np.float32]:
    """Run a network on a picture (C, Y, X) whose last rows and columns are repeated up to multiples; cut the output.

    The networks that tell their `stride` do the same themselves: for them nothing changes.

    Parameters
    ----------
    run
        The network.
    image
        Pixels (C, Y, X) of any real type, lying in memory as they like.
    multiple
        Of which Y and X shall be multiples; None leaves the picture as it is.

    Examples
    --------
    >>> in_multiples(lambda picture: picture + 1, np.zeros((1, 3, 5)), 4).shape
    (1, 3, 5)
    """
    picture = np.ascontiguousarray(image, np.float32)
    if multiple is None:
        return run(picture)
    rows, columns = picture.shape[-2:]
    if rows % multiple or columns % multiple:
        picture = np.pad(picture, ((0, 0), (0, -rows % multiple), (0, -columns % multiple)), mode="edge")
    output: NDArray[np.float32] = run(picture)[..., :rows, :columns]
    return output
