"""Choosing things that lie far from each other and from what is known, those of more weight first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Pick:
    """One thing that was chosen: its number, its gain, and how far it was from all that is known or chosen before."""

    index: int
    gain: float
    distance: float


def comparable(*groups: Rows) -> list[Rows]:
    """Groups of features (N, F) on one scale, so that the largest distance of any two rows is at most 1.

    Each feature is centred and divided by its standard deviation over all groups; one that does not vary is left out.
    Distances are then divided by twice the largest distance from the middle.
    """
    together = np.concatenate(groups)
    if not together.size:
        return list(groups)
    spread = together.std(axis=0)
    varies = spread > 1e-9 * np.maximum(1.0, np.abs(together).max(axis=0))
    scaled = (together[:, varies] - together[:, varies].mean(axis=0)) / spread[varies]
    radius = np.linalg.norm(scaled, axis=1).max() if scaled.size else 0.0
    scaled = scaled / (2 * radius) if radius > 0 else scaled
    return np.split(scaled, np.cumsum([len(group) for group in groups])[:-1])


def k_centre(rows: Rows, weights: Sequence[float], centres: Rows, number: int) -> list[Pick]:
    """Choose one thing after the other: each time that of the largest weight times distance.

    Without weights this is the greedy k-centre of core-sets; a weight by how unsure the network is joins the two
    ideas of active learning, as BADGE does.

    Parameters
    ----------
    rows
        Features (N, F) of what may be chosen, on the scale of `comparable`.
    weights
        Of each, at least 0.
    centres
        Features (M, F) of what is known already.
    number
        How many to choose.

    Returns
    -------
    list of Pick
        In the order in which they were chosen; no gain is larger than the one before. `distance` is that from the
        nearest thing known or chosen before, and 1 where there is none. Of equals the first is chosen.

    References
    ----------
    Sener & Savarese 2018, *Active learning for convolutional neural networks: a core-set approach*, algorithm 1.
    Ash et al. 2020, *Deep batch active learning by diverse, uncertain gradient lower bounds* (BADGE).
    """
    weight = np.asarray(weights, np.float64)
    nearest = np.ones(len(rows))
    for centre in centres:
        nearest = np.minimum(nearest, np.linalg.norm(rows - centre, axis=1))
    left, picks = np.ones(len(rows), bool), list[Pick]()
    while left.any() and len(picks) < number:
        gains = np.where(left, weight * nearest, -1.0)
        index = int(gains.argmax())
        picks.append(Pick(index, float(gains[index]), float(nearest[index])))
        left[index] = False
        nearest = np.minimum(nearest, np.linalg.norm(rows - rows[index], axis=1))
    return picks


def loneliness(rows: Rows, centres: Rows) -> Rows:
    """How far each row (N,) lies from the nearest other row or centre; 1 where there is no other."""
    everything = np.concatenate([rows, centres])
    alone = np.ones(len(rows))
    for place, row in enumerate(rows):
        distances = np.linalg.norm(everything - row, axis=1)
        distances[place] = 1.0
        alone[place] = distances.min()
    return alone
