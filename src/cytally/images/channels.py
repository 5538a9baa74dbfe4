"""Which of an image's channels to count in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.images.image import Plane

BLOCK = 4
"""Side in pixels of the squares that are averaged first: smaller than a cell, larger than a hot pixel."""


def most_varying(data: NDArray[Any]) -> int:
    """Index of the channel that varies most.

    Parameters
    ----------
    data
        Pixels (C, Y, X). Channels of one file share a type, and so a scale.

    Returns
    -------
    int
        The channel with the largest standard deviation of its means over 4 x 4 pixels, in which noise and single hot
        pixels count little. The first of equals.

    Examples
    --------
    >>> hot, cells = np.zeros((2, 64, 64))
    >>> hot[5, 5], cells[20:30, 20:30] = 255, 50
    >>> most_varying(np.stack([hot, cells]))
    1
    """
    if len(data) == 1:
        return 0
    return int(np.argmax([_block_means(channel).std() for channel in data]))


def _block_means(channel: NDArray[Any]) -> NDArray[np.float64]:
    side = min(BLOCK, *channel.shape)
    rows, columns = (length // side for length in channel.shape)
    blocks = channel[: rows * side, : columns * side].reshape(rows, side, columns, side)
    means: NDArray[np.float64] = blocks.mean(axis=(1, 3), dtype=np.float64)
    return means


def find_channel(plane: Plane, channel: str) -> int:
    """Index of the channel asked for.

    Parameters
    ----------
    plane
        The picture.
    channel
        An index, from ``0``, or a channel's name, in capitals or not.

    Raises
    ------
    ImageError
        When there is no such channel; the cure lists those there are.
    """
    count = plane.data.shape[0]
    wanted = channel.strip()
    if wanted.isdecimal() and int(wanted) < count:
        return int(wanted)
    names = [name.strip().casefold() for name in plane.channels]
    if wanted and wanted.casefold() in names:
        return names.index(wanted.casefold())
    there = ", ".join(f"{index} ({name})" if name else str(index) for index, name in enumerate(plane.channels))
    raise ImageError(f"has no channel '{channel}'", file=plane.source or plane.name, cure=f"choose from: {there}")
