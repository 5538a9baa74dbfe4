"""A model's counts of images beside the true ones."""

from __future__ import annotations

from collections.abc import Sequence

from cytally.datasets.example import Example
from cytally.datasets.folder import Sample
from cytally.datasets.load import single_plane
from cytally.errors import CytallyError
from cytally.images.sources import stem
from cytally.models.model import Model
from cytally.report.overlays import overlay
from cytally.tasks.comparison import Comparison
from cytally.tasks.drawn import drawn_examples
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
from cytally.tasks.object_comparison import Keep
from cytally.tasks.triplets import Triplets
from cytally.tasks.watch import Watch

LEAST_DRAWN = 64
"""Pictures that are drawn beside however few natural ones."""

UNSEEN = 1_000_003
"""Added to the seed of the training, so that the drawn pictures are none of those it saw."""


class ImageComparison(Comparison):
    """What comes of counting annotated images.

    Parameters
    ----------
    model, watch, keep
        As in `Comparison`.
    triplets
        Where triplets for experts are collected; None draws none.
    """

    def __init__(self, model: Model, watch: Watch, keep: Keep | None = None, triplets: Triplets | None = None) -> None:
        super().__init__(model, watch, keep)
        self._triplets = triplets
        self._looks = encodes_and_decodes(model)
        self._samples: Sequence[Sample] = ()
        self._pieces: list[Example] = []

    def compare(self, samples: Sequence[Sample]) -> None:
        """Count images whose number of cells is known; one that fails is noted, and the next is counted."""
        self._samples = samples
        super().compare(samples)

    def _look_at(self, sample: Sample) -> None:
        plane = single_plane(sample)
        prediction, reading = self.model.predict(plane)
        channel = reading.channels[0] if len(reading.channels) == 1 else None
        if self._triplets is not None:
            self._triplets.add(sample, plane, channel, prediction)
        drawn = self.objects.add(sample, plane, channel, prediction)
        self.rows.append((sample.name, float(sample.count or 0), prediction.count))
        self.intervals.append(prediction.interval)
        if self._is_among_the_worst():
            link = None if drawn is None else f"overlays/{stem(sample.path)}.png"
            self._remember(overlay(plane.data, channel, prediction) if drawn is None else drawn, link)
        if self._looks:
            each = -(-MOST_PICTURES // max(1, len(self._samples)))
            self._pieces += pieces_of(self.model, example_of(self.model, plane, sample), each)

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
