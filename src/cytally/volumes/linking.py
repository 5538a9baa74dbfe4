"""Objects of slices become objects of the volume, one slice after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

Labels = NDArray[np.integer[Any]]

WIDENING = 1.5
"""Times its least area to which an object has to grow after a waist to be another one: no two outlines are alike."""


@dataclass(frozen=True, eq=False)
class _Slice:
    """The objects of a slice, numbered within it by where their first pixel lies; place 0 is the background.

    Parameters
    ----------
    labels
        (Y, X).
    areas
        Pixels of each object.
    names
        Number of each in the volume; 0 while it has none.
    largest
        Area of the object's largest slice so far.
    least
        Area of its smallest slice since then.
    open
        Whether each may still be continued.
    """

    labels: NDArray[np.int32]
    areas: NDArray[np.int64]
    names: NDArray[np.int64]
    largest: NDArray[np.int64]
    least: NDArray[np.int64]
    open: NDArray[np.bool_]


class Linker:
    """Numbers the objects of slices over a volume. It only looks back, so a volume of any length streams through.

    An object continues one of the slice before where the two share at least `overlap` of the smaller of them: an
    object's last slices shrink quickly, which a share of both together would punish. Where several could be paired,
    those with the largest intersection over union are first, each at most once, so that two objects of a slice never
    become one. Of equals, the one comes first that begins further up, then further to the left.

    Cells above one another touch, and each slice of the one overlaps the next of the other. What tells them apart is
    the waist between them: an object that has shrunk to less than `waist` times its largest area and then grows again
    is another one.

    Parameters
    ----------
    overlap
        Least share of the smaller object's pixels that lie in the other.
    gap
        Slices in which an object may be missing and still be the same.
    waist
        Share of an object's largest area; 0 never cuts. With 0.5, an object whose larger half alone was found in a
        slice is not yet cut by that.

    Raises
    ------
    ValueError
        When `overlap` or `waist` is not from 0 to 1, or `gap` is negative.

    Examples
    --------
    >>> linker = Linker()
    >>> linker.add(np.array([[5, 5, 0, 2, 2, 0]])).tolist()
    [[1, 1, 0, 2, 2, 0]]
    >>> linker.add(np.array([[0, 0, 0, 1, 1, 1]])).tolist()
    [[0, 0, 0, 2, 2, 2]]
    >>> linker.add(np.array([[8, 8, 0, 0, 9, 9]])).tolist()
    [[1, 1, 0, 0, 2, 2]]
    """

    def __init__(self, overlap: float = 0.65, *, gap: int = 1, waist: float = 0.5) -> None:
        if not (0 <= overlap <= 1 and 0 <= waist <= 1 and gap >= 0):
            raise ValueError(f"overlap and waist lie from 0 to 1, gap is at least 0, not {overlap}, {waist}, {gap}")
        self._overlap = overlap
        self._gap = gap
        self._waist = waist
        self._number = 0
        self._before: list[_Slice] = []

    def add(self, labels: Labels) -> NDArray[np.uint32]:
        """Number the objects of the next slice.

        Parameters
        ----------
        labels
            (Y, X), any whole numbers; 0 is background.

        Returns
        -------
        (Y, X): the same objects under their numbers in the volume. These begin at 1, new objects of a slice by where
        their first pixel lies, row by row.

        Raises
        ------
        ValueError
            When the slice is not of the size of those before it, not of whole numbers, or holds a negative one.
        """
        if self._before and labels.shape != self._before[0].labels.shape:
            raise ValueError(f"a slice of {labels.shape} after slices of {self._before[0].labels.shape}")
        found = _objects(labels)
        for before in self._before:
            self._continue(before, found)
        new = np.flatnonzero(found.names == 0)[1:]
        found.names[new] = self._number + np.arange(1, len(new) + 1)
        self._number += len(new)
        self._before = [found, *self._before[: self._gap]]
        return found.names.astype(np.uint32)[found.labels]

    def _continue(self, before: _Slice, found: _Slice) -> None:
        """Hand the names of open objects of a slice before on to those of this one that continue them."""
        olds, news, shared = _shared(before.labels, found.labels)
        old_areas, new_areas = before.areas[olds], found.areas[news]
        narrow = before.least[olds] < self._waist * before.largest[olds]
        possible = before.open[olds] & (found.names[news] == 0)
        possible &= shared >= self._overlap * np.minimum(old_areas, new_areas)
        possible &= ~(narrow & (new_areas > WIDENING * before.least[olds]))
        ious = shared / (old_areas + new_areas - shared)
        order = np.lexsort((news, olds, -shared, -ious))
        for old, new in zip(olds[order[possible[order]]], news[order[possible[order]]], strict=True):
            if before.open[old] and found.names[new] == 0:
                before.open[old] = False
                found.names[new] = before.names[old]
                if found.areas[new] < before.largest[old]:
                    found.largest[new] = before.largest[old]
                    found.least[new] = min(before.least[old], found.areas[new])


def _objects(labels: Labels) -> _Slice:
    """The objects of a slice, none of them named yet."""
    if not (np.issubdtype(labels.dtype, np.integer) or labels.dtype == bool):
        raise ValueError(f"labels are whole numbers, not {labels.dtype}")
    if labels.min(initial=0) < 0:
        raise ValueError(f"a label is negative: {labels.min()}")
    if labels.max(initial=0) > labels.size:
        labels = np.unique(np.append(0, labels), return_inverse=True)[1][1:].reshape(labels.shape)
    given = labels.astype(np.intp)
    places = np.flatnonzero(given)[::-1]
    first = np.full(int(given.max(initial=0)) + 1, given.size)
    first[given.ravel()[places]] = places  # of several, the last one stays: the first pixel
    used = np.flatnonzero(first < given.size)
    names = np.zeros(len(first), np.int32)
    names[used[np.argsort(first[used])]] = np.arange(1, len(used) + 1)
    ordered = names[given]
    areas = np.bincount(ordered.ravel(), minlength=1)
    return _Slice(ordered, areas, np.zeros_like(areas), areas.copy(), areas.copy(), np.ones(len(areas), bool))


def _shared(
    one: NDArray[np.int32], other: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Every two objects that overlap, and the pixels that they share."""
    both = (one > 0) & (other > 0)
    pairs, shape = (one[both], other[both]), (int(one.max(initial=0)) + 1, int(other.max(initial=0)) + 1)
    table = coo_array((np.ones(len(pairs[0]), np.int64), pairs), shape).tocsr().tocoo()
    rows, columns = table.coords
    return rows, columns, table.data
