"""A contact sheet: many labelled images at a glance, each with its name, its nuclei, and whether it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from cytally.report.lettering import GROUND, INK, font

Rgb = NDArray[np.uint8]
"""Colours (Y, X, 3)."""
Colour = tuple[int, int, int]
Thing = TypeVar("Thing")

MOST_IMAGES = 60
"""A sheet of more would be too small to see anything in, or too large to open."""

COLUMNS = 6
SIDE = 240
"""Longest side of a picture in pixels."""
GAP, RIM, LINE = 16, 4, 19
"""Pixels between pictures, of the coloured rim, and from one line of text to the next."""

SMALL, REASON_LINES = 11, 2
"""Size of the reasons' letters in pixels, and how many lines of them there is room for."""

SOFT = (176, 176, 184)
# Blue against orange stays apart for every common form of colour blindness (after Okabe & Ito's palette).
KEPT, SKIPPED = (86, 180, 233), (230, 159, 0)


@dataclass(frozen=True)
class ContactImage:
    """One picture of the sheet.

    Parameters
    ----------
    name
        The image's name.
    picture
        Colours (Y, X, 3); shrunk where it is larger than its place.
    objects
        Number of nuclei.
    why
        Why training should skip it; empty where it is kept.
    """

    name: str
    picture: Rgb
    objects: int
    why: str = ""

    @property
    def verdict(self) -> str:
        """What becomes of it, in words."""
        nuclei = "nucleus" if self.objects == 1 else "nuclei"
        return f"{'skipped' if self.why else 'kept'}, {self.objects:,} {nuclei}"


def choose_evenly(things: Sequence[Thing], most: int = MOST_IMAGES) -> list[Thing]:
    """At most so many of the things, evenly spread, the first and the last among them.

    Examples
    --------
    >>> choose_evenly(range(10), 4), choose_evenly("abc", 4), choose_evenly("ab", 1)
    ([0, 3, 6, 9], ['a', 'b', 'c'], ['a'])
    """
    if len(things) <= most:
        return list(things)
    return [things[int(place)] for place in np.round(np.linspace(0, len(things) - 1, most))]


def contact_sheet(images: Sequence[ContactImage], *, title: str) -> Rgb:
    """Draw the images in rows, each with a rim whose colour, and lines whose words, say what becomes of it.

    Parameters
    ----------
    images
        What to show, in order; at most `MOST_IMAGES` (see `choose_evenly`).
    title
        A line above all, as how many of how many images are shown.

    Returns
    -------
    numpy.ndarray
        Colours (Y, X, 3), uint8.

    Raises
    ------
    ValueError
        When there are too many images.
    """
    if len(images) > MOST_IMAGES:
        raise ValueError(f"{len(images)} images are too many for one sheet, which has {MOST_IMAGES} places")
    columns = max(1, min(COLUMNS, len(images)))
    rows = -(-len(images) // columns)
    cell, text = SIDE + 2 * RIM, 4 * LINE
    top = GAP + 2 * LINE
    titled = int(font(16).getlength(title)) + 2 * GAP
    width = max(GAP + columns * (cell + GAP), titled)
    sheet = Pillow.new("RGB", (width, top + rows * (cell + text + GAP)), GROUND)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, GAP), title, INK, font(16))
    for place, image in enumerate(images):
        left, upper = GAP + place % columns * (cell + GAP), top + place // columns * (cell + text + GAP)
        _draw(sheet, draw, image, left, upper)
    return np.asarray(sheet)


def _draw(sheet: Pillow.Image, draw: ImageDraw.ImageDraw, image: ContactImage, left: int, upper: int) -> None:
    """One picture in its rim, centred, and its lines below."""
    picture = Pillow.fromarray(np.ascontiguousarray(image.picture))
    picture.thumbnail((SIDE, SIDE), Pillow.Resampling.LANCZOS)
    colour: Colour = SKIPPED if image.why else KEPT
    x, y = left + (SIDE - picture.width) // 2, upper + (SIDE - picture.height) // 2
    draw.rectangle((x, y, x + picture.width + 2 * RIM - 1, y + picture.height + 2 * RIM - 1), fill=colour)
    sheet.paste(picture, (x + RIM, y + RIM))
    below, wide = upper + SIDE + 2 * RIM + 3, SIDE + 2 * RIM
    draw.text((left, below), shortened(image.name, wide), INK, font(13))
    draw.text((left, below + LINE), image.verdict, colour, font(13))
    for row, line in enumerate(wrapped(image.why, wide, REASON_LINES)):
        draw.text((left, below + (2 + row) * LINE), line, SOFT, font(SMALL))


def shortened(text: str, width: int, size: int = 13) -> str:
    """The text, its middle replaced by an ellipsis where it is longer than `width` pixels."""
    letters = font(size)
    if letters.getlength(text) <= width:
        return text
    for left_out in range(1, len(text)):
        kept = len(text) - left_out
        short = f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
        if letters.getlength(short) <= width:
            return short
    return "…"


def wrapped(text: str, width: int, lines: int, size: int = SMALL) -> list[str]:
    """The text in at most so many lines of `width` pixels, what is too much replaced by an ellipsis."""
    letters, found = font(size), [""]
    words = text.split()
    for place, word in enumerate(words):
        longer = f"{found[-1]} {word}".strip()
        if letters.getlength(longer) <= width or not found[-1]:
            found[-1] = longer
        elif len(found) < lines:
            found.append(word)
        else:
            found[-1] = " ".join([found[-1], *words[place:]])
            break
    return [shortened(line, width, size) for line in found]
