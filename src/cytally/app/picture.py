"""An image as the page looks at it: windows of any resolution, read lazily, whatever the file's own are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.files import whole_file
from cytally.images.read import read
from cytally.slides.slide import Slide, is_slide, open_slides

TILE = 256
COARSEST_STEP = 8
"""How much finer than what is shown the pixels may be that it is made from."""
KEPT_STEP = 4
"""How much coarser each resolution is that is kept in the cache."""
SHRINKABLE = (np.uint8, np.uint16, np.float32, np.float64)
STRIP = 1024

Pixels = NDArray[Any]
Read = Callable[[slice, slice, Sequence[int]], Pixels]


@dataclass(frozen=True)
class Source:
    """One resolution that there is: how many pixels of the whole image lie in one of its, along Y and X."""

    step: tuple[float, float]
    shape: tuple[int, int]
    read: Read


class Picture:
    """One plane of a file, at the resolutions 1, 1/2, 1/4, … down to one tile.

    Parameters
    ----------
    sources
        The resolutions that there are, the finest first.
    channels
        Names of the channels.
    dtype
        Type of the pixels.
    kept_bytes
        Memory that it holds on to.
    """

    def __init__(
        self, sources: Sequence[Source], channels: Sequence[str], dtype: np.dtype[Any], *, kept_bytes: int = 0
    ) -> None:
        self.sources, self.channels, self.dtype, self.kept_bytes = list(sources), tuple(channels), dtype, kept_bytes
        self.shape = self.sources[0].shape

    @property
    def levels(self) -> list[tuple[int, int]]:
        """Rows and columns of each resolution, the smallest first.

        Examples
        --------
        >>> Picture([of_array(np.zeros((1, 300, 1030)))], ("",), np.dtype(float)).levels
        [(38, 129), (75, 258), (150, 515), (300, 1030)]
        """
        return [tuple(-(-side >> halvings) for side in self.shape) for halvings in self._halvings()]  # type: ignore[misc]

    def _halvings(self) -> list[int]:
        most = max(0, math.ceil(math.log2(max(self.shape) / TILE)))
        return list(range(most, -1, -1))

    def window(self, level: int, rows: slice, columns: slice, channels: Sequence[int]) -> Pixels:
        """Pixels (C, Y, X) of a window of a level, means over what they cover.

        Parameters
        ----------
        level
            Number of the level, 0 being the smallest.
        rows, columns
            Inside the level.
        channels
            Which channels, by number.
        """
        step = 1 << self._halvings()[level]
        source = max((each for each in self.sources if max(each.step) <= step * 1.02), key=lambda each: max(each.step))
        spans = []
        for side, fine, along, length in zip((rows, columns), source.shape, source.step, self.shape, strict=True):
            start = math.floor(side.start * step / along)
            stop = min(fine, math.ceil(min(side.stop * step, length) / along))
            spans.append(slice(min(start, fine - 1), max(stop, min(start, fine - 1) + 1)))
        pixels = source.read(spans[0], spans[1], channels)
        return shrunk(pixels, (rows.stop - rows.start, columns.stop - columns.start))

    def tile(self, level: int, column: int, row: int, channels: Sequence[int]) -> Pixels | None:
        """One tile (C, Y, X), smaller at the right and lower edge; None outside."""
        place = self.place(level, column, row)
        return None if place is None else self.window(level, *place, channels)

    def place(self, level: int, column: int, row: int) -> tuple[slice, slice] | None:
        """The rows and columns of a level that a tile shows; None outside."""
        if not 0 <= level < len(self.levels):
            return None
        height, width = self.levels[level]
        rows = slice(row * TILE, min((row + 1) * TILE, height))
        columns = slice(column * TILE, min((column + 1) * TILE, width))
        if min(row, column) < 0 or rows.start >= height or columns.start >= width:
            return None
        return rows, columns

    def overview(self, longest: int) -> Pixels:
        """All channels in the coarsest level that has `longest` pixels, or the finest there is."""
        level = next((n for n, size in enumerate(self.levels) if max(size) >= longest), len(self.levels) - 1)
        height, width = self.levels[level]
        return self.window(level, slice(0, height), slice(0, width), range(len(self.channels)))

    def too_coarse(self) -> bool:
        """Whether some resolution would have to be made from far too many pixels."""
        steps = [max(source.step) for source in self.sources]
        largest = max(self.shape) / TILE
        needed = [1 << halvings for halvings in self._halvings()]
        if math.prod(self.shape) <= (TILE * COARSEST_STEP * 2) ** 2 and largest <= COARSEST_STEP * 2:
            return False
        return any(step / max(s for s in steps if s <= step * 1.02) > COARSEST_STEP for step in needed)

    def keep_levels(self, folder: Path) -> None:
        """Make the coarser resolutions once, and keep them as files in `folder`; those that are there are taken.

        Pixels are read a strip at a time, from the coarsest resolution that there is.
        """
        while self.too_coarse():
            finest = self.sources[-1]
            shape = tuple(-(-side // KEPT_STEP) for side in finest.shape)
            path = folder / f"{len(self.sources)}-{shape[0]}x{shape[1]}.npy"
            if not path.is_file():
                with whole_file(path) as temporary:
                    _write_smaller(finest, temporary, (len(self.channels), *shape), self.dtype)
            array = np.load(path, mmap_mode="r", allow_pickle=False)
            step = (finest.step[0] * KEPT_STEP, finest.step[1] * KEPT_STEP)
            self.sources.append(of_array(array, step))


def _write_smaller(source: Source, path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    for top in range(0, source.shape[0], STRIP):
        bottom = min(top + STRIP, source.shape[0])
        rows = slice(top // KEPT_STEP, -(-bottom // KEPT_STEP))
        for channel in range(shape[0]):
            pixels = source.read(slice(top, bottom), slice(0, source.shape[1]), [channel])
            missing = [(0, 0), (0, -pixels.shape[1] % KEPT_STEP), (0, -pixels.shape[2] % KEPT_STEP)]
            pixels = np.pad(pixels, missing, mode="edge")
            array[channel, rows] = shrunk(pixels, (rows.stop - rows.start, shape[2]))[0]
    array.flush()


def of_array(array: Pixels, step: tuple[float, float] = (1.0, 1.0)) -> Source:
    """An array (C, Y, X) in memory, or on the disk, as a resolution."""

    def read_array(rows: slice, columns: slice, channels: Sequence[int]) -> Pixels:
        return np.stack([array[channel, rows, columns] for channel in channels])

    return Source(step, (array.shape[1], array.shape[2]), read_array)


def of_slide(slide: Slide) -> list[Source]:
    """The resolutions of a slide."""

    def reader(level: int) -> Read:
        return lambda rows, columns, channels: slide.read(level, (rows, columns), list(channels)).pixels

    return [Source(level.downsample, level.shape, reader(number)) for number, level in enumerate(slide.levels)]


def open_picture(path: Path, place: str) -> Picture:
    """Open one plane of a file: a slide window by window, other images whole.

    Parameters
    ----------
    path
        The file.
    place
        Which plane, as ``#scene,time``; empty where the file has one.

    Raises
    ------
    ImageError
        When it cannot be read, or has no such plane any more.
    """
    if is_slide(path):
        for slide in open_slides(path):
            if slide.name.removeprefix(path.name) == place:
                return Picture(of_slide(slide), slide.channels, slide.dtype)
    else:
        for plane in (plane for image in read(path) for plane in image.planes()):
            if plane.name.removeprefix(path.name) == place:
                pixels = np.ascontiguousarray(plane.data)
                return Picture([of_array(pixels)], plane.channels, pixels.dtype, kept_bytes=pixels.nbytes)
    raise ImageError(f"has no plane {place} any more", file=path, cure="add the file again")


def shrunk(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Means of (C, Y, X) over the areas that the pixels of a smaller (height, width) cover.

    Examples
    --------
    >>> shrunk(np.array([[[0, 2, 4, 8]]], np.uint8), (1, 2)).tolist()
    [[[1, 6]]]
    """
    if pixels.shape[1:] == size:
        return pixels
    working = pixels.dtype if pixels.dtype in SHRINKABLE else np.dtype(np.float64)
    made = [
        cv2.resize(channel.astype(working, copy=False), size[::-1], interpolation=cv2.INTER_AREA) for channel in pixels
    ]
    return np.stack(made).reshape(len(pixels), *size).astype(pixels.dtype, copy=False)
