"""A model's counts beside the true ones, image by image, with what is worth showing of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cytally.datasets.example import Example
from cytally.datasets.folder import Sample
from cytally.datasets.load import single_plane
from cytally.errors import CytallyError, OutputError
from cytally.images.sources import stem
from cytally.models.model import Model
from cytally.report.evaluation_page import WrongImage
from cytally.report.overlays import encode_png, overlay, thumbnail
from cytally.tasks.drawn import drawn_examples
from cytally.tasks.failures import failure_line
from cytally.tasks.insight import (
    MOST_PICTURES,
    Insight,
    encodes_and_decodes,
    example_of,
    insight,
    learns_from_drawn,
    pieces_of,
)
from cytally.tasks.insight_figures import insight_notes
from cytally.tasks.object_comparison import Keep, ObjectComparison
from cytally.tasks.triplets import Triplets
from cytally.tasks.watch import Watch

MOST_WRONG = 12
"""Images with the largest errors that are shown."""

LEAST_DRAWN = 64
"""Pictures that are drawn beside however few natural ones."""

UNSEEN = 1_000_003
"""Added to the seed of the training, so that the drawn pictures are none of those it saw."""


class Comparison:
    """What comes of counting annotated images.

    Parameters
    ----------
    model
        What counts.
    watch
        Functions to call on the way.
    keep
        Where drawings of found beside true objects go; None draws none.
    triplets
        Where triplets for experts are collected; None draws none.
    """

    def __init__(self, model: Model, watch: Watch, keep: Keep | None = None, triplets: Triplets | None = None) -> None:
        self.model, self.watch = model, watch
        self.rows: list[tuple[str, float, float]] = []
        """Name, true and predicted count of every image that was counted."""
        self.failures: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.wrong: list[WrongImage] = []
        """The images with the largest errors, the worst first."""
        self.objects = ObjectComparison(keep)
        """What found objects share with those of label images, where there are both."""
        self._triplets = triplets
        self._samples: Sequence[Sample] = ()
        self._pieces: list[Example] = []

    def note(self, sentence: str) -> None:
        """Tell the user, and remember for the report."""
        self.notes.append(sentence)
        self.watch.on_note(sentence)

    def fail(self, path: Path, error: Exception) -> None:
        """Note an image that cannot be counted."""
        self.failures.append((path.name, failure_line(error, path)))
        self.watch.on_failure(*self.failures[-1])

    def count(self, samples: Sequence[Sample]) -> None:
        """Count images whose number of cells is known; one that fails is noted, and the next is counted."""
        self._samples = samples
        looks = encodes_and_decodes(self.model)
        each = -(-MOST_PICTURES // max(1, len(samples)))
        for done, sample in enumerate(samples):
            self.watch.on_images("Evaluating", done, len(samples))
            try:
                plane = single_plane(sample)
                prediction, reading = self.model.predict(plane)
                channel = reading.channels[0] if len(reading.channels) == 1 else None
                if self._triplets is not None:
                    self._triplets.add(sample, plane, channel, prediction)
                drawn = self.objects.add(sample, plane, channel, prediction)
                self.rows.append((sample.name, float(sample.count or 0), prediction.count))
                if self._is_among_the_worst():
                    link = None if drawn is None else f"overlays/{stem(sample.path)}.png"
                    self._remember(overlay(plane.data, channel, prediction) if drawn is None else drawn, link)
                if looks:
                    self._pieces += pieces_of(self.model, example_of(self.model, plane, sample), each)
            except OutputError:
                raise
            except (CytallyError, MemoryError, RuntimeError) as error:
                self.fail(sample.path, error)
        for sentence in self.objects.notes():
            self.note(sentence)

    def counts(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """True and predicted counts (N,)."""
        true, predicted = (np.array([row[place] for row in self.rows], float) for place in (1, 2))
        return true, predicted

    def insight(self) -> Insight | None:
        """What the network shows of these images and of drawn ones; None where it does not encode and decode."""
        if not self._pieces:
            return None
        configuration, drawn = self.model.card.configuration, []
        if learns_from_drawn(self.model):
            drawn = self._draw(self._samples)
        found = insight(self.model, self._pieces, drawn, seed=configuration.seed)
        for sentence in insight_notes(found):
            self.note(sentence)
        return found

    def _draw(self, natural: Sequence[Sample]) -> list[Example]:
        """Drawn images like those that the model was trained on, and like these natural ones where it was so."""
        configuration = self.model.card.configuration
        try:
            return drawn_examples(
                configuration,
                self.model.card.input_channels,
                min(MOST_PICTURES, max(LEAST_DRAWN, len(self._pieces))),
                configuration.seed + UNSEEN,
                natural=natural,
                on_image=lambda done, total: self.watch.on_images("Drawing", done, total),
            )
        except CytallyError as error:  # as many cells as these images have need not fit into a picture
            if not natural:
                raise
            self.note(f"Drawn pictures are as the preset says, not like these images: {error.message}.")
            return self._draw(())

    def _is_among_the_worst(self) -> bool:
        """Whether the error of the image just counted is among the largest."""
        _, true, predicted = self.rows[-1]
        least = abs(self.wrong[-1].predicted - self.wrong[-1].true) if len(self.wrong) == MOST_WRONG else 0.0
        return abs(predicted - true) > least

    def _remember(self, picture: NDArray[np.uint8], link: str | None) -> None:
        """Keep a thumbnail of the image just counted, and let the least wrong one go."""
        self.wrong.append(WrongImage(*self.rows[-1], encode_png(thumbnail(picture)), link))
        self.wrong.sort(key=lambda each: -abs(each.predicted - each.true))
        del self.wrong[MOST_WRONG:]
