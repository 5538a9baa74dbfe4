"""TIFF files whose pixels are read slice by slice, so that they may be larger than memory."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.images.tiff import colours, damage, scene_about, scene_series
from cytally.images.volume_scene import SlicedScene

SEPARATE = 2
"""Planar configuration in which each colour sample is a plane of its own."""


def open_tiff(path: Path, axes: str | None = None) -> list[SlicedScene]:
    """Open every scene of a TIFF file; see `cytally.images.tiff.read_tiff` for what is told of it.

    Three slices that tifffile wrote without being told what they are look like the planes of one colour picture. Here
    they are three slices, and four are four.

    Parameters
    ----------
    path
        The file.
    axes
        What the user says its axes are: without C and S, colour samples are no colours.

    Raises
    ------
    ImageError
        When the file is cut off or damaged, lacks planes, or has the colours of print.
    """
    scenes = []
    with damage(path):
        for file, series, about in scene_series(path):
            plain = "S" in series.axes and (_is_untold(series) if axes is None else not set("CS") & set(axes.upper()))
            pixels = TiffPixels(series, path, colourful=not plain)
            letters = pixels.axes.replace("S", "Q") if plain else pixels.axes
            scenes.append(SlicedScene(pixels, letters, *scene_about(file, series, about)))
    return scenes


def _is_untold(series: Any) -> bool:
    return bool(series.kind == "shaped" and series.axes == "SYX" and series.keyframe.planarconfig == SEPARATE)


class TiffPixels:
    """The pixels of one series of a TIFF file, as an array that stays in the file.

    What lies in the file in one piece, as in the hyperstacks of ImageJ, which list their first slice alone, is mapped;
    else the page that holds the slice is decoded. A page that holds several pictures is kept until another is read. The
    file is open only while it is read.

    Parameters
    ----------
    series
        A series of tifffile's.
    path
        The file.
    colourful
        Whether to see to alpha, palettes and white-is-zero (`cytally.images.tiff.colours`).

    Raises
    ------
    ImageError
        When the pages are no planes of the series.
    ValueError
        When the file ends before its pixels do.
    """

    def __init__(self, series: Any, path: Path, *, colourful: bool = True) -> None:
        shape, axes, page = tuple(series.shape), series.axes, series.keyframe
        self._path, self._pages = path, series.pages
        self._colours = partial(colours, kind=series.kind, page=page) if colourful else _as_stored
        self._offset: int | None = series.dataoffset
        if self._offset is None:
            inner = _page_axes(shape, len(series.pages), page.size, path)
        else:
            inner = min(axes.index(letter) for letter in "YXS" if letter in axes)
            self._file = Path(page.parent.filehandle.path)
            if self._offset + math.prod(shape) * series.dtype.itemsize > self._file.stat().st_size:
                raise ValueError("the file ends before its pixels do")
        self._outer_shape, self._inner_shape, self._inner_axes = shape[:inner], shape[inner:], axes[inner:]
        self._stored = series.dtype.newbyteorder(page.parent.byteorder)
        # One pixel of zeros tells what axes and type there are once palettes and transparency are seen to.
        sizes = dict(zip(self._inner_axes, self._inner_shape, strict=True))
        pixel = np.zeros([1 if letter in "YX" else sizes[letter] for letter in self._inner_axes], series.dtype)
        pixel, told = self._colours(pixel, self._inner_axes)
        self.axes = axes[:inner] + told
        self.shape = self._outer_shape + tuple(
            sizes[letter] if letter in "YX" else size for letter, size in zip(told, pixel.shape, strict=True)
        )
        self.dtype: np.dtype[Any] = pixel.dtype
        self._kept: tuple[int, NDArray[Any]] | None = None

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Read one picture: `index` has a number for every axis but Y and X, which are whole slices.

        Raises
        ------
        ImageError
            When its page is damaged.
        """
        outer = len(self._outer_shape)
        for place, one in enumerate(index[:outer]):
            if isinstance(one, slice):  # rows or columns run over pages
                before, after = index[:place], index[place + 1 :]
                return np.stack([self[(*before, number, *after)] for number in range(self.shape[place])])
        number = int(np.ravel_multi_index(index[:outer], self._outer_shape)) if outer else 0
        with damage(self._path):
            if self._offset is not None:
                return np.array(self._colours(self._map(number, self._offset), self._inner_axes)[0][index[outer:]])
            if self._kept is None or self._kept[0] != number:
                self._kept = (number, self._colours(self._decode(number), self._inner_axes)[0])
            picture: NDArray[Any] = self._kept[1][index[outer:]]
            if len(index) - outer == len("YX"):
                self._kept = None
            return picture

    def _map(self, number: int, offset: int) -> NDArray[Any]:
        place = offset + number * math.prod(self._inner_shape) * self._stored.itemsize
        return np.memmap(self._file, self._stored, "r", place, self._inner_shape)

    def _decode(self, number: int) -> NDArray[Any]:
        page = self._pages[number]
        file = page.parent.filehandle
        file.open()
        try:
            pixels: NDArray[Any] = page.asarray(maxworkers=1)
        finally:
            file.close()
        return pixels.reshape(self._inner_shape)


def _as_stored(pixels: NDArray[Any], axes: str) -> tuple[NDArray[Any], str]:
    return pixels, axes


def _page_axes(shape: tuple[int, ...], pages: int, page: int, path: Path) -> int:
    """How many leading axes of `shape` are over pages, which hold `page` values each.

    Examples
    --------
    >>> _page_axes((5, 2, 16, 20, 3), 10, 960, Path("a.tif"))
    2
    """
    for outer in range(len(shape) + 1):
        if math.prod(shape[:outer]) == pages and math.prod(shape[outer:]) == page:
            return outer
    raise ImageError(
        f"has {pages} pages, which are no planes of its shape {shape}", file=path, cure="save it as OME-TIFF"
    )
