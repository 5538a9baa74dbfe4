"""What the pages share: templates, numbers in words, and pictures as text, so that a page is one file."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image as Pillow

from cytally.report.words import sentence

THUMBNAIL_BYTES = 20_000
DASH = "–"


@dataclass(frozen=True)
class ReportFailure:
    """One image that could not be counted, and why."""

    image: str
    error: str


@dataclass(frozen=True)
class ReportFigure:
    """A picture with its heading and how to read it.

    Parameters
    ----------
    name
        What a link within the page calls it: letters and hyphens.
    title, caption
        Its heading, and sentences on how to read it.
    png
        The picture.
    alt
        What it shows, for those who do not see it.
    """

    name: str
    title: str
    caption: str
    png: bytes
    alt: str


@cache
def environment() -> Environment:
    """The templates, with the filters that they use."""
    made = Environment(
        loader=PackageLoader("cytally.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        decimal=decimal, significant=significant, address=address, sentence=sentence, png_source=png_source
    )
    return made


def decimal(value: float | None, digits: int = 1) -> str:
    """A number with fixed decimals and thousands apart; a dash for none.

    Examples
    --------
    >>> decimal(12345.678), decimal(None), decimal(float("nan")), decimal(-0.04)
    ('12,345.7', '–', '–', '0.0')
    """
    if value is None or not np.isfinite(value):
        return DASH
    return f"{round(value, digits) + 0.0:,.{digits}f}"


def significant(value: float | None) -> str:
    """A number with three significant digits and no exponent; a dash for none.

    Examples
    --------
    >>> significant(0.0034567), significant(1234.5), significant(0.0), significant(None)
    ('0.00346', '1,234', '0.00', '–')
    """
    if value is None or not np.isfinite(value):
        return DASH
    exponent = 0 if value == 0 else int(np.floor(np.log10(abs(value))))
    return f"{value:,.{max(0, 2 - exponent)}f}"


def address(relative: str) -> str:
    """A relative path as a link that survives ``#``, ``?``, ``%``, ``:`` and spaces in file names.

    Examples
    --------
    >>> address("overlays/a #1.png"), address("a:b.png")
    ('overlays/a%20%231.png', 'a%3Ab.png')
    """
    return quote(relative.replace("\\", "/"), safe="/")


def png_source(png: bytes) -> str:
    """A PNG as the source of an `img`."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def jpeg_source(png: bytes) -> str:
    """A PNG, made a small JPEG, as the source of an `img`."""
    return "data:image/jpeg;base64," + base64.b64encode(small_jpeg(png)).decode("ascii")


def small_jpeg(png: bytes) -> bytes:
    """The picture as a JPEG of at most 20 kB: first the quality gives way, then the size."""
    picture = Pillow.open(io.BytesIO(png)).convert("RGB")
    while True:
        for quality in (85, 72, 55):
            buffer = io.BytesIO()
            picture.save(buffer, format="jpeg", quality=quality, subsampling=0 if quality > 80 else 2)
            if buffer.tell() <= THUMBNAIL_BYTES or max(picture.size) <= 64:
                return buffer.getvalue()
        picture = picture.resize((max(1, picture.width * 3 // 4), max(1, picture.height * 3 // 4)))
