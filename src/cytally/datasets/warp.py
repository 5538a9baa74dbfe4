"""A picture and its label image under one affine map, mirrored beyond the image's edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform


@dataclass(frozen=True)
class Warp:
    """A turn, a shear, a change of size and a flip about a crop's middle.

    Parameters
    ----------
    degrees
        Angle of the turn, counter-clockwise as the picture is seen.
    shear
        Angle in degrees by which columns lean along the rows.
    factor
        New pixels per old pixel.
    flip
        Whether left and right change places, before all else.
    """

    degrees: float = 0.0
    shear: float = 0.0
    factor: float = 1.0
    flip: bool = False

    @property
    def back(self) -> NDArray[np.float64]:
        """The linear map (2, 2) from offsets (y, x) in the crop to offsets in the image."""
        sine, cosine = np.sin(np.deg2rad(self.degrees)), np.cos(np.deg2rad(self.degrees))
        turn = np.array([[cosine, -sine], [sine, cosine]])
        lean = np.array([[1.0, 0.0], [np.tan(np.deg2rad(self.shear)), 1.0]])
        mirror = np.diag([1.0, -1.0 if self.flip else 1.0])
        back: NDArray[np.float64] = np.linalg.inv(self.factor * turn @ lean @ mirror)
        return back


def warped(
    image: NDArray[np.float32], labels: NDArray[np.integer[Any]], size: int, centre: NDArray[np.float64], warp: Warp
) -> tuple[NDArray[np.float32], NDArray[np.integer[Any]]]:
    """Cut a square out of a picture and its label image, the same of both.

    Parameters
    ----------
    image
        Pixels (C, Y, X); read between pixels by linear interpolation.
    labels
        Label image (Y, X); the nearest pixel is taken.
    size
        Side of the square in pixels.
    centre
        y and x in the image of the square's middle, the origin at the centre of the top-left pixel.
    warp
        How the square is turned.

    Returns
    -------
    tuple
        The square's pixels (C, size, size) and labels (size, size). Beyond the image's edges both are mirrored, as
        often as it takes, so that a nucleus there is labelled as what it shows.

    Examples
    --------
    Without a warp it is a plain crop; one pixel beyond the left edge the first column comes again.

    >>> labels = np.arange(1, 10).reshape(3, 3)
    >>> warped(labels[None].astype(np.float32), labels, 3, np.array([1.0, 0.0]), Warp())[1].tolist()
    [[1, 1, 2], [4, 4, 5], [7, 7, 8]]
    """
    back = warp.back
    start = centre - back @ np.full(2, (size - 1) / 2)
    straight = np.array_equal(back, np.eye(2)) and np.array_equal(start, np.round(start))
    if straight and (start >= 0).all() and (start + size <= labels.shape).all():  # nothing to interpolate
        rows, columns = (slice(int(first), int(first) + size) for first in start)
        return np.ascontiguousarray(image[:, rows, columns]), np.ascontiguousarray(labels[rows, columns])
    shape = (size, size)
    pixels = [affine_transform(each, back, start, shape, order=1, mode="reflect") for each in image]
    names = affine_transform(labels, back, start, shape, order=0, mode="reflect")
    return np.stack(pixels), names
