"""Objects: found when any pixel is shared, and one to one."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from cytally.metrics.objects import THRESHOLDS, match_objects, object_counts, object_metrics

Labels = NDArray[np.int64]
KEYS = ["precision", "recall", "dice", "iou", "f1_50", "ap50", "ap"]


@st.composite
def two(draw: st.DrawFn) -> tuple[Labels, Labels]:
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    true = draw(arrays(np.int64, shape, elements=st.integers(0, 5)))
    change = draw(arrays(np.int64, shape, elements=st.sampled_from([0, 0, 0, 1, 2, 3])))
    return true, np.where(change, change - 1, true)  # mostly alike, so that pairs at all IoU appear


def slow_ious(true: Labels, predicted: Labels) -> NDArray[np.float64]:
    """IoU of all true objects with all predicted ones, mask by mask."""
    return np.array(
        [
            [((true == t) & (predicted == p)).sum() / ((true == t) | (predicted == p)).sum() for p in _names(predicted)]
            for t in _names(true)
        ]
    ).reshape(len(_names(true)), len(_names(predicted)))


def _names(labels: Labels) -> list[int]:
    return sorted(set(labels.ravel().tolist()) - {0})


def slow_metrics(true: Labels, predicted: Labels) -> dict[str, float]:
    """All figures as their definitions read."""
    ious = slow_ious(true, predicted)
    rows, columns = ious.shape
    if rows == columns == 0:
        return dict.fromkeys(KEYS, 1.0)
    if rows == 0 or columns == 0:
        return dict.fromkeys(KEYS, 0.0)
    recall, precision = np.mean((ious > 0).any(axis=1)), np.mean((ious > 0).any(axis=0))
    dice = 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)
    ap, f1 = [], []
    for threshold in (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95):
        tp = int((ious >= threshold)[linear_sum_assignment(-1.0 * (ious >= threshold))].sum())
        fp, fn = columns - tp, rows - tp
        ap.append(tp / (tp + fp + fn))
        f1.append(2 * tp / (2 * tp + fp + fn))
    return dict(zip(KEYS, [precision, recall, dice, dice / (2 - dice), f1[0], ap[0], np.mean(ap)], strict=True))


def test_worked_by_hand() -> None:
    true = np.array(
        [
            [1, 1, 1, 1, 0, 2, 2, 0],
            [1, 1, 1, 1, 0, 2, 2, 0],
            [0, 0, 0, 0, 0, 0, 0, 0],
            [3, 3, 0, 4, 4, 0, 0, 0],
        ]
    )
    predicted = np.array(
        [
            [8, 8, 8, 0, 0, 2, 2, 2],
            [8, 8, 8, 0, 0, 2, 2, 2],
            [0, 0, 0, 0, 0, 0, 0, 0],
            [5, 5, 5, 5, 5, 0, 0, 1],
        ]
    )
    # IoU 1-8: 6/8; 2-2: 4/6; 3-5: 2/5; 4-5: 2/5; predicted 1 is false
    metrics = object_metrics([(true, predicted)])
    assert list(metrics) == KEYS and all(type(value) is float for value in metrics.values())
    assert metrics["precision"] == 3 / 4 and metrics["recall"] == 1
    assert metrics["dice"] == pytest.approx(6 / 7) and metrics["iou"] == pytest.approx(3 / 4)
    # one to one: two pairs up to 0.65 (4 thresholds), one up to 0.75 (2), none above (4); of 4 and 4
    assert metrics["f1_50"] == 4 / 8 and metrics["ap50"] == 2 / 6
    assert metrics["ap"] == pytest.approx((4 * 2 / 6 + 2 * 1 / 7) / 10)
    matching = match_objects(true, predicted, 0.5)
    assert matching.pairs.tolist() == [[1, 8], [2, 2]] and matching.ious.tolist() == [3 / 4, 2 / 3]
    assert matching.missed.tolist() == [3, 4] and matching.false.tolist() == [1, 5]
    low = match_objects(true, predicted, 0.4)
    assert len(low.pairs) == 3 and low.pairs[2][1] == 5 and low.false.tolist() == [1], "5 is paired once"


def test_one_white_mask_is_perfect_by_the_lenient_rule_alone() -> None:
    nuclei, white = np.arange(16).reshape(4, 4), np.ones((4, 4), int)
    metrics = object_metrics([(nuclei, white)])
    assert [metrics[key] for key in KEYS] == [1, 1, 1, 1, 0, 0, 0]


def test_an_iou_of_exactly_half_pairs_once() -> None:
    whole, halves = np.array([[1, 1, 0, 2, 3]]), np.array([[1, 2, 0, 3, 3]])
    counts = object_counts(whole, halves)
    assert counts.paired[0] == 2 and counts.paired[1:] == (0,) * 9
    assert (counts.found, counts.right) == (3, 3)
    assert len(match_objects(whole, halves).pairs) == 2


def test_a_choice_below_half_makes_as_many_pairs_as_can_be() -> None:
    # 1 overlaps with 1 and 2, 2 with 1 alone: 1 must leave 1 to 2
    true, predicted = np.array([[1, 1, 1, 2, 2]]), np.array([[2, 1, 1, 1, 0]])
    assert match_objects(true, predicted, 0.1).pairs.tolist() == [[1, 2], [2, 1]]


def test_thresholds_are_the_written_numbers() -> None:
    assert THRESHOLDS == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
    true, predicted = np.ones((1, 20), int), np.zeros((1, 20), int)
    for pixels in range(10, 20):  # an IoU that is exactly a threshold reaches it
        predicted[0, :pixels] = 1
        assert sum(object_counts(true, predicted).paired) == pixels - 9


def test_images_are_pooled_and_not_averaged() -> None:
    three, one, empty = np.array([[1, 0, 2, 0, 3]]), np.array([[1, 0]]), np.zeros((2, 2), int)
    images = [(three, three), (one, np.array([[0, 1]])), (empty, empty)]
    metrics = object_metrics(images)
    assert metrics["recall"] == metrics["precision"] == 3 / 4 and metrics["ap50"] == metrics["ap"] == 3 / 5
    assert object_metrics(images[:2]) == metrics, "an empty image does no harm"


def test_nothing_to_divide_by() -> None:
    empty, some = np.zeros((2, 2), int), np.array([[1, 0], [0, 2]])
    assert object_metrics([]) == object_metrics([(empty, empty)]) == dict.fromkeys(KEYS, 1.0)
    assert object_metrics([(some, empty)]) == object_metrics([(empty, some)]) == dict.fromkeys(KEYS, 0.0)
    matching = match_objects(some, empty)
    assert matching.pairs.shape == (0, 2) and matching.missed.tolist() == [1, 2] and matching.false.tolist() == []


@given(two())
def test_as_the_definitions_read(images: tuple[Labels, Labels]) -> None:
    assert object_metrics([images]) == pytest.approx(slow_metrics(*images))


@given(two(), st.sampled_from([0.1, 0.3, 0.5, 0.7, 1.0]))
def test_a_matching_is_one_to_one_and_as_large_as_can_be(images: tuple[Labels, Labels], least: float) -> None:
    true, predicted = images
    matching = match_objects(true, predicted, least)
    paired_true, paired_predicted = matching.pairs.T.tolist()
    assert sorted(paired_true + matching.missed.tolist()) == _names(true)
    assert sorted(paired_predicted + matching.false.tolist()) == _names(predicted)
    ious = slow_ious(true, predicted)
    for one, other, iou in zip(paired_true, paired_predicted, matching.ious, strict=True):
        assert iou == ious[_names(true).index(one), _names(predicted).index(other)] >= least
    small = ious if ious.shape[0] <= ious.shape[1] else ious.T
    best = max(
        sum(small[row, column] >= least for row, column in enumerate(order))
        for order in permutations(range(small.shape[1]), small.shape[0])
    )
    assert len(matching.pairs) == best


@given(two(), st.permutations(range(1, 8)), st.permutations(range(1, 8)))
def test_names_of_objects_do_not_matter(images: tuple[Labels, Labels], one: list[int], other: list[int]) -> None:
    true, predicted = (np.array([0, *names])[labels] for names, labels in zip((one, other), images, strict=True))
    assert object_counts(true, predicted) == object_counts(*images)


@given(two())
def test_swapping_swaps_precision_and_recall(images: tuple[Labels, Labels]) -> None:
    metrics, swapped = object_metrics([images]), object_metrics([images[::-1]])
    assert (metrics["precision"], metrics["recall"]) == (swapped["recall"], swapped["precision"])
    assert all(metrics[key] == pytest.approx(swapped[key]) for key in KEYS[2:])
    assert all(0 <= value <= 1 for value in metrics.values())
    assert metrics["ap"] <= metrics["ap50"] <= metrics["f1_50"]
    assert metrics["ap50"] == pytest.approx(metrics["f1_50"] / (2 - metrics["f1_50"]))


@given(two())
def test_perfect_is_1(images: tuple[Labels, Labels]) -> None:
    assert object_metrics([(images[0], images[0])]) == dict.fromkeys(KEYS, 1.0)


def test_what_cannot_be_asked_is_refused() -> None:
    labels = np.ones((2, 2), int)
    for iou in (0.0, 1.5, float("nan")):
        with pytest.raises(ValueError, match="above 0 and at most 1"):
            match_objects(labels, labels, iou)
    with pytest.raises(ValueError, match="shape"):
        object_metrics([(labels, labels[:1])])
