"""One resolution of a TIFF file, decoded tile by tile or strip by strip."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.images.tiff import ALPHA, DAMAGE, MINISWHITE, PALETTE, colours
from cytally.images.volume import checked_type
from cytally.slides.file_bytes import FileBytes
from cytally.slides.slide import ReaderError
from cytally.slides.tiff_scenes import plane_shape
from cytally.slides.tiled_slide import check_tile, reading

SEPARATE = 2
"""Planar configuration in which each colour sample is a plane of its own."""

MAPPED_TILE = (128, 8192)
"""Rows and columns that are read at a time where pixels lie in the file as they are."""

PADDING = 2**20
"""A tile takes no more bytes in the file than decoded, and so much: else what the directory says is damaged."""

SPLIT, MOST_SPLIT = ("uint8", "uint16", "float32"), 4
"""Types and number of samples that OpenCV takes apart."""

JPEG = 7
END_OF_JPEG = b"\xff\xd9"
JPEG_PADDING = 64
"""Bytes that may follow the end of a JPEG."""


@dataclass(frozen=True, eq=False)
class _Page:
    """Where the tiles or strips of a page lie in which file, and the tables that all its JPEGs share."""

    file: Path
    offsets: NDArray[np.int64]
    counts: NDArray[np.int64]
    tables: bytes | None


class TiffLevel:
    """The pixels of one series of tifffile's; see `cytally.images.tiff` for palettes, alpha and white-is-zero.

    Parameters
    ----------
    series
        One resolution of a scene.
    path
        The file.
    files
        Every file that is read, opened by the slide, by path.

    Raises
    ------
    ImageError
        When its compression is unknown, or it cannot be read in parts.
    """

    def __init__(self, series: Any, path: Path, files: dict[Path, FileBytes]) -> None:
        page = series.keyframe
        first = min(series.axes.index(letter) for letter in "YXS" if letter in series.axes)
        self._outer, self._inner = series.shape[:first], series.axes[first:]
        if page.imagedepth > 1 or len(self._inner) > 3:
            raise ImageError("has pages that are several slices deep", file=path, cure="save it as OME-TIFF")
        self.shape = plane_shape(series)
        self._path, self._files, self._page = path, files, page
        self._stored_samples = series.shape[series.axes.index("S")] if "S" in self._inner else 1
        self._separate = self._inner.startswith("S") or (page.planarconfig == SEPARATE and self._stored_samples > 1)
        self._find_colours(series)
        self.dtype = checked_type(self._pixel.dtype, path)
        pages = len(series.pages)
        self._offset = _contiguous_offset(series)
        if self._offset is None and math.prod(self._outer) != pages:
            raise ImageError(
                f"has {pages} pages, which are no planes of its shape {series.shape}",
                file=path,
                cure="save it as OME-TIFF",
            )
        if self._offset is not None:
            self._stored = page.dtype.newbyteorder(page.parent.byteorder)
            self._file = Path(page.parent.filehandle.path)
            self.tile = (min(MAPPED_TILE[0], self.shape[0]), min(MAPPED_TILE[1], self.shape[1]))
            return
        self.tile = (
            (page.tilelength, page.tilewidth)
            if page.is_tiled
            else (min(page.rowsperstrip, self.shape[0]), self.shape[1])
        )
        self._values = 1 if self._separate else self._stored_samples
        check_tile(self.tile, self._values, page.dtype, path)
        self._decode_tile = _decoder(page, path)
        self._across = -(-self.shape[1] // self.tile[1])
        self._per_plane = self._across * -(-self.shape[0] // self.tile[0])
        self._pages = [_page(one) for one in series.pages]
        for one in self._pages:
            files.setdefault(one.file, FileBytes(one.file))

    def _find_colours(self, series: Any) -> None:
        """One pixel of zeros tells what axes and type there are once palettes and transparency are seen to."""
        page, sizes = self._page, dict(zip(series.axes, series.shape, strict=True))
        self._colours = partial(colours, kind=series.kind, page=page)
        pixel = np.zeros([1 if letter in "YX" else sizes[letter] for letter in self._inner], series.dtype)
        self._pixel, told = self._colours(pixel, self._inner)
        self.samples = self._pixel.shape[told.index("S")] if "S" in told else 1
        self.axes = series.axes[: len(self._outer)] + told
        self.whole_shape = self._outer + tuple(
            sizes[letter] if letter in "YX" else size for letter, size in zip(told, self._pixel.shape, strict=True)
        )
        extra = tuple(page.extrasamples)
        plain = self._stored_samples - len(extra)
        self._kept = [i for i in range(self._stored_samples) if i < plain or extra[i - plain] not in ALPHA]

    def decode(self, row: int, column: int, numbers: NDArray[np.int64]) -> NDArray[Any] | None:
        """Decode one tile.

        Parameters
        ----------
        row, column
            Which tile, counted from the top left.
        numbers
            (C, Z), the picture of each channel and depth (`ChannelPlanes.numbers`).

        Returns
        -------
        numpy.ndarray or None
            (C, Y, X), depth projected by its maximum; None where it is damaged. Tiles at the right and at the bottom
            may reach over the edge of the picture.

        Raises
        ------
        ImageError
            When the file itself can no longer be read: its tiles are not damaged.
        MemoryError
            When there is no memory for it.
        """
        try:
            with reading(self._path):
                slices = [self._pictures(row, column, numbers[:, z]) for z in range(numbers.shape[1])]
        except DAMAGE:
            return None
        highest = slices[0]
        for one in slices[1:]:
            highest = np.maximum(highest, one)
        return highest

    def _pictures(self, row: int, column: int, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """One tile of some pictures (C, Y, X), each page decoded once."""
        pages, samples = numbers // self.samples, numbers % self.samples
        if len(set(pages.tolist())) == 1:
            return self._samples(int(pages[0]), row, column, samples.tolist())
        return np.concatenate(
            [self._samples(int(page), row, column, [int(sample)]) for page, sample in zip(pages, samples, strict=True)]
        )

    def _samples(self, page: int, row: int, column: int, samples: list[int]) -> NDArray[Any]:
        """Some samples (C, Y, X) of one tile of one page."""
        if self._page.photometric == PALETTE:
            pixels, told = self._colours(self._stored_tile(page, row, column, 0)[..., 0], "YX")
            return pixels[None] if told == "YX" else _first(pixels, samples)
        stored = [self._kept[sample] for sample in samples]
        if self._separate:
            picked = np.concatenate([_first(self._stored_tile(page, row, column, one), [0]) for one in stored])
        else:
            picked = _first(self._stored_tile(page, row, column, 0), stored)
        return self._colours(picked, "CYX")[0] if self._page.photometric == MINISWHITE else picked

    def _stored_tile(self, page: int, row: int, column: int, plane: int) -> NDArray[Any]:
        """One tile (Y, X, S) of a page, or of one of its planes where colours are stored one after the other."""
        if self._offset is not None:
            return self._map(page, row, column, plane)
        there = self._pages[page]
        index = plane * self._per_plane + row * self._across + column
        place, count = int(there.offsets[index]), int(there.counts[index])
        if count == 0:  # a sparse file leaves out what is empty
            return np.full((*self.tile, self._values), self._page.nodata, self._page.dtype)
        if count > math.prod(self.tile) * self._values * self._page.dtype.itemsize + PADDING:
            raise ValueError("the tile is larger than its pixels")
        data = self._files[there.file].read(place, count)
        if len(data) < count:
            raise ValueError("the file ends before the tile does")
        header = self._page.jpegheader
        if self._page.compression == JPEG and header is None and END_OF_JPEG not in data[-JPEG_PADDING:]:
            raise ValueError("the JPEG has no end")  # what is missing would be grey
        tiles: NDArray[Any] = self._decode_tile(data, index, jpegtables=there.tables, jpegheader=header)[0]
        only: NDArray[Any] = tiles[0]
        return only

    def _map(self, page: int, row: int, column: int, plane: int) -> NDArray[Any]:
        """Rows that lie in the file as they are. ValueError where the file ends before."""
        assert self._offset is not None
        height, width = self.shape
        values = 1 if self._separate else self._stored_samples
        top, left = row * self.tile[0], column * self.tile[1]
        rows = min(self.tile[0], height - top)
        number = page * (self._stored_samples if self._separate else 1) + plane
        start = self._offset + (number * height + top) * width * values * self._stored.itemsize
        band = np.memmap(self._file, self._stored, "r", start, (rows, width, values))
        return np.array(band[:, left : left + self.tile[1]])


def _first(tile: NDArray[Any], samples: list[int]) -> NDArray[Any]:
    """Some samples of a tile (Y, X, S), first axis first, each of them in one piece."""
    everything = samples == list(range(tile.shape[-1]))
    if everything and len(samples) == 1:
        return np.moveaxis(tile, -1, 0)
    planes = np.empty((len(samples), *tile.shape[:2]), tile.dtype)
    if everything and len(samples) <= MOST_SPLIT and tile.dtype.isnative and tile.dtype.name in SPLIT:
        cv2.split(tile, list(planes))  # several times as fast as a copy by NumPy
    else:
        for plane, sample in zip(planes, samples, strict=True):
            plane[...] = tile[..., sample]
    return planes


def _contiguous_offset(series: Any) -> int | None:
    """Where the pixels lie, uncompressed and in one piece; None where they do not."""
    offset: int | None = series.dataoffset
    if offset is None and len(series.pages) == 1 and series.keyframe.is_final:
        offset = series.keyframe.dataoffsets[0]
    return offset


def _decoder(page: Any, path: Path) -> Any:
    """tifffile's function that decodes a tile or strip. ReaderError where there is none for its compression."""
    import tifffile

    known: Mapping[int, Any] = tifffile.TIFF.DECOMPRESSORS
    try:
        known[page.compression]
    except KeyError as error:
        name = getattr(page.compression, "name", str(page.compression))
        raise ReaderError(
            f"is compressed in a way that cannot be read ({name})",
            file=path,
            cure="save it with deflate, LZW or JPEG compression",
        ) from error
    return page.decode


def _page(page: Any) -> _Page:
    return _Page(
        Path(page.parent.filehandle.path),
        np.asarray(page.dataoffsets, np.int64),
        np.asarray(page.databytecounts, np.int64),
        page.jpegtables,
    )
