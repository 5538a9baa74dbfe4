"""Pictures side by side: what a network was shown, and what it makes of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cytally.report.plots import figure_of, png_of

Pictures = NDArray[np.float32]
"""(N, C, Y, X)"""

SHOWN_PERCENT = (0.2, 99.8)
"""Percentiles of the pictures that black and white stand for."""

INCHES = 1.15
"""Side of a picture on the page."""


@dataclass(frozen=True)
class PictureRow:
    """One row of pictures.

    Parameters
    ----------
    name
        What they are, in a few words.
    pictures
        (N, C, Y, X); rows may differ in N.
    like
        The pictures that black and white are taken from: an original and its reconstruction share them, or the eye
        could not compare.
    titles
        What stands above each picture; none where left out.
    """

    name: str
    pictures: Pictures
    like: Pictures
    titles: Sequence[str] = ()


def draw_rows(rows: Sequence[PictureRow]) -> bytes:
    """Draw rows of pictures under each other.

    Parameters
    ----------
    rows
        At least one, each with at least one picture.

    Returns
    -------
    bytes
        A PNG file.
    """
    columns = max(len(row.pictures) for row in rows)
    titled = sum(bool(row.titles) for row in rows)
    figure = figure_of(INCHES * columns + 1.3, INCHES * len(rows) + 0.3 * titled + 0.1)
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for row, line in zip(rows, grid, strict=True):
        black, white = shown_range(row.like)
        for place, axes in enumerate(line):
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            if place >= len(row.pictures):
                continue
            axes.imshow(as_colours(row.pictures[place], black, white), interpolation="nearest")
            if row.titles:
                axes.set_title(row.titles[place], fontsize=7)
        line[0].set_ylabel(row.name, rotation=0, ha="right", va="center", fontsize=9)
    return png_of(figure)


def shown_range(pictures: Pictures) -> tuple[float, float]:
    """The values that are shown as black and as white.

    Examples
    --------
    >>> shown_range(np.full((1, 1, 2, 2), 0.25, np.float32))  # nothing to tell apart: as it is
    (0.0, 1.0)
    """
    black, white = np.percentile(np.clip(pictures, 0, 1), SHOWN_PERCENT)
    return (float(black), float(white)) if white - black > 1e-3 else (0.0, 1.0)


def as_colours(picture: NDArray[np.float32], black: float, white: float) -> NDArray[np.float32]:
    """A picture (C, Y, X) as colours (Y, X, 3): three channels as red, green and blue, others as their brightest.

    Examples
    --------
    >>> as_colours(np.array([[[0.25, 9.0]]], np.float32), 0.0, 0.5)[0].tolist()
    [[0.5, 0.5, 0.5], [1.0, 1.0, 1.0]]
    """
    shade: NDArray[np.float32] = np.clip((picture - black) / (white - black), 0, 1).astype(np.float32)
    if len(shade) != 3:
        shade = np.repeat(shade.max(axis=0, keepdims=True), 3, axis=0)
    return np.moveaxis(shade, 0, -1)
