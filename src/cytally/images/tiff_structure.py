"""Whether a TIFF file is whole: what its directories point to lies inside it, and is as much as they promise.

A reader that meets the end of a cut file too early may go on with fewer pages or without the metadata, and nobody
would know that cells are missing from the count. One that believes a damaged size may work for hours.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any, BinaryIO

MAGIC = {b"II*\0": ("<", False), b"MM\0*": (">", False), b"II+\0": ("<", True), b"MM\0+": (">", True)}
"""First bytes of TIFF: byte order, and whether it is BigTIFF (8-byte offsets)."""

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
INTEGERS = {1: "B", 3: "H", 4: "I", 16: "Q"}

WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, ROWS, PLANAR = 256, 257, 258, 259, 262, 277, 278, 284
STRIPS, STRIP_SIZES, TILE_WIDTH, TILE_LENGTH, TILES, TILE_SIZES = 273, 279, 322, 323, 324, 325
DESCRIPTION, COLORMAP, IMAGEJ_COUNTS, IMAGEJ = 270, 320, 50838, 50839
LAYOUT = {WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, ROWS, PLANAR}
PIECES = {STRIPS, STRIP_SIZES, TILE_WIDTH, TILE_LENGTH, TILES, TILE_SIZES}
NEEDED = LAYOUT | PIECES | {DESCRIPTION, COLORMAP, IMAGEJ_COUNTS, IMAGEJ}

YCBCR = 6
UNCOMPRESSED = 1
LARGEST_RATIO = 100_000
"""No compression in use makes pixels smaller than that, not even of an empty image."""

Values = dict[int, tuple[int, ...]]


def is_whole(path: Path) -> bool:
    """Whether every directory of the file is whole.

    Source: TIFF 6.0 specification, sections 2, 3 and 15; the BigTIFF extension for 8-byte offsets.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            order, big = MAGIC[file.read(4)]
            return all(_lies_inside(values, size) and is_enough(values) for values in directories(file, order, big))
        except (KeyError, EOFError):
            return False


def directories(file: BinaryIO, order: str, big: bool) -> Iterator[Values]:
    """Each directory's needed values by tag. EOFError where a directory or value is outside the file."""
    offset, count, entry = ("Q", "Q", "HHQ8s") if big else ("I", "H", "HHI4s")
    if big:
        file.seek(8)
    (place,) = _unpack(file, order + offset)
    seen: set[int] = set()
    while place and place not in seen:
        seen.add(place)
        _seek(file, place)
        (number,) = _unpack(file, order + count)
        values: Values = {}
        for _ in range(number):
            tag, kind, length, inline = _unpack(file, order + entry)
            after = file.tell()
            if tag in NEEDED and kind in SIZES:
                values[tag] = _values(file, order, kind, length, inline, order + offset)
            file.seek(after)
        (place,) = _unpack(file, order + offset)
        yield values


def _values(file: BinaryIO, order: str, kind: int, number: int, inline: bytes, offset: str) -> tuple[int, ...]:
    """The integers of one tag; nothing for other types, which only have to lie inside the file."""
    length = number * SIZES[kind]
    if length > len(inline):
        (place,) = struct.unpack(offset, inline)
        _seek(file, place + length)
        if kind not in INTEGERS:
            return ()
        file.seek(place)
        inline = file.read(length)
    return struct.unpack(f"{order}{number}{INTEGERS[kind]}", inline[:length]) if kind in INTEGERS else ()


def _lies_inside(values: Values, size: int) -> bool:
    """Whether every strip and tile ends before the file does."""
    for places, lengths in ((STRIPS, STRIP_SIZES), (TILES, TILE_SIZES)):
        pairs = zip(values.get(places, ()), values.get(lengths, ()), strict=False)
        if any(place + length > size for place, length in pairs):
            return False
    return True


def is_enough(values: Values) -> bool:
    """Whether there are as many strips or tiles, and as many bytes in them, as the picture's size asks for."""

    def first(tag: int, default: int) -> int:
        return (values.get(tag) or (default,))[0]

    width, length, samples = first(WIDTH, 0), first(LENGTH, 0), first(SAMPLES, 1)
    if TILES in values:
        pieces, sizes = values[TILES], values.get(TILE_SIZES, ())
        across, down = first(TILE_WIDTH, 0), first(TILE_LENGTH, 0)
    else:
        pieces, sizes = values.get(STRIPS, ()), values.get(STRIP_SIZES, ())
        across, down = width, first(ROWS, length)
    if min(width, length, samples, across, down) < 1:
        return False
    if len(pieces) < ceil(width / across) * ceil(length / down) * (samples if first(PLANAR, 1) == 2 else 1):
        return False
    # Sparse files have pieces of no bytes, and subsampled colours take fewer bytes than their size says.
    if not sizes or min(sizes) == 0 or first(PHOTOMETRIC, 1) == YCBCR:
        return True
    ratio = 1 if first(COMPRESSION, UNCOMPRESSED) == UNCOMPRESSED else LARGEST_RATIO
    return width * length * samples * first(BITS, 1) <= 8 * sum(sizes) * ratio


def _seek(file: BinaryIO, place: int) -> None:
    """Go to `place`. EOFError where that is behind the end."""
    if place > file.seek(0, 2):
        raise EOFError
    file.seek(place)


def _unpack(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    data = file.read(struct.calcsize(layout))
    if len(data) < struct.calcsize(layout):
        raise EOFError
    return struct.unpack(layout, data)
