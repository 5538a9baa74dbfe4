"""How large an image gets when it is decoded, as its header tells, so that a small file cannot fill the memory."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import tifffile

from cytally.errors import ImageError
from cytally.images.formats import RASTER, SLIDE, TIFF
from cytally.images.raster import format_of
from cytally.images.tiff import DAMAGE, is_tiff
from cytally.slides.slide import is_slide

MOST_UNPACKED = 2 * 2**30
"""Bytes that an image, or the part of a slide that is decoded at once, may take however small its file is."""
PACKED = 4
"""How many times the bytes of its file it may take in any case: measured images are rarely packed tighter."""
SAMPLES = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
"""Samples of a pixel for each colour type of PNG; a palette is decoded to colours."""


def check_unpacked(path: Path) -> None:
    """Look at the header alone.

    Raises
    ------
    ImageError
        When the file would unpack to far more than its own size.
    """
    ending = path.suffix.lower()
    if ending not in (*RASTER, *TIFF, *SLIDE) or not path.is_file():
        return
    with path.open("rb") as file:
        head = file.read(32)
    if is_tiff(head):
        needed = _tiff_bytes(path)
    elif format_of(head) == "PNG":
        needed = _png_bytes(head)
    elif format_of(head) == "JPEG":
        needed = _jpeg_bytes(path)
    else:  # BMP is checked where it is decoded; of what is something else the reader tells
        needed = 0
    if needed > max(MOST_UNPACKED, PACKED * path.stat().st_size):
        raise ImageError(
            f"would unpack to {needed / 1e9:,.1f} GB, far more than the file is large",
            file=path,
            cure="cut it into smaller images, or save it as a TIFF in tiles, which is read tile by tile",
        )


def _png_bytes(head: bytes) -> int:
    """What the chunk IHDR says (PNG specification, section 11.2.2)."""
    if len(head) < 26:
        return 0
    width, height, depth, colour = struct.unpack(">IIBB", head[16:26])
    return int(width) * int(height) * SAMPLES.get(colour, 4) * (2 if depth == 16 else 1)


def _jpeg_bytes(path: Path) -> int:
    """What the frame headers before the first scan say (ITU-T T.81, section B.2.2)."""
    most = 0
    with path.open("rb") as file:
        file.seek(2)
        while len(marker := file.read(4)) == 4 and marker[0] == 0xFF:
            if marker[1] == 0xFF:  # a fill byte
                file.seek(-3, 1)
                continue
            if marker[1] == 0xDA:
                break
            body = int.from_bytes(marker[2:], "big") - 2
            segment = file.read(max(0, body))
            if 0xC0 <= marker[1] <= 0xCF and marker[1] not in (0xC4, 0xC8, 0xCC) and len(segment) >= 6:
                depth, height, width, samples = struct.unpack(">BHHB", segment[:6])
                most = max(most, height * width * samples * (2 if depth > 8 else 1))
    return most


def _tiff_bytes(path: Path) -> int:
    """All pixels of a TIFF that is read whole, the largest tile or strip of one that is read region by region."""
    try:
        with tifffile.TiffFile(path) as file:
            if not is_slide(path):
                return sum(int(series.nbytes) for series in file.series)
            pages = [page for series in file.series for level in series.levels for page in level.pages if page]
            return max((math.prod(page.chunks) * page.dtype.itemsize for page in pages if page.dtype), default=0)
    except (*DAMAGE, MemoryError):  # reading it says what is wrong
        return 0
