"""Counting with a network that sees pictures of one fixed size: the image is cut, the counts are added up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cytally.images.pictures import Larger, picture_shape
from cytally.images.resize import resize, resize_density
from cytally.results import Prediction

Pixels = NDArray[np.float32]
Counter = Callable[[Pixels], NDArray[np.float32]]
"""A network as a function from pictures (N, C, side, side) to counts (N, 1)."""

BATCH = 64
"""Pictures that go through the network at once."""


def count_pictures(count: Counter, image: Pixels, side: int, larger: Larger, *, flips: bool = False) -> Prediction:
    """Count an image piece by piece.

    Where pieces overlap, because the image's size is no multiple of theirs, each is taken to hold its cells evenly, and
    a pixel that two pieces show is shared between them.

    Parameters
    ----------
    count
        The network.
    image
        Pixels (C, Y, X), normalised.
    side, larger
        As in `cytally.images.pictures.picture_shape`.
    flips
        Take the mean over the eight turns and mirror images of each piece.

    Returns
    -------
    Prediction
        The count, at least 0. Where there are several pieces a coarse density map (Y, X) as well, flat within each;
        one piece tells nothing of where its cells are.

    Raises
    ------
    ImageError
        When the image is too small; names no file.

    Examples
    --------
    >>> image = np.ones((1, 32, 48), np.float32)
    >>> prediction = count_pictures(lambda pictures: np.full((len(pictures), 1), 4.0, np.float32), image, 32, "windows")
    >>> prediction.count, prediction.density[0, ::16].tolist()
    (6.0, [0.00390625, 0.00390625, 0.00390625])
    """
    pictures, starts, shape = cut_pictures(image, side, larger)
    turned = [pictures]
    if flips:
        turned = [np.rot90(each, turns, (-2, -1)) for each in (pictures, pictures[..., ::-1]) for turns in range(4)]
    counts = np.mean([_in_batches(count, each) for each in turned], axis=0)
    if len(pictures) == 1:
        return Prediction(max(0.0, float(counts[0])))
    density = np.zeros(shape, np.float32)
    rows, columns = (np.zeros(length, np.float32) for length in shape)  # how many pieces show each row and column
    for top in {top for top, _ in starts}:
        rows[top : top + side] += 1
    for left in {left for _, left in starts}:
        columns[left : left + side] += 1
    for (top, left), number in zip(starts, counts, strict=True):
        density[top : top + side, left : left + side] += np.float32(number / side**2)
    density /= rows[:, None]
    density /= columns
    total = float(density.sum(dtype=np.float64))
    if total <= 0:
        return Prediction(0.0, np.zeros(image.shape[-2:], np.float32))
    return Prediction(total, resize_density(density, (image.shape[-2], image.shape[-1])))


def cut_pictures(image: Pixels, side: int, larger: Larger) -> tuple[Pixels, list[tuple[int, int]], tuple[int, int]]:
    """The pictures (N, C, side, side) that an image (C, Y, X) is seen through.

    Returns
    -------
    tuple
        The pictures; the row and column at which each begins; and the shape of the image that they were cut from, which
        is resized where `picture_shape` asks for it. They lie evenly, the first at the one edge, the last at the other.

    Examples
    --------
    >>> cut_pictures(np.zeros((1, 32, 80), np.float32), 32, "windows")[1:]
    ([(0, 0), (0, 24), (0, 48)], (32, 80))
    """
    shape = picture_shape((image.shape[-2], image.shape[-1]), side, larger)
    image = resize(image, shape)
    rows, columns = (np.rint(np.linspace(0, length - side, -(-length // side))).astype(int) for length in shape)
    starts = [(int(top), int(left)) for top in rows for left in columns]
    pictures = np.stack([image[:, top : top + side, left : left + side] for top, left in starts])
    return pictures, starts, shape


def _in_batches(count: Counter, pictures: Pixels) -> NDArray[np.float64]:
    pieces = [count(np.ascontiguousarray(pictures[start : start + BATCH])) for start in range(0, len(pictures), BATCH)]
    return np.concatenate(pieces)[:, 0].astype(np.float64)
