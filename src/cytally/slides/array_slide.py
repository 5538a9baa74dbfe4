"""A slide that is an array in memory: for pictures that were never a file, and for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.slides.slide import Level, Piece, Slide


class ArraySlide(Slide):
    """Wrap an array as a slide.

    Parameters
    ----------
    pixels
        (C, Y, X).
    factors
        Downsamples of the levels after level 0, whose pixels are means over squares of so many pixels. What is left
        over at the bottom and the right is left out.
    pixel_size
        Micrometres per pixel of level 0.
    channels
        One name per channel.
    name
        What to call it in results.
    damaged
        (Y, X), True where pixels of level 0 count as damaged; a pixel of another level does where one of its square is.

    Examples
    --------
    >>> slide = ArraySlide(np.arange(16.0).reshape(1, 4, 4), factors=(2,))
    >>> slide.read(1, (slice(0, 2), slice(0, 1))).pixels.tolist()
    [[[2.5], [10.5]]]
    """

    def __init__(
        self,
        pixels: NDArray[Any],
        *,
        factors: Sequence[int] = (),
        pixel_size: float | None = None,
        channels: Sequence[str] | None = None,
        name: str = "array",
        damaged: NDArray[np.bool_] | None = None,
    ) -> None:
        pixels = np.asarray(pixels)
        bad = np.zeros(pixels.shape[1:], bool) if damaged is None else np.asarray(damaged, bool)
        pixels = np.where(bad, 0, pixels).astype(pixels.dtype)
        self._pixels, self._bad = [pixels], [bad]
        for factor in factors:
            self._pixels.append(_of_squares(pixels, factor, np.mean))
            self._bad.append(_of_squares(bad[None], factor, np.any)[0])
            self._pixels[-1][:, self._bad[-1]] = 0
        levels = [
            Level((one.shape[1], one.shape[2]), (float(factor), float(factor)))
            for factor, one in zip((1, *factors), self._pixels, strict=True)
        ]
        names = ("",) * len(pixels) if channels is None else channels
        super().__init__(Path(name), name, levels, names, pixels.dtype, pixel_size)

    def _read(self, level: int, rows: slice, columns: slice, channels: tuple[int, ...]) -> Piece:
        pixels = self._pixels[level][list(channels), rows, columns]
        bad = self._bad[level][rows, columns]
        return Piece(pixels, bad.copy() if bad.any() else None)


def _of_squares(pixels: NDArray[Any], side: int, function: Any) -> NDArray[Any]:
    """`function` (`numpy.mean`, `numpy.any`) of squares of `side` pixels, in the array's own type."""
    rows, columns = pixels.shape[1] // side, pixels.shape[2] // side
    squares = pixels[:, : rows * side, : columns * side].reshape(len(pixels), rows, side, columns, side)
    values: NDArray[Any] = function(squares, axis=(2, 4))
    return (np.rint(values) if pixels.dtype.kind in "ui" else values).astype(pixels.dtype)
