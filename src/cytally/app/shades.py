"""From pixels of any type to what a screen shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from cytally.app.picture import Picture
from cytally.images.image import COLOURS

LOOKED_AT = 1024
LOW, HIGH = 0.5, 99.9
"""Percentiles that are black and white at first, as in overlays."""
THUMBNAIL = 256
Colours = NDArray[np.uint8]


@dataclass(frozen=True)
class Range:
    """Brightness of a channel: shown from `low` (black) to `high` (white); `least` and `most` there are."""

    channel: int
    low: float
    high: float
    least: float
    most: float

    def as_dict(self) -> dict[str, Any]:
        """As the page gets it."""
        return asdict(self)


def is_colour(channels: Sequence[str], dtype: np.dtype[Any]) -> bool:
    """Whether the channels are red, green and blue of a camera, to be shown as they are."""
    return tuple(channels) == COLOURS["3"] and dtype == np.uint8


def find_ranges(picture: Picture) -> list[Range]:
    """The brightness of each channel, from the picture made small."""
    seen, found = picture.overview(LOOKED_AT), []
    for number, channel in enumerate(seen):
        values = np.nan_to_num(channel.astype(np.float64), posinf=0, neginf=0)
        least, most = float(values.min()), float(values.max())
        low, high = (float(np.percentile(values, percent)) for percent in (LOW, HIGH))
        if is_colour(picture.channels, picture.dtype):
            low, high = 0.0, 255.0
        if picture.dtype == np.uint8:
            least, most = 0.0, 255.0
        if high <= low:
            low, high = least, most
        found.append(Range(number, low, high if high > low else low + 1, least, most if most > least else least + 1))
    return found


def shade(pixels: NDArray[Any], low: float, high: float) -> Colours:
    """Grey from 0 at `low` to 255 at `high`.

    Examples
    --------
    >>> shade(np.array([0, 10, 15, 99]), 10, 20).tolist()
    [0, 0, 128, 255]
    """
    span = high - low if high > low else 1.0
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = (pixels.astype(np.float32) - np.float32(low)) * np.float32(255 / span)
    shaded: Colours = np.rint(np.clip(np.nan_to_num(scaled, nan=0.0), 0, 255)).astype(np.uint8)
    return shaded


def coloured(pixels: NDArray[Any], channels: Sequence[str], ranges: Sequence[Range]) -> Colours:
    """All channels (C, Y, X) in one picture: colours as they are, others as the brightest of them, in grey."""
    if is_colour(channels, pixels.dtype):
        return np.ascontiguousarray(pixels.transpose(1, 2, 0))
    shades = [shade(one, each.low, each.high) for one, each in zip(pixels, ranges, strict=True)]
    if tuple(channels) == COLOURS["3"]:
        return np.stack(shades, axis=-1)
    brightest: Colours = np.max(shades, axis=0)
    return brightest


def draw_thumbnail(picture: Picture, ranges: Sequence[Range]) -> bytes:
    """A PNG of at most 256 pixels."""
    height, width = picture.levels[0]
    small = picture.window(0, slice(0, height), slice(0, width), range(len(picture.channels)))
    return encode(coloured(small, picture.channels, ranges))


def encode(picture: Colours) -> bytes:
    """Grey (Y, X), or colours (Y, X, 3 or 4) the fourth of which is opacity, as a PNG."""
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(picture), level=1, filter=imagecodecs.PNG.FILTER.SUB))
