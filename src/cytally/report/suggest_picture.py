"""A picture with the region to label drawn on it."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

RIM = (255, 158, 0)
"""Orange, as the points of overlays."""
DARK = (10, 10, 15)


class Rectangle(Protocol):
    """First row, first column and size of a region in pixels of the image."""

    @property
    def y(self) -> int: ...
    @property
    def x(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...


def framed(picture: NDArray[np.uint8], box: Rectangle | None, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Draw the frame of a region on a picture; its rim lies within the region.

    Parameters
    ----------
    picture
        Colours (Y, X, 3) of a drawing of any size.
    box
        The region, in pixels of the image. None, or one that is the whole image, leaves the picture as it is.
    shape
        Rows and columns of the image.
    """
    if box is None or (box.height, box.width) == shape:
        return picture
    drawn = picture.copy()
    down, across = picture.shape[0] / shape[0], picture.shape[1] / shape[1]
    first = (round(box.x * across), round(box.y * down))
    last = (round((box.x + box.width) * across) - 1, round((box.y + box.height) * down) - 1)
    cv2.rectangle(drawn, first, last, DARK, 4)
    cv2.rectangle(drawn, first, last, RIM, 2)
    return drawn
