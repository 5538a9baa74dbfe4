"""A slide small enough to look at: for finding tissue, and for the pictures of the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cytally.slides.slide import Slide

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

    A slide without lower resolutions is read once from end to end, some rows at a time.

    Parameters
    ----------
    slide
        What to look at.
    on_share
        Called with the share that has been read.
    """
    shape = slide.levels[0].shape
    fine = [number for number, level in enumerate(slide.levels) if max(level.shape) >= LONGEST // 2]
    level = fine[-1] if fine else 0
    rows, columns = slide.levels[level].shape
    step = max(1, -(-max(rows, columns) // LONGEST))
    row_bytes = columns * len(slide.channels) * slide.dtype.itemsize
    strip = max(step, STRIP_BYTES // row_bytes // step * step)
    tile = slide.levels[level].tile[0]
    if strip > tile:
        strip = max(step, strip // tile * tile // step * step)
    parts = []
    for top in range(0, rows, strip):
        bottom = min(top + strip, rows)
        parts.append(_means(slide.read(level, (slice(top, bottom), slice(0, columns))).pixels, step))
        on_share(bottom / rows)
    return Overview(np.concatenate(parts, axis=1), shape)


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
