"""How many pixels the objects of two label images share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]

PIECE = 2**22
"""Pixels that are compared at a time."""


@dataclass(frozen=True, eq=False)
class Overlap:
    """The overlaps between true and predicted objects, as a sparse table.

    Parameters
    ----------
    true, predicted
        Labels of the objects, rising (T,) and (P,).
    true_areas, predicted_areas
        Their pixels (T,) and (P,).
    rows, columns
        Places in `true` and in `predicted` of the two objects of each overlap (K,), by rising row, then column.
    shared
        Pixels that the two share (K,), at least 1.
    """

    true: NDArray[np.int64]
    predicted: NDArray[np.int64]
    true_areas: NDArray[np.int64]
    predicted_areas: NDArray[np.int64]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    shared: NDArray[np.int64]

    @cached_property
    def ious(self) -> NDArray[np.float64]:
        """Intersection over union of each overlap (K,)."""
        union = self.true_areas[self.rows] + self.predicted_areas[self.columns] - self.shared
        return self.shared / union


def overlap(true: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]]) -> Overlap:
    """Count the pixels that every two objects share.

    Pixels are taken in runs along the last axis that both images leave unchanged, so that only runs are sorted, and
    a few million at a time: of two volumes on disk (`numpy.memmap`) never more than a piece is in memory.

    Parameters
    ----------
    true, predicted
        Label images or volumes of the same shape, any number of axes: 0 is background.

    Raises
    ------
    ValueError
        When shapes differ, an array is not of an integer type, or a label is negative.

    Examples
    --------
    >>> table = overlap(np.array([[3, 3, 3, 0]]), np.array([[0, 1, 1, 9]]))
    >>> table.true, table.predicted, table.rows, table.columns, table.shared
    (array([3]), array([1, 9]), array([0]), array([0]), array([2]))
    >>> table.ious.round(3)
    array([0.667])
    """
    if true.shape != predicted.shape:
        raise ValueError(f"the true labels have shape {true.shape}, the predicted ones {predicted.shape}")
    for labels in (true, predicted):
        if not (np.issubdtype(labels.dtype, np.integer) or labels.dtype == bool):
            raise ValueError(f"labels are whole numbers, not {labels.dtype}")
        if labels.min(initial=0) < 0:
            raise ValueError(f"a label is negative: {labels.min()}")
    in_true, in_predicted, pixels = _in_pieces(true.ravel(), predicted.ravel())
    true_labels, true_areas = _summed(in_true, pixels)
    predicted_labels, predicted_areas = _summed(in_predicted, pixels)
    both = (in_true > 0) & (in_predicted > 0)
    return Overlap(
        true=true_labels,
        predicted=predicted_labels,
        true_areas=true_areas,
        predicted_areas=predicted_areas,
        rows=np.searchsorted(true_labels, in_true[both]),
        columns=np.searchsorted(predicted_labels, in_predicted[both]),
        shared=pixels[both],
    )


def _in_pieces(one: NDArray[Any], other: NDArray[Any]) -> Pairs:
    """Every two values that meet at a pixel, sorted, and at how many pixels they do; a piece at a time."""
    if one.size <= PIECE:
        return _pairs_of_values(one, other)
    pieces = [
        _pairs_of_values(one[start : start + PIECE], other[start : start + PIECE])
        for start in range(0, one.size, PIECE)
    ]
    first, second, pixels = (np.concatenate(column) for column in zip(*pieces, strict=True))
    return _added_up(first, second, pixels)


def _pairs_of_values(one: NDArray[Any], other: NDArray[Any]) -> Pairs:
    """As `_in_pieces`, all at once."""
    changes = (one[1:] != one[:-1]) | (other[1:] != other[:-1])
    starts = np.flatnonzero(np.concatenate([np.ones(min(1, one.size), bool), changes]))
    lengths = np.diff(starts, append=one.size)
    return _added_up(one[starts].astype(np.int64), other[starts].astype(np.int64), lengths)


def _added_up(first: NDArray[np.int64], second: NDArray[np.int64], lengths: NDArray[np.integer[Any]]) -> Pairs:
    """Sort pairs of values, and add up the pixels of those that appear several times."""
    order = np.lexsort((second, first))
    first, second, lengths = first[order], second[order], lengths[order]
    new = np.ones(len(order), bool)
    new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    heads = np.flatnonzero(new)
    pixels = np.add.reduceat(lengths, heads) if len(heads) else lengths
    return first[heads], second[heads], pixels.astype(np.int64)


def _summed(labels: NDArray[np.int64], pixels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The labels other than 0, rising, and the pixels of each."""
    names, places = np.unique(labels, return_inverse=True)
    areas = np.bincount(places, weights=pixels, minlength=len(names)).astype(np.int64)
    return names[names > 0], areas[names > 0]
