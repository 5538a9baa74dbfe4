"""One annotated image, or volume, of a data folder, and the folder as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.datasets.labels import read_label_slice, read_label_volume, read_labels
from cytally.errors import DataError

Points = NDArray[np.float64]
Shape = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Sample:
    """One image or volume of a data folder with its annotation; its pixels stay in the file.

    Parameters
    ----------
    name
        The file's name with its ending; in a Cell Tracking Challenge data set with the number of its sequence in front
        (``01_t003.tif``).
    path
        Where it lies.
    points
        Cells (N, 2) as y, x in pixels with the origin at the centre of the top-left pixel: the centroids of the
        objects where there is a label image. (0, 2) where there are no cells, None where only a count is known, or
        nothing, and for volumes.
    labels
        Where its label image, or label volume, lies, or None.
    count
        Number of cells, or None where the image is unlabelled, or where only some of a volume's slices are annotated.
    covariances
        Shapes of the objects in the label image (N, 2, 2), in the order of `points`: second central moments in y and x,
        in pixels². None without a label image, and for volumes.
    label_slices
        Where the label image of each annotated slice lies, by the slice's number from 0, where only some slices of a
        volume are annotated; else None.
    shape
        Slices, rows and columns of an annotated volume; None for images, and for volumes that were not opened.
    markers
        Where a volume lies that has one marker per cell, numbered along its track, in this frame of a Cell Tracking
        Challenge sequence; or None.
    """

    name: str
    path: Path
    points: Points | None = None
    labels: Path | None = None
    count: float | None = None
    covariances: NDArray[np.float64] | None = None
    label_slices: Mapping[int, Path] | None = None
    shape: tuple[int, int, int] | None = None
    markers: Path | None = None

    def label_image(self) -> NDArray[np.integer[Any]] | None:
        """Read the label image (Y, X), 0 is background; None without one.

        Raises
        ------
        DataError
            When the file has become unreadable since the folder was read.
        """
        return None if self.labels is None else read_labels(self.labels)

    def label_volume(self) -> tuple[NDArray[np.integer[Any]], tuple[int, ...]]:
        """Read the labels of a volume (Z, Y, X), 0 is background, and tell which of its slices are annotated.

        Slices that are not annotated hold 0 all over, which says nothing of what is there.

        Raises
        ------
        DataError
            When nothing is annotated, or a file has become unreadable since the folder was read.
        """
        if self.labels is not None:
            labels = read_label_volume(self.labels)
            return labels, tuple(range(len(labels)))
        if not self.label_slices or self.shape is None:
            raise DataError("is a volume without labels", file=self.path, cure="add its label volume")
        slices = {z: read_label_slice(path) for z, path in sorted(self.label_slices.items())}
        labels = np.zeros(self.shape, np.result_type(*slices.values()))
        for z, section in slices.items():
            labels[z] = section
        return labels, tuple(slices)


@dataclass(frozen=True, eq=False)
class DataFolder:
    """What `cytally.datasets.folder.read_folder` found.

    Parameters
    ----------
    root
        The folder.
    samples
        All images, annotated or not, sorted by name.
    warnings
        What is odd about the annotation but could be used, one line each.
    """

    root: Path
    samples: tuple[Sample, ...]
    warnings: tuple[str, ...] = ()

    @property
    def annotated(self) -> tuple[Sample, ...]:
        """The images whose number of cells is known, be it 0."""
        return tuple(sample for sample in self.samples if sample.count is not None)

    @property
    def total_cells(self) -> float:
        """Number of cells in all annotated images together."""
        return float(sum(sample.count or 0 for sample in self.samples))
