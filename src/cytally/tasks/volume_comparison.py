"""The objects that a model finds in volumes beside the true ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.datasets.folder import Sample
from cytally.datasets.labels import read_label_volume
from cytally.datasets.slices import wanted_channel
from cytally.errors import DataError
from cytally.images.sources import stem
from cytally.images.volume import Volume, open_volumes
from cytally.models.model import Model
from cytally.report.agreement import agreement
from cytally.report.overlays import overlay
from cytally.results import Prediction
from cytally.tasks.comparison import Comparison
from cytally.tasks.object_comparison import Keep
from cytally.tasks.watch import Watch

Labels = NDArray[np.integer[Any]]


class VolumeComparison(Comparison):
    """What comes of segmenting annotated volumes.

    Where single slices of a volume are outlined, as in the Cell Tracking Challenge, each of them is compared by itself,
    every section in it being an object. Where there is a marker in each cell, markers tell how many there are, and
    which are found.

    Parameters
    ----------
    model, watch, keep
        As in `Comparison`.
    pixel_size, z_spacing
        Micrometres per pixel and between slices, where the files tell none or wrong ones.
    """

    def __init__(
        self,
        model: Model,
        watch: Watch,
        keep: Keep | None = None,
        *,
        pixel_size: float | None = None,
        z_spacing: float | None = None,
    ) -> None:
        super().__init__(model, watch, keep)
        self._pixel_size, self._z_spacing = pixel_size, z_spacing
        self._drawn: dict[str, int] = {}
        self._assumed: list[str] = []
        self._in_slices = self._by_markers = 0

    def compare(self, samples: Sequence[Sample]) -> None:
        """Segment annotated volumes; one that fails is noted, and the next is segmented."""
        super().compare(samples)
        if self._assumed:
            self.note(
                f"The voxel size of {len(self._assumed)} of {self.done} volumes is unknown, the first "
                f"{self._assumed[0]}; slices were taken to be as far apart as pixels. Give --pixel-size, --z-spacing."
            )
        if self._in_slices:
            self.note(
                f"Of {self._in_slices} of {self.done} volumes only single slices are outlined: pixel, object, SEG and "
                "mean IoU speak of the sections in these."
            )
        if self._by_markers:
            self.note(
                f"Of {self._by_markers} of {self.done} volumes only markers are known: they count in counting and DET "
                "alone."
            )

    def facts(self) -> dict[str, Any]:
        """Voxel size as given, which slice of each volume, from 0, is drawn, and where the anisotropy is assumed."""
        return {
            "pixel_size": self._pixel_size,
            "z_spacing": self._z_spacing,
            "slices_drawn": self._drawn,
            "anisotropy_assumed": self._assumed,
        }

    def _look_at(self, sample: Sample) -> None:
        volume = self._open(sample)
        known = sample.label_volume() if sample.labels is not None or sample.label_slices else None
        markers = None if sample.markers is None else read_label_volume(sample.markers)
        for file, labels in ((sample.labels, None if known is None else known[0]), (sample.markers, markers)):
            _refuse_misfit(file or sample.path, labels, volume)
        prediction = self.model.segment(volume, on_slice=lambda done, slices: self._tell(done / slices))
        found = prediction.labels
        assert found is not None  # that is what segmenting is
        if "no-voxel-size" in prediction.flags:
            self._assumed.append(sample.name)
        if markers is not None:
            self.objects.count_detections(markers, found)
        if known is not None:
            self._count(sample, known, found)
        elif markers is None:
            self.objects.lacks_labels()
        self._in_slices += bool(sample.label_slices)
        self._by_markers += known is None and markers is not None
        picture = None if known is None else self._draw(sample, volume, known, found)
        true = sample.count if markers is None else float(np.count_nonzero(np.unique(markers)))
        if true is None:
            return
        self.rows.append((sample.name, true, prediction.count))
        if self._is_among_the_worst():
            link = None if picture is None else f"overlays/{_stem(sample)}.png"
            self._remember(_middle(volume, found) if picture is None else picture, link)

    def _open(self, sample: Sample) -> Volume:
        """The one volume of the file; reading the folder has refused those of several."""
        channel = wanted_channel(self.model.card.configuration.input)
        (volume,) = open_volumes(sample.path, channel=channel, pixel_size=self._pixel_size, z_spacing=self._z_spacing)
        return volume

    def _count(self, sample: Sample, known: tuple[Labels, tuple[int, ...]], found: Labels) -> None:
        """Add what true and found objects share, in the volume or in each of the slices that are outlined."""
        true, outlined = known
        if sample.labels is not None:
            self.objects.look_over(sample.labels, true)
            self.objects.count(true, found, whole=sample.markers is None)
        else:
            for z in outlined:
                self.objects.count(true[z], found[z], whole=False)
        self.objects.compared += 1

    def _draw(
        self, sample: Sample, volume: Volume, known: tuple[Labels, tuple[int, ...]], found: Labels
    ) -> NDArray[np.uint8] | None:
        """Draw the outlined slice in which the true objects cover most."""
        if not self.objects.draws:
            return None
        z = fullest(*known)
        picture = agreement(volume.slice(z)[None], 0, known[0][z], found[z])
        self.objects.draw(_stem(sample), picture)
        self._drawn[sample.name] = z
        return picture


def fullest(true: Labels, outlined: tuple[int, ...]) -> int:
    """The slice, of those `outlined`, in which objects cover most, the one nearest to the middle of several.

    Examples
    --------
    >>> labels = np.zeros((5, 2, 2), int)
    >>> fullest(labels, (0, 1, 2, 3, 4)), fullest(labels, (0, 1))
    (2, 1)
    >>> labels[4, 0, 0] = 3
    >>> fullest(labels, (0, 1, 2, 3, 4))
    4
    """
    middle = (len(true) - 1) / 2
    return max(outlined, key=lambda z: (np.count_nonzero(true[z]), -abs(z - middle)))


def _refuse_misfit(file: Path, labels: Labels | None, volume: Volume) -> None:
    """DataError where labels are of another shape than their volume."""
    if labels is not None and labels.shape != volume.shape:
        raise DataError(
            f"has the shape {labels.shape}, but its volume {volume.name} has {volume.shape} (slices, rows, columns)",
            file=file,
            cure="export it in the volume's own size",
        )


def _stem(sample: Sample) -> str:
    """What the drawing is called; two sequences of a challenge have files of the same name."""
    return stem(Path(sample.name))


def _middle(volume: Volume, found: Labels) -> NDArray[np.uint8]:
    """The middle slice with what was found in it."""
    z = volume.shape[0] // 2
    return overlay(volume.slice(z)[None], 0, Prediction(0.0, labels=found[z]))
