"""What is known of a file when it enters a project: its planes, that they can be read, and how they look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cytally.app.companions import check_companions
from cytally.app.picture import Picture, of_array
from cytally.app.shades import Range, draw_thumbnail, find_ranges
from cytally.app.unpacked import check_unpacked
from cytally.errors import ImageError
from cytally.images.read import read
from cytally.slides.slide import is_slide, open_slides


@dataclass(frozen=True)
class Entry:
    """One plane of a file.

    Parameters
    ----------
    place
        ``#scene,time`` where the file has several planes, else empty.
    width, height, channels, pixel_size
        As of the image.
    depth
        Slices that are projected by their maximum.
    ranges, thumbnail
        How it looks; None for a slide, which is looked at when somebody does.
    """

    place: str
    width: int
    height: int
    channels: tuple[str, ...]
    pixel_size: float | None
    depth: int = 1
    ranges: tuple[Range, ...] | None = None
    thumbnail: bytes | None = None


def look_into(path: Path, allowed: Sequence[Path]) -> list[Entry]:
    """Read a file, and tell of its planes. Of a slide the headers and the last corner are read.

    Parameters
    ----------
    path
        The file.
    allowed
        Folders that the files may lie in which it names as parts of itself.

    Raises
    ------
    ImageError
        When it is no image that can be counted, is cut off, would unpack to far more than its size, or has
        planes in files outside of the `allowed` folders.
    """
    check_companions(path, allowed)
    check_unpacked(path)
    return _slides(path) if is_slide(path) else _planes(path)


def _planes(path: Path) -> list[Entry]:
    found = []
    for image in read(path):
        for plane in image.planes():
            pixels = np.ascontiguousarray(plane.data)
            picture = Picture([of_array(pixels)], plane.channels, pixels.dtype)
            ranges, thumbnail = None, None
            if not picture.too_coarse():
                ranges = tuple(find_ranges(picture))
                thumbnail = draw_thumbnail(picture, ranges)
            found.append(
                Entry(
                    plane.name.removeprefix(path.name),
                    pixels.shape[2],
                    pixels.shape[1],
                    plane.channels,
                    plane.pixel_size,
                    image.data.shape[2],
                    ranges,
                    thumbnail,
                )
            )
    return found


def _slides(path: Path) -> list[Entry]:
    found = []
    for slide in open_slides(path):
        with slide:
            height, width = slide.levels[0].shape
            corner = (slice(height - 1, height), slice(width - 1, width))
            if slide.read(0, corner).damaged is not None:
                raise ImageError("is cut off or damaged", file=path, cure="copy or export it again")
            place = slide.name.removeprefix(path.name)
            found.append(Entry(place, width, height, slide.channels, slide.pixel_size))
    return found
