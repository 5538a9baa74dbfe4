"""PNG, JPEG and BMP."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cytally.errors import ImageError
from cytally.images.assemble import Scene

MAGIC = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"BM": "BMP"}
"""The first bytes of each format."""


def format_of(head: bytes) -> str | None:
    """Which of the formats starts with these bytes, or None."""
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), None)


def read_raster(path: Path) -> list[Scene]:
    """Read one picture. Palettes become colours, transparency is left out.

    Raises
    ------
    ImageError
        When the file is cut off or damaged, does not fit into memory, or its colours are those of print (CMYK).
    """
    import imagecodecs

    data = path.read_bytes()
    kind = format_of(data)
    damaged = ImageError(f"is a {kind} file that is cut off or damaged", file=path, cure="copy or export it again")
    if kind == "JPEG" and not _jpeg_ends(data):
        raise damaged
    decode: dict[str, Callable[[bytes], npt.NDArray[np.generic]]] = {
        "PNG": imagecodecs.png_decode,
        "JPEG": imagecodecs.jpeg_decode,
        "BMP": _decode_bmp,
    }
    try:
        array = decode[str(kind)](data)
    except MemoryError as error:
        raise ImageError("does not fit into memory", file=path, cure="cut it into smaller images") from error
    except (RuntimeError, ValueError, KeyError, OSError) as error:
        raise damaged from error
    if array.ndim == 2:
        return [Scene(array, "YX")]
    samples = array.shape[2]
    if kind == "JPEG" and samples == 4:
        raise ImageError("has the colours of print (CMYK)", file=path, cure="save it as RGB or grey")
    # Two samples are grey and alpha, four are red, green, blue and alpha.
    return [Scene(array[:, :, 0], "YX")] if samples <= 2 else [Scene(array[:, :, :3], "YXS")]


def _decode_bmp(data: bytes) -> npt.NDArray[np.uint8]:
    """The pixels of a BMP file, by Pillow: imagecodecs believes a damaged header and reads beyond the file's end."""
    from PIL import BmpImagePlugin

    try:
        picture = BmpImagePlugin.BmpImageFile(io.BytesIO(data))
    except SyntaxError as error:  # Pillow's word for a header that makes no sense
        raise ValueError(str(error)) from error
    # Even run lengths, the only compression of BMP, put at most 255 pixels into two bytes.
    if picture.width * picture.height > 128 * len(data):
        raise ValueError(f"{len(data)} bytes cannot hold {picture.width} x {picture.height} pixels")
    grey = picture.mode in ("1", "L")
    return np.asarray(picture.convert("L" if grey else "RGB"))


def _jpeg_ends(data: bytes) -> bool:
    """Whether the picture's end marker is there: decoders fill what is missing with grey and do not complain."""
    place = 2
    # Up to the first scan, segments tell their length. This skips thumbnails, which have an end marker of their own.
    while place + 4 <= len(data) and data[place] == 0xFF:
        if data[place + 1] == 0xFF:  # a fill byte
            place += 1
            continue
        if data[place + 1] == 0xDA:
            return data.find(b"\xff\xd9", place) >= 0
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return False
