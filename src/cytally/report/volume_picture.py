"""A few slices of a segmented volume side by side, with the outlines of the objects in colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from cytally.report.contact_sheet import choose_evenly
from cytally.report.lettering import GROUND, INK, font
from cytally.report.overlays import drawing_size, shrink, stretch

MOST_SLICES = 5
LONGEST_SIDE = 640
"""Longest side of each slice's drawing in pixels."""
GAP, LETTERS = 8, 16

COLOURS = np.array(
    [
        *((0, 170, 255), (255, 140, 0), (0, 200, 120), (255, 225, 0)),
        *((255, 80, 180), (230, 60, 0), (130, 120, 255), (90, 230, 90)),
    ],
    np.uint8,
)
"""Of the outlines. They go by the label, so that an object has one in all slices."""


@dataclass(frozen=True)
class DrawnSlice:
    """One slice to draw: its place `z` in the volume, its pixels (Y, X) and its labels (Y, X), 0 for background."""

    z: int
    pixels: NDArray[Any]
    labels: NDArray[np.integer[Any]]


def choose_slices(slices: int, first: int | None = None, last: int | None = None) -> list[int]:
    """At most five slices, evenly from the first to the last that show an object; of an empty volume, from all.

    Examples
    --------
    >>> choose_slices(40, 10, 20), choose_slices(3), choose_slices(9, 4, 4)
    ([10, 12, 15, 18, 20], [0, 1, 2], [4])
    """
    shown = range(slices) if first is None or last is None else range(first, last + 1)
    return choose_evenly(shown, MOST_SLICES)


def draw_slices(slices: Sequence[DrawnSlice], depth: int) -> NDArray[np.uint8]:
    """Draw slices side by side, each under its place in the volume, in one contrast.

    Parameters
    ----------
    slices
        At least one, all of the same size.
    depth
        How many slices the volume has.

    Returns
    -------
    numpy.ndarray
        Colours (Y, X, 3), uint8.
    """
    shape = slices[0].pixels.shape
    height, width = drawing_size(shape[0], shape[1], LONGEST_SIDE)
    small = (min(shape[0], height), min(shape[1], width))  # shade the few pixels there are, then enlarge
    dtype = slices[0].pixels.dtype
    ends = (float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)) if dtype.kind in "ui" else (0.0, 1.0)
    greys = stretch(np.stack([shrink(each.pixels, small) for each in slices]), ends)
    head = LETTERS + GAP
    sheet = np.full((head + height, len(slices) * (width + GAP) - GAP, 3), GROUND, np.uint8)
    for place, (each, grey) in enumerate(zip(slices, greys, strict=True)):
        left = place * (width + GAP)
        large = np.rint(255 * grey).astype(np.uint8)
        large = large.repeat(height // small[0], axis=0).repeat(width // small[1], axis=1)
        picture = sheet[head:, left : left + width]
        picture[:] = large[..., None]
        outline(picture, each.labels)
    canvas = Pillow.fromarray(sheet)
    pen = ImageDraw.Draw(canvas)
    for place, each in enumerate(slices):
        left = place * (width + GAP)
        title = f"slice {each.z + 1} of {depth}"
        if font(LETTERS - 3).getlength(title) > width:
            title = str(each.z + 1)
        pen.text((left + 2, GAP // 2), title, INK, font(LETTERS - 3))
    return np.asarray(canvas)


def outline(picture: NDArray[np.uint8], labels: NDArray[np.integer[Any]]) -> None:
    """Draw outlines, inside each object, into colours (Y, X, 3); two pixels wide where that is larger than `labels`."""
    height, width = picture.shape[:2]
    rows = ((np.arange(height) + 0.5) * labels.shape[0] / height).astype(np.intp)
    columns = ((np.arange(width) + 0.5) * labels.shape[1] / width).astype(np.intp)
    shown = labels[np.ix_(rows, columns)]
    edge = np.zeros(shown.shape, bool)
    for distance in (1, 2) if height > labels.shape[0] else (1,):
        across, along = shown[distance:] != shown[:-distance], shown[:, distance:] != shown[:, :-distance]
        edge[distance:] |= across
        edge[:-distance] |= across
        edge[:, distance:] |= along
        edge[:, :-distance] |= along
    edge &= shown > 0
    picture[edge] = COLOURS[(shown[edge].astype(np.int64) - 1) % len(COLOURS)]
