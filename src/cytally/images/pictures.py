"""Pictures of one fixed size, for networks that see no other: how images are brought to them."""

from __future__ import annotations

from typing import Literal

from cytally.errors import ImageError

Larger = Literal["windows", "resize"]
"""What happens to images larger than a picture: cut into `windows`, or made as small by `resize`."""

LEAST_PICTURE = 32
"""Rows and columns that an image must have: below, a cell is a pixel or two once the picture is filled."""


def picture_shape(shape: tuple[int, int], side: int, larger: Larger) -> tuple[int, int]:
    """Rows and columns that an image gets before pictures of `side` × `side` are taken from it.

    An image with an axis shorter than a picture is enlarged until it has `side` pixels there.

    Raises
    ------
    ImageError
        When it has fewer than 32 rows or columns; names no file.

    Examples
    --------
    >>> picture_shape((128, 128), 128, "windows"), picture_shape((600, 300), 128, "windows")
    ((128, 128), (600, 300))
    >>> picture_shape((64, 96), 128, "windows"), picture_shape((600, 300), 128, "resize")
    ((128, 192), (128, 128))
    """
    if min(shape) < LEAST_PICTURE:
        raise ImageError(
            f"is {shape[0]} × {shape[1]} pixels, and the method needs {LEAST_PICTURE} on each side",
            cure="use larger images, or a method that counts in any size, as 'density'",
        )
    if larger == "resize":
        return side, side
    factor = max(1.0, side / min(shape))
    rows, columns = (max(side, round(length * factor)) for length in shape)
    return rows, columns
