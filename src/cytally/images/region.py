"""The part of an image that is counted in: regions drawn by the user, and the margin at the border."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cytally.images.region_files import Polygon, Ring, read_outlines

Mask = NDArray[np.bool_]
Places = NDArray[np.float64]
"""Rows or columns (N,), ascending, the centre of the first pixel being 0."""


@dataclass(frozen=True)
class Region:
    """Areas to count in.

    Parameters
    ----------
    polygons
        Each an outline, followed by the outlines of its holes: a pixel inside an odd number of them is inside.

    Notes
    -----
    A centre that lies exactly on an outline belongs to the area right of it, or below it. So regions that share an
    edge share no pixel, and none is left between them.
    """

    polygons: tuple[Polygon, ...]

    def mask(self, shape: tuple[int, int]) -> Mask:
        """Pixels of (Y, X) whose centre lies inside an outline and in none of its holes."""
        return self.mask_window((0, 0), shape)

    def mask_window(
        self, window_origin: tuple[float, float], shape: tuple[int, int], step: tuple[float, float] = (1, 1)
    ) -> Mask:
        """What `mask` says of one window, on a grid that may be coarser than the image's.

        Parameters
        ----------
        window_origin
            Top-left corner (y, x) of the window, in pixels of the image: (0, 0) is the image's own corner.
        shape
            Rows and columns of the mask.
        step
            Height and width of one pixel of the mask, in pixels of the image.

        Returns
        -------
        numpy.ndarray
            bool (Y, X): whether the centre of each pixel of the mask lies inside.

        Examples
        --------
        >>> square = Region(((np.array([[-0.5, -0.5], [-0.5, 3.5], [3.5, 3.5], [3.5, -0.5]]),),))
        >>> square.mask_window((2, 2), (2, 3), step=(2, 2)).astype(int).tolist()
        [[1, 0, 0], [0, 0, 0]]
        """
        rows, columns = (
            np.asarray(first + (np.arange(length) + 0.5) * width - 0.5, float)
            for first, length, width in zip(window_origin, shape, step, strict=True)
        )
        return self.mask_at(rows, columns)

    def mask_at(self, rows: Places, columns: Places) -> Mask:
        """Whether each crossing of `rows` (Y,) and `columns` (X,), both ascending, lies inside: bool (Y, X)."""
        inside = np.zeros((len(rows), len(columns)), bool)
        if not inside.size:
            return inside
        top, left, bottom, right = self._boxes
        near = (top <= rows[-1]) & (bottom >= rows[0]) & (left <= columns[-1]) & (right >= columns[0])
        for index in np.flatnonzero(near):
            _fill(inside, self.polygons[index], rows, columns)
        return inside

    @cached_property
    def _boxes(self) -> NDArray[np.float64]:
        """Top, left, bottom and right (4, N) of the polygons, so that those far from a window cost nothing."""
        corners = [np.concatenate(rings) for rings in self.polygons]
        return np.array([[*each.min(axis=0), *each.max(axis=0)] for each in corners]).reshape(-1, 4).T


@dataclass(frozen=True)
class NamedRegion:
    """A region and what the user calls it."""

    name: str
    region: Region


def read_named_regions(path: Path) -> list[NamedRegion]:
    """Read the regions of a GeoJSON file (as QuPath writes it) or of ImageJ (.roi, or a .zip of them), one by one.

    Each GeoJSON feature and each ImageJ ROI with an area is one region. A feature without a name takes that of its
    class; without one, it is called by its place, ``region 1``, ``region 2``, ….

    Raises
    ------
    UsageError
        When the file is missing, unreadable, or holds no area.
    """
    return [
        NamedRegion(name or f"region {place}", Region(polygons))
        for place, (name, polygons) in enumerate(read_outlines(path), start=1)
    ]


def read_region(path: Path) -> Region:
    """Read the same files as `read_named_regions`, all areas as one region.

    Raises
    ------
    UsageError
        When the file is missing, unreadable, or holds no area.
    """
    return Region(tuple(chain.from_iterable(polygons for _, polygons in read_outlines(path))))


def border_mask(shape: tuple[int, int], margin: int) -> Mask:
    """Pixels of (Y, X) at least `margin` pixels away from the image's edge.

    Examples
    --------
    >>> border_mask((3, 4), 1).astype(int).tolist()
    [[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    """
    mask = np.zeros(shape, bool)
    mask[margin : shape[0] - margin, margin : shape[1] - margin] = True
    return mask


def _fill(inside: Mask, rings: tuple[Ring, ...], rows: Places, columns: Places) -> None:
    """Set the crossings inside an odd number of `rings`: a line from the left meets an odd number of sides before them.

    Where a side crosses a row is worked out from the side and the row alone, so that every window says the same.
    """
    starts = np.concatenate(rings)
    ends = np.concatenate([np.roll(ring, -1, axis=0) for ring in rings])
    upward = starts[:, 0] > ends[:, 0]  # both neighbours of a shared side must work out the same crossings
    upper, lower = (np.where(upward[:, None], a, b) for a, b in ((ends, starts), (starts, ends)))
    first = np.searchsorted(rows, upper[:, 0])
    crossed = np.searchsorted(rows, lower[:, 0]) - first
    side = np.repeat(np.arange(len(starts)), crossed)
    row = np.arange(len(side)) - np.repeat(np.cumsum(crossed) - crossed, crossed) + first[side]
    (y, x), (to_y, to_x) = upper[side].T, lower[side].T
    met = np.searchsorted(columns, x + (rows[row] - y) * ((to_x - x) / (to_y - y)))
    before_end = met < len(columns)
    row, met = row[before_end], met[before_end]
    if not len(row):
        return
    top, bottom = int(row.min()), int(row.max()) + 1
    turns = np.bincount((row - top) * len(columns) + met, minlength=(bottom - top) * len(columns))
    odd = (turns & 1).astype(np.uint8).reshape(bottom - top, len(columns))
    inside[top:bottom] |= np.bitwise_xor.accumulate(odd, axis=1).view(bool)
