"""Part of a picture in another size, with the pixels that resizing the whole picture would give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

STRIP = 512
"""Rows that are turned into float32 at a time, so that a large window does not fill the memory."""

Strip = Callable[[slice], NDArray[np.float32]]
"""Gives some rows of a window as (C, rows, X)."""


@dataclass(frozen=True)
class Line:
    """How part of one axis arises.

    Parameters
    ----------
    source
        Which pixels of the whole picture's axis are needed.
    weights
        (wanted pixels, needed pixels): with what weight each enters.
    """

    source: slice
    weights: csr_array


def line(before: int, after: int, start: int, stop: int) -> Line:
    """The pixels from `start` to `stop` of an axis of `before` pixels that is resized to `after`.

    By the rule of `cytally.images.resize.resize`: linear interpolation, and where the axis gets shorter a triangle over
    twice the pixels that fall together, so that none is left out.

    Parameters
    ----------
    before, after
        Length of the whole axis before and after.
    start, stop
        Which of the new pixels are wanted, ``0 <= start < stop <= after``.

    Examples
    --------
    >>> half = line(8, 4, 1, 2)
    >>> half.source, half.weights.toarray().round(3).tolist()
    (slice(1, 5, None), [[0.125, 0.375, 0.375, 0.125]])
    """
    if not 0 <= start < stop <= after:
        raise ValueError(f"pixels {start} to {stop} are not within the {after} of the axis")
    scale = before / after
    reach = max(1.0, scale)
    centres = scale * (np.arange(start, stop) + 0.5)
    first = np.maximum((centres - reach + 0.5).astype(np.int64), 0)
    last = np.minimum((centres + reach + 0.5).astype(np.int64), before)
    taps = int((last - first).max())
    places = first[:, None] + np.arange(taps)
    weights = np.maximum(0, 1 - np.abs((places - centres[:, None] + 0.5) / reach))
    weights[places >= last[:, None]] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    low, high = int(first.min()), int(last.max())
    rows = np.repeat(np.arange(stop - start), taps)
    columns = np.minimum(places, high - 1).ravel() - low
    matrix = csr_array((weights.ravel().astype(np.float32), (rows, columns)), shape=(stop - start, high - low))
    matrix.eliminate_zeros()
    return Line(slice(low, high), matrix)


def resample(strip: Strip, channels: int, rows: Line, columns: Line) -> NDArray[np.float32]:
    """The wanted pixels (C, Y, X) of a resized picture.

    Parameters
    ----------
    strip
        Gives rows of the needed window, of which `rows.source` and `columns.source` tell the place in the picture;
        asked for a few rows at a time.
    channels
        How many channels it gives.
    rows, columns
        From `line`, for both axes.
    """
    needed = rows.weights.shape[1]
    narrow = np.empty((channels, needed, columns.weights.shape[0]), np.float32)
    for top in range(0, needed, STRIP):
        part = slice(top, min(top + STRIP, needed))
        for channel, pixels in enumerate(strip(part)):
            narrow[channel, part] = (columns.weights @ pixels.T).T
    return np.stack([rows.weights @ one for one in narrow])
