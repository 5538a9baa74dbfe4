"""What the readers of slides share: windows put together from tiles, decoded in a few threads and kept for a while."""

from __future__ import annotations

import errno
import os
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.slides.slide import Level, Piece, ReaderError, Slide, open_slides
from cytally.slides.tile_cache import TileCache

MOST_THREADS = 4
"""Threads that decode at a time; more would only need more memory."""

LARGEST_TILE = 256 * 2**20
"""Bytes of the largest tile or strip that is decoded: a file in larger ones cannot be read in parts."""

EDGE = 8
"""Tiles in the outer eighth of a window are kept longest, as the next window overlaps there."""


@dataclass(frozen=True)
class Opening:
    """How a slide was opened, to open it again in another process.

    Parameters
    ----------
    axes, pixel_size
        As the user gave them.
    scene, scenes
        Which of the file's scenes it is, and how many there are.
    """

    axes: str | None = None
    pixel_size: float | None = None
    scene: int = 0
    scenes: int = 1


class TiledSlide(Slide):
    """A slide that is decoded tile by tile.

    Parameters
    ----------
    path, levels, channels, dtype, pixel_size
        As of `Slide`.
    opening
        How to open it again.
    """

    def __init__(
        self,
        path: Path,
        levels: Sequence[Level],
        channels: Sequence[str],
        dtype: np.dtype[Any],
        pixel_size: float | None,
        opening: Opening,
    ) -> None:
        name = path.name if opening.scenes == 1 else f"{path.name}#{opening.scene},0"
        super().__init__(path, name, levels, channels, dtype, opening.pixel_size or pixel_size)
        self._opening = opening
        self._cache = TileCache()
        self._threads = min(MOST_THREADS, os.cpu_count() or 1)
        self._pool: ThreadPoolExecutor | None = None
        self._lock = Lock()

    @abstractmethod
    def _decode(self, level: int, row: int, column: int, channels: tuple[int, ...]) -> NDArray[Any] | None:
        """Decode some channels (C, Y, X) of the tile in that row and column of tiles; None where it is damaged.

        Raises
        ------
        ImageError
            When the file itself can no longer be read: its tiles are not damaged.
        MemoryError
            When there is no memory for it: nor is it then.
        """

    def _read(self, level: int, rows: slice, columns: slice, channels: tuple[int, ...]) -> Piece:
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        pixels = np.zeros((len(channels), *shape), self.dtype)
        height, width = self.levels[level].tile
        damaged: list[tuple[slice, slice]] = []

        def place(row: int, column: int) -> None:
            top, left = row * height, column * width
            bottom, right = min(top + height, rows.stop), min(left + width, columns.stop)
            y, x = slice(max(top, rows.start), bottom), slice(max(left, columns.start), right)
            there = (_shifted(y, rows.start), _shifted(x, columns.start))
            middle = all(
                (side.stop - side.start) // EDGE < near.start
                and near.stop < (side.stop - side.start) * (EDGE - 1) // EDGE
                for side, near in zip((rows, columns), there, strict=True)
            )
            tile = self._tile(level, row, column, channels, soon_wanted=not middle)
            if tile is None:
                damaged.append(there)
            else:
                pixels[:, *there] = tile[:, _shifted(y, top), _shifted(x, left)]

        if pixels.size:
            self._for_each(
                place,
                [
                    (row, column)
                    for row in range(rows.start // height, (rows.stop - 1) // height + 1)
                    for column in range(columns.start // width, (columns.stop - 1) // width + 1)
                ],
            )
        if not damaged:
            return Piece(pixels)
        bad = np.zeros(shape, bool)
        for there in damaged:
            bad[there] = True
        return Piece(pixels, bad)

    def _tile(
        self, level: int, row: int, column: int, channels: tuple[int, ...], *, soon_wanted: bool
    ) -> NDArray[Any] | None:
        key = (level, row, column, channels)
        tile = self._cache.get(key)
        if tile is None:
            tile = self._decode(level, row, column, channels)
            if tile is not None:
                self._cache.put(key, tile, soon_wanted=soon_wanted)
        return tile

    def _for_each(self, function: Any, places: list[tuple[int, int]]) -> None:
        """Call `function` for all places, in threads. Every thread gets many at a time, as strips may be thin."""
        if self._threads == 1 or len(places) == 1:
            for one in places:
                function(*one)
            return
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="tiles")
            pool = self._pool
        shares = [places[start :: self._threads * EDGE] for start in range(self._threads * EDGE)]

        def work(share: list[tuple[int, int]]) -> None:
            for one in share:
                function(*one)

        list(pool.map(work, filter(None, shares)))

    def close(self) -> None:
        """Let go of the file, and of the tiles that were kept. It is opened again when it is read again."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()
        self._cache.clear()

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.path, self._opening)


def _reopen(path: Path, opening: Opening) -> Slide:
    return open_slides(path, axes=opening.axes, pixel_size=opening.pixel_size)[opening.scene]


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Tell a file that is out of reach, and a want of memory, from a damaged tile.

    Raises
    ------
    ImageError
        When the system cannot read the file, as one on a disk that was taken out.
    MemoryError
        Also where the system says so of a part of the file that should be mapped.
    """
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise MemoryError(str(error)) from error
        if error.errno in (None, errno.EINVAL):  # a decoder's; or the file's directory tells a place that cannot be
            raise
        raise ImageError(
            f"can no longer be read ({error.strerror})",
            file=error.filename or path,
            cure="make it readable again, then go on with --resume",
        ) from error


def check_tile(tile: tuple[int, int], values: int, dtype: np.dtype[Any], path: Path) -> None:
    """ReaderError where a tile, of `values` values per pixel, is too large to be decoded beside anything else."""
    size = tile[0] * tile[1] * values * dtype.itemsize
    if size > LARGEST_TILE:
        raise ReaderError(
            f"is stored in pieces of {tile[0]} x {tile[1]} pixels (Y x X), which take {size / 2**20:.0f} MiB each",
            file=path,
            cure="save it in tiles of 512 x 512 pixels",
        )


def _shifted(side: slice, start: int) -> slice:
    return slice(side.start - start, side.stop - start)
