"""Found objects beside those of label images: what is shared, image by image, and the pictures of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.datasets.folder import Sample
from cytally.datasets.labels import covers_everything
from cytally.images.image import Plane
from cytally.images.sources import stem
from cytally.metrics.objects import ObjectCounts, object_counts
from cytally.metrics.segmentation import SegmentationCounts, detection_counts, segmentation_counts
from cytally.report.agreement import agreement
from cytally.results import Prediction

Keep = Callable[[str, NDArray[np.uint8]], None]
"""Told the STEM of an image and the drawing (Y, X, 3) to keep under it."""


class ObjectComparison:
    """Adds up what found and true objects share. Of each image only numbers are remembered.

    Parameters
    ----------
    keep
        Where the drawing of each image that is compared goes; None draws nothing.
    """

    def __init__(self, keep: Keep | None = None) -> None:
        self.compared = 0
        """Images that have a label image and in which the model finds objects."""
        self._keep = keep
        self._objects, self._segmentation = ObjectCounts(), SegmentationCounts()
        self._covered: list[Path] = []
        self._without_labels = 0

    def add(
        self, sample: Sample, plane: Plane, channel: int | None, prediction: Prediction
    ) -> NDArray[np.uint8] | None:
        """Compare the objects found in an image with those of its label image, where there are both.

        Parameters
        ----------
        sample
            The image with its annotation.
        plane, channel
            What was counted, and the channel to draw; None draws all.
        prediction
            What the model says.

        Returns
        -------
        numpy.ndarray or None
            The drawing (Y, X, 3), where something was compared and drawings are kept.

        Raises
        ------
        DataError
            When the label image has become unreadable.
        """
        true = sample.label_image()
        if true is None or sample.labels is None:
            self.lacks_labels()
            return None
        self.look_over(sample.labels, true)
        if prediction.labels is None:
            return None
        picture = None
        if self.draws:
            picture = agreement(plane.data, channel, true, prediction.labels)
            self.draw(stem(sample.path), picture)
        self.count(true, prediction.labels)
        self.compared += 1
        return picture

    @property
    def draws(self) -> bool:
        """Whether drawings are kept."""
        return self._keep is not None

    def draw(self, name: str, picture: NDArray[np.uint8]) -> None:
        """Keep the drawing (Y, X, 3) of what has the STEM `name`, where drawings are kept."""
        if self._keep is not None:
            self._keep(name, picture)

    def lacks_labels(self) -> None:
        """Note that something was counted that has no label image."""
        self._without_labels += 1

    def look_over(self, path: Path, true: NDArray[np.integer[Any]]) -> None:
        """Note a label image, read from `path`, whose background was perhaps taken for an object."""
        if covers_everything(true):
            self._covered.append(path)

    def count(self, true: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], *, whole: bool = True) -> None:
        """Add what the objects of an image, a volume, or a slice of one (then not `whole`) share with the true ones."""
        self._objects += object_counts(true, predicted)
        self._segmentation += segmentation_counts(true, predicted, whole=whole)

    def count_detections(self, true: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]]) -> None:
        """Add, for DET alone, which of the marked objects (Z, Y, X) were found in a volume."""
        self._segmentation += detection_counts(true, predicted)

    def pixel(self) -> dict[str, float] | None:
        """The block `pixel` of metrics.json; None where nothing could be compared."""
        return self._segmentation.voxels.metrics() if self.compared else None

    def object(self) -> dict[str, float] | None:
        """The block `object` of metrics.json; None where nothing could be compared."""
        return self._objects.metrics() if self.compared else None

    def segmentation(self, parameters: int) -> dict[str, float] | None:
        """The block `segmentation` of metrics.json for a network of so many; None where nothing could be compared."""
        return self._segmentation.metrics(parameters) if self.compared or self._segmentation.nodes else None

    def notes(self) -> list[str]:
        """What the user should know of the label images."""
        notes = []
        if self._covered:
            more = len(self._covered) - 1
            others = f", as in {more} other label image{'s' if more > 1 else ''}" if more else ""
            notes.append(
                f"{self._covered[0]}: one object covers nearly the whole image{others}; it is scored all the same. "
                "Look whether the background was taken for an object, and label the image again if so."
            )
        if self.compared and self._without_labels:
            notes.append(
                f"The blocks pixel, object and segmentation speak for the {self.compared} images with a label image, "
                f"and not for the {self._without_labels} without."
            )
        return notes
