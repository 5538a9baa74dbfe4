"""A slide small enough to look at: for finding tissue, and for the pictures of the report."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.slides.slide import Slide

logger = logging.getLogger(__name__)

LONGEST = 2048
"""Most pixels on the longer side of an overview."""
SHRINKABLE = (np.uint8, np.uint16, np.int16, np.float32, np.float64)
"""Types that OpenCV shrinks as they are."""
STRIP_BYTES = 64 * 2**20
"""Pixels that are held at a time while a slide without lower resolutions is shrunk."""


@dataclass(frozen=True, eq=False)
class Overview:
    """The slide in few pixels.

    Parameters
    ----------
    pixels
        (C, Y, X), in the slide's type: means over squares.
    shape
        (Y, X) of the slide's level 0, all of which the overview shows.
    """

    pixels: NDArray[Any]
    shape: tuple[int, int]

    @property
    def step(self) -> tuple[float, float]:
        """Pixels of level 0 per pixel of the overview, along Y and X."""
        rows, columns = self.pixels.shape[-2:]
        return self.shape[0] / rows, self.shape[1] / columns


def look_over(slide: Slide, on_share: Callable[[float], None] = lambda share: None) -> Overview:
    """The coarsest level that still has `LONGEST` / 2 pixels on its longer side, made smaller where it is larger.

    A slide without lower resolutions is read once from end to end, some rows at a time. Of a level that is damaged all
    over the next finer one is taken; what else is damaged is logged as a warning.

    Parameters
    ----------
    slide
        What to look at.
    on_share
        Called with the share that has been read.

    Raises
    ------
    ImageError
        When no pixel of any of them can be decoded.
    """
    fine = [number for number, level in enumerate(slide.levels) if max(level.shape) >= LONGEST // 2]
    for level in reversed(range(fine[-1] + 1 if fine else 1)):
        pixels, damaged = _shrunk(slide, level, on_share)
        if damaged < 1:
            break
    else:
        raise ImageError("is damaged all over", file=slide.path, cure="copy or export it again")
    if damaged:
        logger.warning("%s: %.2g %% of its pixels are damaged and left out", slide.name, 100 * damaged)
    return Overview(pixels, slide.levels[0].shape)


def _shrunk(slide: Slide, level: int, on_share: Callable[[float], None]) -> tuple[NDArray[Any], float]:
    """A level in few pixels, and which share of it is damaged."""
    rows, columns = slide.levels[level].shape
    step = max(1, -(-max(rows, columns) // LONGEST))
    row_bytes = columns * len(slide.channels) * slide.dtype.itemsize
    strip = max(step, STRIP_BYTES // row_bytes // step * step)
    tile = slide.levels[level].tile[0]
    if strip > tile:
        strip = max(step, strip // tile * tile // step * step)
    parts, damaged = [], 0
    for top in range(0, rows, strip):
        bottom = min(top + strip, rows)
        piece = slide.read(level, (slice(top, bottom), slice(0, columns)))
        damaged += 0 if piece.damaged is None else int(np.count_nonzero(piece.damaged))
        parts.append(_means(piece.pixels, step))
        on_share(bottom / rows)
    return np.concatenate(parts, axis=1), damaged / (rows * columns)


def _means(pixels: NDArray[Any], step: int) -> NDArray[Any]:
    """Means over squares of `step` pixels; the last ones, if they are incomplete, as if the edge went on."""
    if step == 1:
        return pixels
    rows, columns = (-(-length // step) for length in pixels.shape[1:])
    missing = ((0, rows * step - pixels.shape[1]), (0, columns * step - pixels.shape[2]))
    working = pixels.dtype if pixels.dtype in SHRINKABLE else np.dtype(np.float64)
    means = np.empty((len(pixels), rows, columns), pixels.dtype)
    for mean, channel in zip(means, pixels, strict=True):
        whole = np.pad(channel, missing, mode="edge") if missing != ((0, 0), (0, 0)) else channel
        mean[:] = cv2.resize(whole.astype(working, copy=False), (columns, rows), interpolation=cv2.INTER_AREA)
    return means
