"""Label slices of a volume on their way to the file: written once, in order, and read again one at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.tasks.output import writing


class LabelSlices:
    """Slices (Y, X) of uint32 on the disk. Made by `label_slices_on_disk`."""

    def __init__(self, folder: Path, file: Any, shape: tuple[int, int]) -> None:
        self._folder, self._file, self._shape = folder, file, shape

    def append(self, labels: NDArray[np.integer[Any]]) -> None:
        """Write the next slice.

        Raises
        ------
        OutputError
            When the disk is full.
        ValueError
            When it has another shape.
        """
        if labels.shape != self._shape:
            raise ValueError(f"a label slice of shape {labels.shape} in a volume of {self._shape}")
        with writing(self._folder):
            self._file.seek(0, 2)
            self._file.write(np.ascontiguousarray(labels, np.uint32).data)

    def read(self, z: int) -> NDArray[np.uint32]:
        """Read slice `z`."""
        labels = np.empty(self._shape, np.uint32)
        with writing(self._folder):
            self._file.seek(z * labels.nbytes)
            read = self._file.readinto(labels.data)
        if read != labels.nbytes:
            raise ValueError(f"slice {z} has not been written")
        return labels


@contextmanager
def label_slices_on_disk(folder: Path, shape: tuple[int, int]) -> Iterator[LabelSlices]:
    """A place in `folder` for the label slices of one volume, of (Y, X) `shape`.

    An ordinary file rather than mapped memory: a full disk is an error that can be told, where a mapping ends the
    process. It has no name wherever the system can do that, so that even a kill leaves nothing of it.
    """
    with writing(folder):
        file = tempfile.TemporaryFile(prefix=".0-slices-", dir=folder)  # noqa: SIM115 - closed below
    with file:
        yield LabelSlices(folder, file, shape)
