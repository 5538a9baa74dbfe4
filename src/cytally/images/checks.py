"""What an image must be before anything is counted in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cytally.errors import ImageError
from cytally.images.image import Image

SMALLEST = 8
"""Pixels along Y and X below which there is nothing to count in."""


def checked(image: Image) -> Image:
    """Return the image with pixels in native byte order (truth values as 0 and 1).

    Raises
    ------
    ImageError
        When it is narrower than 8 pixels, holds complex numbers or text, or has NaN or infinite pixels.
    """
    height, width = image.data.shape[-2:]
    file = image.source or image.name
    if min(height, width) < SMALLEST:
        raise ImageError(
            f"is {height} x {width} pixels (Y x X), and needs at least {SMALLEST} x {SMALLEST}",
            file=file,
            cure="name its axes with --axes if these are not Y and X, else leave it out",
        )
    if 0 in image.data.shape:
        raise ImageError(f"has no pixels (shape {image.data.shape})", file=file, cure="export it again")
    kind = image.data.dtype.kind
    if kind == "b":
        return replace(image, data=image.data.astype(np.uint8))
    if kind == "c":
        raise ImageError("holds complex numbers", file=file, cure="save their magnitude as 32-bit float")
    if kind not in "uif":
        raise ImageError(f"holds {image.data.dtype}, not numbers", file=file, cure="save it as 8 or 16-bit integers")
    if kind == "f":
        bad = image.data.size - int(np.count_nonzero(np.isfinite(image.data)))
        if bad:
            raise ImageError(
                f"has {bad} pixel{'s' if bad > 1 else ''} that {'are' if bad > 1 else 'is'} NaN or infinite",
                file=file,
                cure="replace them and save it again",
            )
    return replace(image, data=image.data.astype(image.data.dtype.newbyteorder("="), copy=False))
