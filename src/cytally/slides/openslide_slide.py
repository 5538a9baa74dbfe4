"""Slides that openslide alone reads: MRXS, VMS, VMU, svslide, and BIF, whose overlapping tiles it puts in place."""

from __future__ import annotations

import importlib
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.images.image import COLOURS
from cytally.images.units import LARGEST_PIXEL, micrometres, square
from cytally.images.volume import checked_shape
from cytally.slides.pyramid import find_levels
from cytally.slides.slide import Level
from cytally.slides.tiled_slide import Opening, TiledSlide

TILE = 512
"""Rows and columns that are read at a time; openslide keeps what it decoded besides."""

WHITE = "ffffff"
ALPHA = 3


def open_openslide(path: Path, pixel_size: float | None) -> OpenSlideSlide:
    """Open a slide through openslide.

    Parameters
    ----------
    path
        The slide's file; of formats that spread over several, the one that openslide is to be given.
    pixel_size
        As the user gives it.

    Raises
    ------
    ImageError
        When openslide is not installed, or cannot read the file.
    """
    handle = _open(path)
    try:
        shapes = [(height, width) for width, height in handle.level_dimensions]
        checked_shape((1, *shapes[0]), path)
        sides = [micrometres(_number(handle.properties.get(f"openslide.mpp-{side}")), "um") for side in "yx"]
        told = square(*sides)
        known = told if told is not None and told <= LARGEST_PIXEL else None
        background = handle.properties.get("openslide.background-color", WHITE)
    finally:
        handle.close()
    return OpenSlideSlide(path, find_levels(shapes), shapes, known, background, Opening(None, pixel_size))


class OpenSlideSlide(TiledSlide):
    """A slide in colours, read through openslide.

    Parameters
    ----------
    path, pixel_size, opening
        As of `TiledSlide`.
    found
        Numbers of the usable levels, and their downsamples.
    shapes
        Rows and columns of all of openslide's levels.
    background
        Colour of what the scanner left out, six hexadecimal digits.
    """

    def __init__(
        self,
        path: Path,
        found: list[tuple[int, tuple[float, float]]],
        shapes: list[tuple[int, int]],
        pixel_size: float | None,
        background: str,
        opening: Opening,
    ) -> None:
        levels = [Level(shapes[number], downsample, (TILE, TILE)) for number, downsample in found]
        super().__init__(path, levels, COLOURS["3"], np.dtype(np.uint8), pixel_size, opening)
        self._numbers = [number for number, _ in found]
        self._background = np.array([int(background[place : place + 2], 16) for place in (0, 2, 4)], np.float32)
        self._handle: Any = None
        self._handle_lock = Lock()

    def _decode(self, level: int, row: int, column: int, channels: tuple[int, ...]) -> NDArray[Any] | None:
        import openslide

        handle = self._opened()
        number = self._numbers[level]
        width, height = handle.level_dimensions[number]
        top, left = row * TILE, column * TILE
        corner = tuple(round(side * handle.level_downsamples[number]) for side in (left, top))
        try:
            picture = handle.read_region(corner, number, (min(TILE, width - left), min(TILE, height - top)))
        except openslide.OpenSlideError:
            # After an error openslide reads nothing more from a handle.
            with self._handle_lock:
                if self._handle is handle:
                    self._handle = None
            return None
        pixels = np.asarray(picture)
        if (pixels[..., ALPHA] < 255).any():
            share = pixels[..., ALPHA:].astype(np.float32) / 255
            pixels = np.rint(pixels[..., :ALPHA] * share + self._background * (1 - share)).astype(np.uint8)
        return np.stack([pixels[..., channel] for channel in channels])

    def _opened(self) -> Any:
        with self._handle_lock:
            if self._handle is None:
                self._handle = _open(self.path)
            return self._handle

    def close(self) -> None:
        """Let go of the file, and of the tiles that were kept. It is opened again when it is read again."""
        super().close()
        with self._handle_lock:
            if self._handle is not None:
                self._handle.close()
                self._handle = None


def has_openslide() -> bool:
    """Whether openslide is installed."""
    try:
        importlib.import_module("openslide")
    except ImportError:
        return False
    return True


def _open(path: Path) -> Any:
    try:
        import openslide
    except ImportError as error:
        raise ImageError(
            f"needs openslide to be read, as {path.suffix.lower()} files do",
            file=path,
            cure="install it: pip install 'cytally[openslide]'",
        ) from error
    try:
        return openslide.OpenSlide(path)
    except openslide.OpenSlideError as error:
        reason = str(error).replace(str(path), path.name) or "unknown format"
        raise ImageError(
            f"could not be read by openslide ({reason})", file=path, cure="copy it again, with the files beside it"
        ) from error


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
