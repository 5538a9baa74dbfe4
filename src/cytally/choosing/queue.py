"""The queue: which part to label first, which next, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cytally.choosing.look import Part
from cytally.choosing.spread import comparable, k_centre, loneliness

UNLIKE = 1.5
"""A part is called unlike the others where it lies so many times further from them than the middle one does."""


@dataclass(frozen=True)
class Place:
    """A place in the queue: the number of its part, its gain from 0 to 1, and a sentence that says why."""

    index: int
    gain: float
    why: str


def weigh(disagreements: Sequence[float]) -> list[float]:
    """Weights from 0 to 1 of how far answers differ: one half for the middle part, near 1 for the most disputed.

    So a single odd picture does not outweigh all others. All weigh 1 where nothing is disputed.

    Examples
    --------
    >>> [round(weight, 2) for weight in weigh([0.0, 0.1, 0.3])], weigh([0.0, 0.0])
    ([0.0, 0.5, 0.75], [1.0, 1.0])
    """
    spread = np.asarray(disagreements, np.float64)
    if not spread.any():
        return [1.0] * len(spread)
    middle = float(np.median(spread))
    return [float(each / (each + middle)) if each > 0 else 0.0 for each in spread]


def queue(parts: Sequence[Part], labelled: Sequence[Part] = (), number: int | None = None) -> list[Place]:
    """Rank parts by expected gain: how disputed each is, times how unlike all that is labelled or ranked before it.

    Parameters
    ----------
    parts
        What may be labelled. Of equals the first is ranked first.
    labelled
        What is labelled already.
    number
        Length of the queue; None ranks all.

    Returns
    -------
    list of Place
        No gain is larger than the one before.
    """
    if not parts:
        return []
    rows, centres = comparable(
        *(
            np.array([part.features for part in each], np.float64).reshape(len(each), -1)
            if each
            else np.zeros((0, len(parts[0].features)))
            for each in (parts, labelled)
        )
    )
    picks = k_centre(rows, weigh([part.disagreement for part in parts]), centres, number or len(parts))
    alone = loneliness(rows, centres)
    usual = float(np.median(alone))
    places = []
    for pick in picks:
        reasons = [parts[pick.index].why]
        if len(parts) + len(labelled) > 2 and alone[pick.index] > UNLIKE * usual:
            reasons.append("unlike the other images")
        why = "; ".join(reason for reason in reasons if reason)
        places.append(Place(pick.index, pick.gain, why or "unlike those ranked before it"))
    return places
