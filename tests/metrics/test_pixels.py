"""Masks, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from cytally.metrics.pixels import PixelCounts, pixel_counts, pixel_metrics

KEYS = ["precision", "recall", "accuracy", "dice", "iou"]


@st.composite
def masks(draw: st.DrawFn) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    return draw(arrays(bool, shape)), draw(arrays(bool, shape))


def test_worked_by_hand() -> None:
    # 20 pixels: 6 true, 4 predicted, 3 shared; so 1 false, 3 missed, 13 background
    true, predicted = np.zeros((4, 5), int), np.zeros((4, 5), int)
    true[0:2, 0:3] = 7
    predicted[1, 0:4] = 1
    assert pixel_counts(true, predicted) == PixelCounts(3, 1, 3, 13)
    metrics = pixel_metrics(true, predicted)
    assert list(metrics) == KEYS and all(type(value) is float for value in metrics.values())
    assert [metrics[key] for key in KEYS] == [3 / 4, 3 / 6, 16 / 20, 6 / 10, 3 / 7]


def test_images_are_pooled_and_not_averaged() -> None:
    many, one, empty = np.ones((1, 9), bool), np.array([[True, False]]), np.zeros((3, 3), bool)
    pooled = pixel_counts(many, many) + pixel_counts(one, ~one) + pixel_counts(empty, empty)
    assert pooled == PixelCounts(9, 1, 1, 9)
    assert pooled.metrics()["iou"] == 9 / 11


def test_nothing_to_divide_by() -> None:
    empty, full = np.zeros((2, 2), bool), np.ones((2, 2), bool)
    assert pixel_metrics(empty, empty) == dict.fromkeys(KEYS, 1.0)
    assert pixel_metrics(full, empty) == pixel_metrics(empty, full) == dict.fromkeys(KEYS, 0.0)
    assert PixelCounts().metrics() == dict.fromkeys(KEYS, 1.0)


@given(masks())
def test_as_counted_pixel_by_pixel(two: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> None:
    true, predicted = two
    hit = false = missed = nothing = 0
    for one, other in zip(true.ravel(), predicted.ravel(), strict=True):
        hit += one and other
        false += other and not one
        missed += one and not other
        nothing += not (one or other)
    assert pixel_counts(true, predicted) == PixelCounts(hit, false, missed, nothing)


@given(masks())
def test_swapping_swaps_precision_and_recall(two: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> None:
    metrics, swapped = pixel_metrics(*two), pixel_metrics(*two[::-1])
    assert (metrics["precision"], metrics["recall"]) == (swapped["recall"], swapped["precision"])
    assert all(metrics[key] == swapped[key] for key in ("accuracy", "dice", "iou"))
    assert all(0 <= value <= 1 for value in metrics.values())
    assert metrics["iou"] == pytest.approx(metrics["dice"] / (2 - metrics["dice"]))


@given(masks())
def test_perfect_is_1(two: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> None:
    assert pixel_metrics(two[0], two[0]) == dict.fromkeys(KEYS, 1.0)


def test_masks_of_different_size_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 2\), the predicted one \(2, 3\)"):
        pixel_metrics(np.zeros((2, 2)), np.zeros((2, 3)))
