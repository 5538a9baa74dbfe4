"""How many pixels the objects of two label images share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray


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

    Pixels are taken in runs along the last axis that both images leave unchanged, so that only runs are sorted.

    Parameters
    ----------
    true, predicted
        Label images of the same shape, any number of axes: 0 is background.

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
    in_true, in_predicted, pixels = _pairs_of_values(true.ravel(), predicted.ravel())
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


def _pairs_of_values(
    one: NDArray[Any], other: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Every two values that meet at a pixel, sorted, and at how many pixels they do."""
    changes = (one[1:] != one[:-1]) | (other[1:] != other[:-1])
    starts = np.flatnonzero(np.concatenate([np.ones(min(1, one.size), bool), changes]))
    lengths = np.diff(starts, append=one.size)
    first, second = one[starts].astype(np.int64), other[starts].astype(np.int64)
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
