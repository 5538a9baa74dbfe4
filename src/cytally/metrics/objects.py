"""How well found objects agree with the true ones, by a lenient rule and one to one.

**Found when any pixel is shared** (Salomon-Sörensen 2023). A true object is *found* when any of its pixels is predicted
foreground; a predicted object is *right* when any of its pixels is true foreground. The rule asks neither for shape nor
for number: one mask that is white all over finds everything and is right.

**One to one.** A true and a predicted object can be a pair when their IoU reaches a threshold, and none is in two
pairs. The pairs are true positives (TP), the remaining predicted objects false positives (FP), the remaining true ones
false negatives (FN).

Figures of several images are worked out from their objects put together: add up their `ObjectCounts`. An image without
any object then does no harm, and each object weighs the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from cytally.metrics.overlap import Overlap, overlap
from cytally.metrics.pixels import share

Labels = NDArray[np.integer[Any]]

THRESHOLDS = tuple(step / 20 for step in range(10, 20))
"""IoU from 0.50 to 0.95 in steps of 0.05, over which `ap` is the mean."""


@dataclass(frozen=True)
class Matching:
    """Which true object is which predicted one.

    Parameters
    ----------
    pairs
        Labels (N, 2) of the true and the predicted object of each pair, by rising true label.
    ious
        Their IoU (N,).
    missed
        Labels of the true objects without a partner.
    false
        Labels of the predicted objects without a partner.
    """

    pairs: NDArray[np.int64]
    ious: NDArray[np.float64]
    missed: NDArray[np.int64]
    false: NDArray[np.int64]


@dataclass(frozen=True)
class ObjectCounts:
    """Numbers of objects, of one image or, added up, of many.

    Parameters
    ----------
    true, predicted
        How many there are.
    found
        True objects that share a pixel with any predicted one.
    right
        Predicted objects that share a pixel with any true one.
    paired
        Pairs of the one-to-one matching at each of `THRESHOLDS`.
    """

    true: int = 0
    predicted: int = 0
    found: int = 0
    right: int = 0
    paired: tuple[int, ...] = (0,) * len(THRESHOLDS)

    def __add__(self, other: ObjectCounts) -> ObjectCounts:
        """The objects of both put together."""
        return ObjectCounts(
            self.true + other.true,
            self.predicted + other.predicted,
            self.found + other.found,
            self.right + other.right,
            tuple(mine + its for mine, its in zip(self.paired, other.paired, strict=True)),
        )

    def metrics(self) -> dict[str, float]:
        """The block `object` of metrics.json, fractions from 0 to 1.

        By 'found when any pixel is shared', where a nucleus in two pieces is one found and two right objects, so that
        there is no one number of true positives:

        - ``precision P = right / predicted`` and ``recall R = found / true``,
        - ``dice = 2PR/(P+R)``, which is 2TP/(2TP+FP+FN) where each found object is one right object,
        - ``iou = dice/(2-dice)``, which then is TP/(TP+FP+FN).

        One to one:

        - ``f1_50 = 2TP/(2TP+FP+FN)`` and ``ap50 = TP/(TP+FP+FN)`` at IoU >= 0.5,
        - ``ap``, the mean of TP/(TP+FP+FN) over the `THRESHOLDS`.

        Where there is no true and no predicted object, both agree, and all are 1. Where only one side has objects, all
        are 0, those included that would be 0/0.

        Examples
        --------
        >>> ObjectCounts(true=2, predicted=4, found=2, right=2, paired=(1,) * 10).metrics()["precision"]
        0.5
        >>> set(ObjectCounts().metrics().values()), set(ObjectCounts(true=3).metrics().values())
        ({1.0}, {0.0})
        """
        both, empty = self.true + self.predicted, not (self.true or self.predicted)
        precision = share(self.right, self.predicted, empty=empty)
        recall = share(self.found, self.true, empty=empty)
        dice = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        each = [share(pairs, both - pairs, empty=empty) for pairs in self.paired]
        return {
            "precision": precision,
            "recall": recall,
            "dice": dice,
            "iou": dice / (2 - dice),
            "f1_50": share(2 * self.paired[0], both, empty=empty),
            "ap50": each[0],
            "ap": fmean(each),
        }


def match_objects(true: Labels, predicted: Labels, iou: float = 0.5) -> Matching:
    """Pair true with predicted objects one to one, as many as can be.

    Above an IoU of 0.5 no object has a choice between two partners (two objects cannot both cover more than half of a
    third, as objects of one image share no pixel), so that there is one matching only. At 0.5 and below there can be a
    choice; then a largest matching is taken (Hopcroft and Karp's algorithm), one of several where there are several.

    Parameters
    ----------
    true, predicted
        Label images (Y, X), or volumes, of the same shape: 0 is background, every other number an object, in one piece
        or in several.
    iou
        Least intersection over union of a pair, above 0 and at most 1.

    Raises
    ------
    ValueError
        When shapes differ, an array does not hold labels, or `iou` is out of range.

    Examples
    --------
    >>> matching = match_objects(np.array([[1, 1, 0, 2]]), np.array([[5, 5, 5, 0]]))
    >>> matching.pairs.tolist(), matching.ious.round(2).tolist(), matching.missed.tolist(), matching.false.tolist()
    ([[1, 5]], [0.67], [2], [])
    """
    if not 0 < iou <= 1:
        raise ValueError(f"an IoU of {iou} cannot be asked for: it must be above 0 and at most 1")
    table = overlap(true, predicted)
    chosen = _paired(table, iou)
    rows, columns = table.rows[chosen], table.columns[chosen]
    return Matching(
        pairs=np.column_stack([table.true[rows], table.predicted[columns]]),
        ious=table.ious[chosen],
        missed=np.delete(table.true, rows),
        false=np.delete(table.predicted, columns),
    )


def object_counts(true: Labels, predicted: Labels) -> ObjectCounts:
    """Compare two label images; `true`, `predicted` and errors as in `match_objects`.

    Examples
    --------
    A nucleus found in two halves, and another missed:

    >>> counts = object_counts(np.array([[1, 1, 0, 2]]), np.array([[1, 2, 0, 0]]))
    >>> counts.true, counts.predicted, counts.found, counts.right, counts.paired[:2]
    (2, 2, 1, 2, (1, 0))
    """
    table = overlap(true, predicted)
    return ObjectCounts(
        true=len(table.true),
        predicted=len(table.predicted),
        found=len(np.unique(table.rows)),
        right=len(np.unique(table.columns)),
        paired=tuple(len(_paired(table, iou)) for iou in THRESHOLDS),
    )


def object_metrics(images: Iterable[tuple[Labels, Labels]]) -> dict[str, float]:
    """Object figures of a data set, from all of its objects put together; see `ObjectCounts.metrics`.

    Parameters
    ----------
    images
        True and predicted label image of each image.

    Raises
    ------
    ValueError
        As in `match_objects`.

    Examples
    --------
    One white mask over three nuclei is perfect by the lenient rule, and nothing one to one:

    >>> nuclei, white = np.array([[1, 0, 2, 0, 3, 0]]), np.ones((1, 6), int)
    >>> object_metrics([(nuclei, white)])
    {'precision': 1.0, 'recall': 1.0, 'dice': 1.0, 'iou': 1.0, 'f1_50': 0.0, 'ap50': 0.0, 'ap': 0.0}

    An empty image, truly so, changes nothing:

    >>> empty = np.zeros((1, 6), int)
    >>> object_metrics([(nuclei, white), (empty, empty)]) == object_metrics([(nuclei, white)])
    True
    """
    return sum((object_counts(true, predicted) for true, predicted in images), ObjectCounts()).metrics()


def _paired(table: Overlap, iou: float) -> NDArray[np.intp]:
    """Which overlaps of the table are pairs."""
    good = np.flatnonzero(table.ious >= iou)
    rows, columns = table.rows[good], table.columns[good]
    if len(np.unique(rows)) == len(rows) and len(np.unique(columns)) == len(columns):
        return good  # no object has a choice
    graph = csr_array((np.ones(len(good)), (rows, columns)), shape=(len(table.true), len(table.predicted)))
    partner = np.asarray(maximum_bipartite_matching(graph, perm_type="column"), np.intp)
    kept: NDArray[np.intp] = good[partner[rows] == columns]
    return kept
