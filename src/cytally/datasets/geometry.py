"""Moving a picture and its points together: cut out, turned, mirrored and resized.

Pictures are (C, Y, X), float32. Points are (N, 2), float64, as y, x in pixels with the origin at the centre of the
top-left pixel, so that a picture's edges lie at -0.5 and at its size - 0.5. Every geometry moves points exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from cytally.datasets.example import Bounds
from cytally.images.resize import resize, scale_points

Picture = NDArray[np.float32]
Points = NDArray[np.float64]


def random_crop(image: Picture, points: Points, size: int, rng: np.random.Generator) -> tuple[Picture, Points, Bounds]:
    """Cut a square out of `image`, its edges and corners more often than chance would.

    Places are drawn from a range that goes an eighth of the crop beyond the image on each side, and moved back inside:
    a network must see what cells look like at the image's edge, and a crop drawn evenly would hardly ever end there.

    An image smaller than the crop is padded with zeros at its bottom and right, since mirrored cells would have no
    points.

    Parameters
    ----------
    image
        Pixels (C, Y, X).
    points
        Cells (N, 2).
    size
        Side of the crop in pixels.
    rng
        Where chance comes from.

    Returns
    -------
    tuple
        The crop (C, size, size), which may share memory with `image`; all points in its coordinates, those outside it
        included, because their Gaussians may reach in; and the edges (top, left, bottom, right) of `image` in its
        coordinates.

    Examples
    --------
    An image that is too small: padded, and the bounds tell where it ends.

    >>> small = np.ones((1, 2, 3), np.float32)
    >>> crop, points, bounds = random_crop(small, np.array([[1.0, 2.0]]), 4, np.random.default_rng(0))
    >>> crop[0].tolist()[1:3]
    [[1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    >>> points.tolist(), bounds
    ([[1.0, 2.0]], (-0.5, -0.5, 1.5, 2.5))
    """
    rows, columns = image.shape[-2:]
    top, left = (random_place(length, size, rng) for length in (rows, columns))
    crop = image[:, top : top + size, left : left + size]
    missing = [(0, size - length) for length in crop.shape[-2:]]
    if missing != [(0, 0), (0, 0)]:
        crop = np.pad(crop, [(0, 0), *missing])
    bounds = (-0.5 - top, -0.5 - left, rows - 0.5 - top, columns - 0.5 - left)
    return crop, points - np.array([top, left], dtype=np.float64), bounds


def turn_and_flip(image: Picture, points: Points, turns: int, flip: bool) -> tuple[Picture, Points]:
    """Turn by 90 degrees counter-clockwise, `turns` times, then mirror left and right if `flip`.

    Parameters
    ----------
    image
        Pixels (C, Y, X); Y and X change places with an odd number of turns.
    points
        Cells (N, 2).

    Examples
    --------
    >>> image, points = turn_and_flip(np.arange(6.0).reshape(1, 2, 3), np.array([[0.0, 2.0]]), 1, False)
    >>> image[0].tolist(), points.tolist()
    ([[2.0, 5.0], [1.0, 4.0], [0.0, 3.0]], [[0.0, 0.0]])
    """
    for _ in range(turns % 4):
        last = image.shape[-1] - 1
        image = np.rot90(image, axes=(-2, -1))
        points = np.stack([last - points[:, 1], points[:, 0]], axis=1)
    if flip:
        last = image.shape[-1] - 1
        image = image[..., ::-1]
        points = np.stack([points[:, 0], last - points[:, 1]], axis=1)
    return np.ascontiguousarray(image), points


def rotate(image: Picture, points: Points, degrees: float) -> tuple[Picture, Points]:
    """Turn about the middle by any angle, counter-clockwise, keeping the size.

    Corners that come into view repeat the nearest pixel, since mirrored cells would have no points.

    Parameters
    ----------
    image
        Pixels (C, Y, X).
    points
        Cells (N, 2); those that leave the picture are kept.
    degrees
        Angle.

    Examples
    --------
    A quarter turn of a square is what `turn_and_flip` makes of it.

    >>> image, points = rotate(np.arange(4.0, dtype=np.float32).reshape(1, 2, 2), np.array([[0.0, 1.0]]), 90)
    >>> image[0].round(3).tolist(), points.round(3).tolist()
    ([[1.0, 3.0], [0.0, 2.0]], [[0.0, 0.0]])
    """
    sine, cosine = np.sin(np.deg2rad(degrees)), np.cos(np.deg2rad(degrees))
    turn = np.array([[cosine, -sine], [sine, cosine]])  # of (y, x), counter-clockwise as the picture is seen
    middle = (np.array(image.shape[-2:]) - 1) / 2
    back = turn.T
    turned = np.stack(
        [affine_transform(channel, back, middle - back @ middle, order=1, mode="nearest") for channel in image]
    )
    return turned, (points - middle) @ turn.T + middle


def rescale(image: Picture, points: Points, factor: float) -> tuple[Picture, Points]:
    """Change the size by `factor`, keeping brightness: areas map exactly, and shrinking is anti-aliased.

    Parameters
    ----------
    image
        Pixels (C, Y, X).
    points
        Cells (N, 2).
    factor
        New pixels per old pixel along each axis, above zero.

    Returns
    -------
    tuple
        The image, with Y and X times `factor`, rounded and at least 1; and the points at ``(p + 0.5) f - 0.5``, where f
        is the factor along their axis after that rounding.

    Examples
    --------
    >>> image, points = rescale(np.ones((1, 4, 5), np.float32), np.array([[1.5, 2.0], [-0.5, 4.5]]), 0.5)
    >>> image.shape, points.tolist()
    ((1, 2, 2), [[0.5, 0.5], [-0.5, 1.5]])
    """
    rows, columns = image.shape[-2:]
    shape = (max(1, round(rows * factor)), max(1, round(columns * factor)))
    return resize(image, shape), scale_points(points, (shape[0] / rows, shape[1] / columns))


def random_place(length: int, size: int, rng: np.random.Generator) -> int:
    """Where a crop of `size` pixels begins along a side of `length`: each end stands for an eighth of a crop more."""
    room, beyond = max(length - size, 0), size // 8
    return int(np.clip(rng.integers(-beyond, room + beyond + 1), 0, room))
