"""What a model says beside what is known, sample by sample, with what is worth showing of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.datasets.folder import Sample
from cytally.errors import CytallyError, OutputError
from cytally.models.model import Model
from cytally.report.evaluation_page import WrongImage
from cytally.report.overlays import encode_png, thumbnail
from cytally.tasks.failures import failure_line
from cytally.tasks.insight import Insight
from cytally.tasks.object_comparison import Keep, ObjectComparison
from cytally.tasks.watch import Watch

MOST_WRONG = 12
"""Images with the largest errors that are shown."""


class Comparison(ABC):
    """What comes of evaluating annotated samples; `ImageComparison` and `VolumeComparison` look at one each.

    Parameters
    ----------
    model
        What counts.
    watch
        Functions to call on the way.
    keep
        Where drawings of found beside true objects go; None draws none.
    """

    def __init__(self, model: Model, watch: Watch, keep: Keep | None = None) -> None:
        self.model, self.watch = model, watch
        self.done = 0
        """Samples that were compared."""
        self.rows: list[tuple[str, float, float]] = []
        """Name, true and predicted count of every sample whose number of cells is known."""
        self.intervals: list[tuple[float, float] | None] = []
        """The interval of each of them; None where the model has not been calibrated."""
        self.failures: list[tuple[str, str]] = []
        self.notes: list[str] = []
        self.wrong: list[WrongImage] = []
        """The samples with the largest errors, the worst first."""
        self.objects = ObjectComparison(keep)
        """What found objects share with those of label images, where there are both."""

        self._tell: Callable[[float], None] = lambda share: None
        """Called with the share of the sample in hand that is done."""

    @abstractmethod
    def _look_at(self, sample: Sample) -> None:
        """Compare one sample."""

    def compare(self, samples: Sequence[Sample]) -> None:
        """Compare annotated samples; one that fails is noted, and the next is looked at."""
        for done, sample in enumerate(samples):
            self._tell = partial(self._told, done, len(samples))
            self._tell(0.0)
            try:
                self._look_at(sample)
                self.done += 1
            except OutputError:
                raise
            except (CytallyError, MemoryError, RuntimeError) as error:
                self.fail(sample.path, error, sample.name)
        for sentence in self.objects.notes():
            self.note(sentence)

    def _told(self, done: int, samples: int, share: float) -> None:
        self.watch.on_images("Evaluating", done + share, samples)

    def note(self, sentence: str) -> None:
        """Tell the user, and remember for the report."""
        self.notes.append(sentence)
        self.watch.on_note(sentence)

    def fail(self, path: Path, error: Exception, name: str | None = None) -> None:
        """Note a sample that cannot be compared; by default its name is that of its file."""
        self.failures.append((name or path.name, failure_line(error, path)))
        self.watch.on_failure(*self.failures[-1])

    def counts(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """True and predicted counts (N,)."""
        true, predicted = (np.array([row[place] for row in self.rows], float) for place in (1, 2))
        return true, predicted

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | tuple[None, None]:
        """Lower and upper bounds (N,) of the counts; None where one has none."""
        known = [interval for interval in self.intervals if interval is not None]
        if not known or len(known) < len(self.rows):
            return None, None
        lower, upper = np.array(known, float).T
        return lower, upper

    def insight(self) -> Insight | None:
        """What the network shows of these samples and of drawn ones; None where it does not encode and decode."""
        return None

    def facts(self) -> dict[str, Any]:
        """What run.json should hold of the comparison besides."""
        return {}

    def _is_among_the_worst(self) -> bool:
        """Whether the error of the sample in the last row is among the largest."""
        _, true, predicted = self.rows[-1]
        least = abs(self.wrong[-1].predicted - self.wrong[-1].true) if len(self.wrong) == MOST_WRONG else 0.0
        return abs(predicted - true) > least

    def _remember(self, picture: NDArray[np.uint8], link: str | None) -> None:
        """Keep a thumbnail of the sample in the last row, and let the least wrong one go."""
        self.wrong.append(WrongImage(*self.rows[-1], encode_png(thumbnail(picture)), link))
        self.wrong.sort(key=lambda each: -abs(each.predicted - each.true))
        del self.wrong[MOST_WRONG:]
