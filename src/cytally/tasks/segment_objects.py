"""The objects of a volume, measured slice by slice, so that no more than one slice has to be held."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

COLUMNS = (
    *("label", "z", "y", "x", "voxels", "volume_um3"),
    *("first_slice", "last_slice", "mean_intensity"),
)
"""The header of objects/STEM.csv."""

SUMS = ("voxels", "z", "y", "x", "intensity")


class ObjectSums:
    """What is summed up of every object while a volume's label slices pass by.

    Examples
    --------
    Two slices of one row; object 7 appears first, object 3 spans both:

    >>> sums = ObjectSums()
    >>> sums.add(np.array([[7, 3, 3]]), np.array([[10, 20, 30]]))
    >>> sums.add(np.array([[0, 3, 0]]), np.array([[0, 40, 0]]))
    >>> table = sums.table(sums.renumbered(np.array([7, 3])))
    >>> table[["label", "z", "x", "voxels", "mean_intensity"]].values.tolist()
    [[1.0, 0.0, 0.0, 1.0, 10.0], [2.0, 0.3333333333333333, 1.3333333333333333, 3.0, 30.0]]
    """

    def __init__(self) -> None:
        self._slices = 0
        self._sums = {name: np.zeros(1) for name in SUMS}
        self._first = np.zeros(1, np.int64)  # slice in which an object appears, its place in it, and its last slice
        self._place = np.zeros(1, np.int64)
        self._last = np.full(1, -1, np.int64)

    def add(self, labels: NDArray[np.integer[Any]], pixels: NDArray[Any]) -> None:
        """Take in the next slice.

        Parameters
        ----------
        labels
            Its labels (Y, X), numbered over the volume; 0 is background.
        pixels
            The picture (Y, X).
        """
        y, x = np.nonzero(labels)
        z, names = self._slices, labels[y, x].astype(np.int64)
        self._slices += 1
        if not len(names):
            return
        self._make_room(int(names.max()) + 1)
        size = len(self._last)
        here = np.bincount(names, minlength=size)
        self._sums["voxels"] += here
        self._sums["z"] += z * here
        for name, values in (("y", y), ("x", x), ("intensity", pixels[y, x])):
            self._sums[name] += np.bincount(names, values, size)
        place = np.zeros(size, np.int64)
        place[names[::-1]] = np.arange(len(names))[::-1]  # of several values for one index the last holds: the first
        new = (here > 0) & (self._last < 0)
        self._first[new], self._place[new] = z, place[new]
        self._last[here > 0] = z

    @property
    def names(self) -> NDArray[np.int64]:
        """The objects' numbers, in order of appearance: by slice, row and column of their first voxel."""
        names = np.flatnonzero(self._last >= 0)
        return names[np.lexsort((self._place[names], self._first[names]))]

    def voxels(self, names: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many voxels each of the objects has."""
        return self._sums["voxels"][names].astype(np.int64)

    def renumbered(self, kept: NDArray[np.int64]) -> NDArray[np.uint32]:
        """What to write for every number: 1, 2, … for `kept` in that order, 0 for the others."""
        written = np.zeros(len(self._last), np.uint32)
        written[kept] = np.arange(1, len(kept) + 1)
        return written

    def table(self, written: NDArray[np.uint32], voxel_um3: float | None = None) -> pd.DataFrame:
        """Measure the objects.

        Parameters
        ----------
        written
            The number each is written under, from `renumbered`.
        voxel_um3
            Volume of a voxel in cubic micrometres; without it `volume_um3` is empty.

        Returns
        -------
        DataFrame
            One row per object that is written, by rising label, with the columns `COLUMNS`. z, y and x are the centre
            of mass in voxels.
        """
        names = np.flatnonzero(written)
        names = names[np.argsort(written[names])]
        voxels = self._sums["voxels"][names]
        volume = np.full(len(names), np.nan) if voxel_um3 is None else voxels * voxel_um3
        columns = {
            "label": written[names],
            **{axis: self._sums[axis][names] / voxels for axis in "zyx"},
            "voxels": voxels.astype(np.int64),
            "volume_um3": volume,
            "first_slice": self._first[names],
            "last_slice": self._last[names],
            "mean_intensity": self._sums["intensity"][names] / voxels,
        }
        return pd.DataFrame(columns, columns=list(COLUMNS))

    def _make_room(self, size: int) -> None:
        """Let numbers below `size` be counted; twice as many at a time, so that a growing volume copies little."""
        have = len(self._last)
        if size <= have:
            return
        more = max(size, 2 * have) - have
        self._sums = {name: np.pad(values, (0, more)) for name, values in self._sums.items()}
        self._first, self._place = np.pad(self._first, (0, more)), np.pad(self._place, (0, more))
        self._last = np.pad(self._last, (0, more), constant_values=-1)
