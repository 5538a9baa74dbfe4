"""The queue: which part to label first, which next, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cytally.choosing.cover import cover
from cytally.choosing.look import Part
from cytally.choosing.spread import Rows, comparable, loneliness

UNLIKE = 1.5
"""A part is called unlike the others where it lies so many times further from them than the middle one does."""

TRUSTED = 50
"""Labelled parts from which on a model's own doubt weighs as much as that all parts are taken to be doubted alike."""


@dataclass(frozen=True)
class Place:
    """A place in the queue: the number of its part, its gain from 0 to 1, and a sentence that says why."""

    index: int
    gain: float
    why: str


def errors_expected(parts: Sequence[Part], labelled: int) -> list[float]:
    """How wrong the count of each part is expected to be, in cells up to a common factor.

    Counts scatter with the root of the cells that are there; by how much is what the disagreement measures. A model of
    few labels is unsure of the wrong things, so its disagreement is drawn towards the middle one of all parts, the more
    so the fewer labels there are (`TRUSTED`). A part with nothing in it to label weighs 0.

    Examples
    --------
    >>> parts = [Part((), 0.1, 100.0), Part((), 0.3, 25.0), Part((), 0.2, 0.0), Part((), empty=True)]
    >>> [round(each, 2) for each in errors_expected(parts, 0)], [round(each, 2) for each in errors_expected(parts, 50)]
    ([2.0, 1.0, 0.2, 0.0], [1.5, 1.25, 0.2, 0.0])
    """
    full = [part.disagreement for part in parts if not part.empty]
    middle = float(np.median(full)) if full else 0.0
    trust = labelled / (labelled + TRUSTED)
    errors = [
        0.0 if part.empty else math.sqrt(max(1.0, part.count)) * ((1 - trust) * middle + trust * part.disagreement)
        for part in parts
    ]
    return errors if any(errors) else [float(not part.empty) for part in parts]  # where nothing is disputed


def queue(parts: Sequence[Part], labelled: Sequence[Part] = (), number: int | None = None) -> list[Place]:
    """Rank parts by expected gain: how much nearer they bring what the model errs on to something that is labelled.

    Parameters
    ----------
    parts
        What may be labelled. Of copies the first alone is ranked, and nothing that is a copy of a labelled one, or in
        which there is nothing to label.
    labelled
        What is labelled already.
    number
        Length of the queue at most; None ranks all.

    Returns
    -------
    list of Place
        No gain is larger than the one before. The order of `parts` decides between copies alone.
    """
    if not parts:
        return []
    order = sorted(range(len(parts)), key=lambda index: (-parts[index].disagreement, parts[index].features))
    known = sorted(part.features for part in labelled)
    rows, centres = comparable(_rows([parts[index].features for index in order]), _rows(known, len(parts[0].features)))
    ranked = [parts[index] for index in order]
    picks = cover(rows, errors_expected(ranked, len(labelled)), centres, len(parts) if number is None else number)
    alone = loneliness(rows, centres)
    usual = float(np.median(alone))
    places = []
    for pick in picks:
        lonely = len(parts) + len(labelled) > 2 and alone[pick.index] > UNLIKE * usual
        others = pick.stands_for - 1
        like = f"stands for {others} other{'s' * (others > 1)}" if others else ""
        reasons = (ranked[pick.index].why, "unlike the other images" if lonely else like)
        why = "; ".join(reason for reason in reasons if reason)
        places.append(Place(order[pick.index], pick.gain, why or "unlike those ranked before it"))
    return places


def _rows(features: Sequence[tuple[float, ...]], columns: int = 0) -> Rows:
    return np.array(features, np.float64) if features else np.zeros((0, columns))
