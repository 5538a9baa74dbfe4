"""The objects that a model finds in volumes beside the true ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.datasets.folder import Sample
from cytally.datasets.slices import the_volume
from cytally.errors import DataError
from cytally.images.sources import stem
from cytally.images.volume import Volume
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

    Where single slices of a volume are annotated, as in the Cell Tracking Challenge, each of them is compared by
    itself, every section in it being an object; the volume is not counted then.

    Parameters
    ----------
    model, watch, keep
        As in `Comparison`.
    """

    def __init__(self, model: Model, watch: Watch, keep: Keep | None = None) -> None:
        super().__init__(model, watch, keep)
        self._drawn: dict[str, int] = {}
        self._assumed: list[str] = []
        self._in_slices = 0

    def compare(self, samples: Sequence[Sample]) -> None:
        """Segment annotated volumes; one that fails is noted, and the next is segmented."""
        super().compare(samples)
        if self._assumed:
            self.note(
                f"The distance of slices is unknown in {len(self._assumed)} of {self.done} volumes, the first "
                f"{self._assumed[0]}; it was taken to be that of pixels. Save them with their voxel size."
            )
        if self._in_slices:
            self.note(
                f"Of {self._in_slices} of {self.done} volumes only single slices are annotated: their sections count in "
                "object, pixel and segmentation, but not in counting."
            )

    def facts(self) -> dict[str, Any]:
        """Which slice of each volume, from 0, is drawn, and the volumes whose anisotropy was taken to be 1."""
        return {"slices_drawn": self._drawn, "anisotropy_assumed": self._assumed}

    def _look_at(self, sample: Sample) -> None:
        volume = the_volume(sample, self.model.card.configuration.input)
        known = sample.label_volume() if sample.labels is not None or sample.label_slices else None
        if known is not None and known[0].shape != volume.shape:
            raise DataError(
                f"has labels of shape {known[0].shape}, but its own is {volume.shape} (slices, rows, columns)",
                file=sample.path,
                cure="export the label volume in the volume's own size",
            )
        prediction = self.model.segment(volume)
        assert prediction.labels is not None  # that is what segmenting is
        if "no-voxel-size" in prediction.flags:
            self._assumed.append(sample.name)
        picture = None
        if known is None:
            self.objects.lacks_labels()
        else:
            self._count(sample, known, prediction.labels)
            picture = self._draw(sample, volume, known, prediction.labels)
        if sample.count is None:
            self._in_slices += 1
            return
        self.rows.append((sample.name, float(sample.count), prediction.count))
        if self._is_among_the_worst():
            link = None if picture is None else f"overlays/{_stem(sample)}.png"
            self._remember(_middle(volume, prediction.labels) if picture is None else picture, link)

    def _count(self, sample: Sample, known: tuple[Labels, tuple[int, ...]], found: Labels) -> None:
        """Add what true and found objects share, in the volume or in each of the slices that are annotated."""
        true, annotated = known
        if sample.label_slices is None:
            self.objects.look_over(sample.labels or sample.path, true)
            self.objects.count(true, found)
        else:
            for z in annotated:
                self.objects.count(true[z], found[z], whole=False)
        self.objects.compared += 1

    def _draw(
        self, sample: Sample, volume: Volume, known: tuple[Labels, tuple[int, ...]], found: Labels
    ) -> NDArray[np.uint8] | None:
        """Draw the annotated slice in which the true objects cover most."""
        if not self.objects.draws:
            return None
        z = fullest(*known)
        picture = agreement(volume.slice(z)[None], 0, known[0][z], found[z])
        self.objects.draw(_stem(sample), picture)
        self._drawn[sample.name] = z
        return picture


def fullest(true: Labels, annotated: tuple[int, ...]) -> int:
    """The slice, of those `annotated`, in which objects cover most, the one nearest to the middle of several.

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
    return max(annotated, key=lambda z: (np.count_nonzero(true[z]), -abs(z - middle)))


def _stem(sample: Sample) -> str:
    """What the drawing is called; two sequences of a challenge have files of the same name."""
    return stem(Path(sample.name))


def _middle(volume: Volume, found: Labels) -> NDArray[np.uint8]:
    """The middle slice with what was found in it."""
    z = volume.shape[0] // 2
    return overlay(volume.slice(z)[None], 0, Prediction(0.0, labels=found[z]))
