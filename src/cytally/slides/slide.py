"""A slide: one picture that may be larger than memory, at several resolutions, read window by window."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError, UsageError
from cytally.images.formats import SLIDE, TIFF, is_zarr

Window = tuple[slice, slice]
"""Rows and columns, in pixels of a level."""

LARGEST_WHOLE = 16_777_216
"""Pixels of a plane up to which an image is read whole (4096 x 4096); a quarter of it with lower resolutions."""

SLACK = 1.02
"""How much coarser than asked for a level may be: pyramids are seldom exact powers of two."""


@dataclass(frozen=True)
class Level:
    """One resolution of a slide.

    Parameters
    ----------
    shape
        Rows and columns (Y, X).
    downsample
        Pixels of level 0 per pixel of this one, along Y and X.
    tile
        Rows and columns that the file holds in one piece, which are decoded together: those of a strip are as wide as
        the level. Windows that are no smaller, and start where tiles do, cost least.
    """

    shape: tuple[int, int]
    downsample: tuple[float, float]
    tile: tuple[int, int] = (512, 512)


@dataclass(frozen=True, eq=False)
class Piece:
    """The pixels of one window.

    Parameters
    ----------
    pixels
        (C, Y, X), in the slide's type.
    damaged
        (Y, X), True where the file could not be decoded, and `pixels` are 0. None where nothing is damaged.
    """

    pixels: NDArray[Any]
    damaged: NDArray[np.bool_] | None = None


class ReaderError(ImageError):
    """An image that is sound, and that this reader cannot read in parts: another may."""


class Slide(ABC):
    """One picture with its channels and lower resolutions. It can be pickled, and is opened again where it arrives.

    Parameters
    ----------
    path
        The file.
    name
        The file's name, followed by ``#scene,0`` where the file holds several scenes.
    levels
        From the largest, which is level 0, to the smallest.
    channels
        One name per channel; empty strings where the file tells none.
    dtype
        Type of the pixels, in native byte order.
    pixel_size
        Micrometres per pixel of level 0, or None where unknown.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        levels: Sequence[Level],
        channels: Sequence[str],
        dtype: np.dtype[Any],
        pixel_size: float | None,
    ) -> None:
        self.path = path
        self.name = name
        self.levels = tuple(levels)
        self.channels = tuple(channels)
        self.dtype = dtype
        self.pixel_size = pixel_size

    def read(self, level: int, window: Window, channels: Sequence[int] | None = None) -> Piece:
        """Read one window of one level. Threads may do so at the same time.

        Parameters
        ----------
        level
            Number of the level.
        window
            Rows and columns, inside the level.
        channels
            Which channels, by number and in this order; all without it.

        Returns
        -------
        Piece
            Pixels (C, Y, X), depth projected by its maximum. Pixels that cannot be decoded, and those that are NaN or
            infinite, are damaged.

        Raises
        ------
        IndexError
            When there is no such level or channel, or the window reaches outside.
        """
        if not 0 <= level < len(self.levels):
            raise IndexError(f"there is no level {level} in {self.name}, which has {len(self.levels)}")
        wanted = tuple(range(len(self.channels)) if channels is None else channels)
        if not all(0 <= channel < len(self.channels) for channel in wanted):
            raise IndexError(f"there are no channels {wanted} in {self.name}, which has {len(self.channels)}")
        rows, columns = (
            _inside(side, size, self.name) for side, size in zip(window, self.levels[level].shape, strict=True)
        )
        piece = self._read(level, rows, columns, wanted)
        return piece if self.dtype.kind != "f" else _finite(piece)

    @abstractmethod
    def _read(self, level: int, rows: slice, columns: slice, channels: tuple[int, ...]) -> Piece:
        """Read a window that has been checked: `rows` and `columns` have a start and a stop, and no step."""

    def level_for(self, factor: float) -> int:
        """The coarsest level from which level 0, scaled by `factor`, can be made without enlarging anything.

        Examples
        --------
        >>> from cytally.slides.array_slide import ArraySlide
        >>> slide = ArraySlide(np.zeros((1, 64, 64)), factors=(2, 4))
        >>> [slide.level_for(factor) for factor in (2, 1, 0.5, 0.3, 0.25, 0.01)]
        [0, 0, 1, 1, 2, 2]
        """
        most = SLACK / factor
        fine = [number for number, level in enumerate(self.levels) if max(level.downsample) <= most]
        return fine[-1] if factor < 1 and fine else 0

    def close(self) -> None:  # noqa: B027 - a slide that holds nothing open has nothing to close
        """Let go of the file, and of the tiles that were kept."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_slides(path: str | Path, *, axes: str | None = None, pixel_size: float | None = None) -> list[Slide]:
    """Open an image to be read window by window: one `Slide` per scene. No pixels are read.

    Parameters
    ----------
    path
        A slide scanner's file, a TIFF of any kind, or an OME-Zarr folder.
    axes
        One letter per axis out of C, Z, Y, X and S (colour samples), where the file tells none or wrong ones.
    pixel_size
        Micrometres per pixel of level 0, where the file tells none or a wrong one.

    Raises
    ------
    ImageError
        When the file is missing, empty, damaged where it tells what is in it, of another format, compressed in a way
        that cannot be read, without known axes, of several time points, or needs openslide and that is not installed.
    UsageError
        When `pixel_size` is not a positive number.
    """
    path = Path(path)
    if pixel_size is not None and not (math.isfinite(pixel_size) and pixel_size > 0):
        raise UsageError(f"the pixel size is {pixel_size}", cure="give it in micrometres, above 0")
    if not path.exists():
        raise ImageError("does not exist", file=path, cure="check the path")
    try:
        from cytally.slides.readers import open_with_reader

        return open_with_reader(path, axes, pixel_size)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ImageError(f"could not be opened ({reason})", file=path, cure="check its permissions") from error


def is_slide(path: str | Path, *, largest: int = LARGEST_WHOLE, axes: str | None = None) -> bool:
    """Whether an image is to be read region by region, not whole. Looks at headers alone, and never raises.

    Parameters
    ----------
    path
        Any image.
    largest
        Pixels of a plane up to which TIFF and OME-Zarr are read whole; those with a pyramid up to a quarter of it.
    axes
        What the user says the axes are.

    Returns
    -------
    bool
        True for a slide scanner's format, and for a large TIFF or OME-Zarr of one time point. False for what cannot be
        told: reading the image whole then says what is wrong.
    """
    path = Path(path)
    if path.suffix.lower() in SLIDE:
        return True
    if not is_zarr(path) and not (path.suffix.lower() in TIFF and _may_be_large(path, largest)):
        return False
    try:
        slides = open_slides(path, axes=axes)
    except ImageError:
        return False
    limits = [largest if len(slide.levels) == 1 else largest // 4 for slide in slides]
    return any(math.prod(slide.levels[0].shape) > limit for slide, limit in zip(slides, limits, strict=True))


def _may_be_large(path: Path, largest: int) -> bool:
    """Whether the first page is large, or the file is: so that small images, which are most, are told at once."""
    import tifffile

    from cytally.images.tiff import DAMAGE

    try:
        if path.stat().st_size > largest:
            return True
        with tifffile.TiffFile(path) as file:
            page = file.pages.first
            return bool(page.imagewidth * page.imagelength > largest // 4)
    except DAMAGE:
        return False


def _inside(side: slice, size: int, name: str) -> slice:
    start, stop = 0 if side.start is None else side.start, size if side.stop is None else side.stop
    if side.step not in (None, 1) or not 0 <= start <= stop <= size:
        raise IndexError(f"the window {side} reaches outside a level of {size} pixels in {name}")
    return slice(int(start), int(stop))


def _finite(piece: Piece) -> Piece:
    """Zeros where pixels are NaN or infinite, which count as damaged."""
    good = np.isfinite(piece.pixels)
    if good.all():
        return piece
    bad = ~good.all(axis=0)
    pixels = np.where(bad, 0, piece.pixels).astype(piece.pixels.dtype, copy=False)
    return Piece(pixels, bad if piece.damaged is None else bad | piece.damaged)
