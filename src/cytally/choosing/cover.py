"""Choosing things that stand for all others: as few as possible, such that every thing has one like it."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cytally.choosing.spread import Rows

SAME = 1e-9
"""Things that lie no further apart are copies of each other: what one teaches, the other does as well."""

SLACK, CHUNK = 1e-6, 256
"""Rounding of distances that are computed many at a time, and of how many rows at a time."""


@dataclass(frozen=True)
class Pick:
    """One thing that was chosen: its number, its gain, and of how many things it is the nearest one known by now."""

    index: int
    gain: float
    stands_for: int


def cover(rows: Rows, weights: Sequence[float], known: Rows, number: int) -> list[Pick]:
    """Choose one thing after the other, each time the one that brings all things nearest to what is known.

    Things in the thick of many others come first, and one in each thick before a second one; the odd ones follow. While
    few images are labelled that is worth more than doubt or distance, which choose the odd ones first.

    Parameters
    ----------
    rows
        Features (N, F) of what may be chosen and is to be stood for, on the scale of `comparable`.
    weights
        Of each, at least 0: how much depends on its being stood for. What weighs nothing is not chosen either.
    known
        Features (M, F) of what is known already.
    number
        How many to choose at most.

    Returns
    -------
    list of Pick
        In the order in which they were chosen. The gain is the weighted mean, over all things, of how much nearer the
        nearest known one comes, from 0 to 1; none is larger than the one before. Copies of what is known or chosen are
        left out. Of equals the first is chosen.

    Notes
    -----
    The sum of distances to the nearest chosen thing is that of k-medians; its fall is submodular, so that choosing
    greedily is at least 1 - 1/e as good as choosing at best (Nemhauser et al. 1978), and gains that were computed
    earlier bound later ones (Minoux 1978), so that few are computed again.

    References
    ----------
    Facility location for choosing what to learn from: Wei, Iyer & Bilmes 2015, *Submodularity in data subset selection
    and active learning*. Typical things first while labels are few: Hacohen, Dekel & Weinshall 2022, *Active learning
    on a budget: opposite strategies suit high and low budgets*; Yehuda et al. 2022, *Active learning through a covering
    lens*.
    """
    weight = np.asarray(weights, np.float64)
    total = float(weight.sum())
    if total <= 0:
        return []
    weight = weight / total
    nearest = np.ones(len(rows))
    for one in known:
        nearest = np.minimum(nearest, np.linalg.norm(rows - one, axis=1))

    def gain(index: int) -> float:
        distances = np.linalg.norm(rows - rows[index], axis=1)
        return float((weight * np.maximum(0.0, nearest - distances)).sum())

    bounds = _bounds(rows, weight, nearest)
    waiting = [(-float(bounds[index]), index) for index in range(len(rows)) if weight[index] > 0]
    heapq.heapify(waiting)
    picks = list[Pick]()
    while waiting and len(picks) < number:
        bound, index = heapq.heappop(waiting)
        if nearest[index] <= SAME:
            continue
        now = min(gain(index), -bound)  # but for rounding it never rises
        if waiting and (-now, index) > waiting[0]:
            heapq.heappush(waiting, (-now, index))
            continue
        distances = np.linalg.norm(rows - rows[index], axis=1)
        picks.append(Pick(index, now, int(((distances < nearest) & (weight > 0)).sum())))
        nearest = np.minimum(nearest, distances)
    return picks


def _bounds(rows: Rows, weight: Rows, nearest: Rows) -> Rows:
    """What the first gain of each row is at most: distances by products of matrices are fast, and rounded a little."""
    squares, bounds = (rows**2).sum(axis=1), np.empty(len(rows))
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        distances = np.sqrt(np.maximum(0.0, squares[:, None] + squares[part] - 2 * rows @ rows[part].T))
        bounds[part] = weight @ np.maximum(0.0, nearest[:, None] - distances) + SLACK
    return bounds
