"""Methods that see a volume slice by slice, and read objects that go through its slices."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.datasets.example import Example
from cytally.methods.map_method import MapMethod

Slice = NDArray[Any]
"""Pixels (Y, X) of any real type."""
Maps = NDArray[np.float32]
"""What a network says of a slice: (K, Y, X)."""
Labels = NDArray[np.integer[Any]]


class VolumeMethod(MapMethod):
    """A method whose network sees one slice at a time, coloured by what its neighbours show.

    It is trained as any `MapMethod`, on slices with label images. Volumes stream through: of the slices three are
    held, of the maps and labels one, unless a method's own options ask for more.
    """

    @classmethod
    def channels_of(cls, example: Example) -> int:
        """One: the colours of an example are the method's own."""
        return 1

    @property
    @abstractmethod
    def window(self) -> int | None:
        """Side in pixels of the windows that larger slices are seen through; None: slices are seen whole."""

    @property
    @abstractmethod
    def overlap(self) -> float:
        """Share of a window that its neighbour shows as well, at the least."""

    def whole(self, example: Example) -> Example:
        """A whole slice as it is trained on, where `training.crop` cuts none; by default as it is.

        Raises
        ------
        DataError
            When the slice would be seen otherwise when it is segmented.
        """
        return example

    @abstractmethod
    def pictures(self, slices: Iterable[Slice]) -> Iterator[NDArray[np.float32]]:
        """What the network sees of each slice of a volume, in order: (C, Y, X), from 0 to 1."""

    @abstractmethod
    def read_volume(self, outputs: Iterable[Maps], anisotropy: float) -> Iterator[Labels]:
        """Label slices (Y, X), in order, of what the network says of a volume's slices.

        A number names the same object in every slice. Numbers begin at 1; 0 is background.

        Parameters
        ----------
        outputs
            Maps (K, Y, X), one per slice.
        anisotropy
            Distance of two slices over that of two pixels.
        """

    @abstractmethod
    def keeps(self, voxels: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Which objects are large enough to be kept, by their numbers of voxels (N,)."""
