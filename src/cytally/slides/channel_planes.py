"""Which of the pictures that a file holds make up each channel of a slide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.images.assemble import Scene, assemble
from cytally.images.image import AXES


@dataclass(frozen=True, eq=False)
class ChannelPlanes:
    """The pictures of each channel.

    Parameters
    ----------
    numbers
        (C, Z), for each channel and depth the number of a picture, counted over all axes of the file but Y and X, the
        last of them running fastest.
    channels
        One name per channel; empty strings where the file tells none.
    """

    numbers: NDArray[np.int64]
    channels: tuple[str, ...]


def find_planes(
    shape: tuple[int, ...], axes: str, path: Path, *, said: str | None = None, names: Sequence[str] = ()
) -> ChannelPlanes:
    """Sort the pictures of a file into channels and depths, by the rules of `cytally.images.assemble`.

    Parameters
    ----------
    shape, axes
        What the file tells: sizes, and a letter out of TCZYXS for each; any other letter is an axis of unknown meaning.
    path
        The file.
    said
        What the user says the axes are; wins.
    names
        Names of the channels, where the file tells them.

    Raises
    ------
    ImageError
        When the meaning of an axis is unknown, `said` does not fit, or there are several time points.

    Examples
    --------
    >>> find_planes((2, 3, 64, 80), "ZCYX", Path("a.tif")).numbers.tolist()
    [[0, 3], [1, 4], [2, 5]]
    """
    flat = [1 if letter in "YX" else size for letter, size in zip(axes, shape, strict=True)]
    numbers = np.arange(math.prod(flat)).reshape(flat)
    # Rows and columns all point to the same numbers: an array of the picture's shape that takes no memory.
    whole = np.broadcast_to(numbers, shape)
    image = assemble([Scene(whole, axes, names)], path, said)[0]
    letters = (said or axes).upper()
    if image.data.strides[-2:] != (0, 0) or letters.index("X") < letters.index("Y"):
        raise ImageError(
            f"is stored with its rows and columns as {axes}, which cannot be read region by region as '{said or axes}'",
            file=path,
            cure="save it with Y and X as its last axes",
        )
    times = image.data.shape[AXES.index("T")]
    if times > 1:
        raise ImageError(
            f"is a time-lapse of {times} images, which are not read region by region",
            file=path,
            cure="save each time point as a file of its own",
        )
    return ChannelPlanes(np.ascontiguousarray(image.data[0, :, :, 0, 0]), image.channels)
