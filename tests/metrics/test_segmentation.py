"""SEG, DET and mean IoU: by hand, by their definitions, and beside py-ctcmetrics."""

from __future__ import annotations

from functools import reduce
from operator import add
from pathlib import Path
from time import process_time

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from cytally.metrics.objects import object_counts
from cytally.metrics.pixels import pixel_counts
from cytally.metrics.segmentation import SegmentationCounts, detection_counts, segmentation_counts

Labels = NDArray[np.integer]
Pair = tuple[Labels, Labels]


@st.composite
def two(draw: st.DrawFn) -> Pair:
    """A reference and a result that is mostly like it, in 2 or 3 axes."""
    shape = draw(st.one_of(st.tuples(*[st.integers(1, 5)] * 2), st.tuples(*[st.integers(1, 4)] * 3)))
    true = draw(arrays(np.uint16, shape, elements=st.integers(0, 5)))
    change = draw(arrays(np.uint16, shape, elements=st.sampled_from([0, 0, 0, 1, 2, 3])))
    return true, np.where(change > 0, change - 1, true)


def names(labels: Labels) -> list[int]:
    return sorted(set(labels.ravel().tolist()) - {0})


def slow_metrics(images: list[Pair]) -> dict[str, float]:
    """All figures as their definitions read, mask by mask and voxel by voxel."""
    jaccards, missing, false, splits = [], 0, 0, 0
    for true, predicted in images:
        matched: dict[int, int] = dict.fromkeys(names(predicted), 0)
        for reference in names(true):
            r = true == reference
            matches = [name for name in names(predicted) if (r & (predicted == name)).sum() > r.sum() / 2]
            assert len(matches) <= 1
            jaccards.append(0.0)
            for name in matches:
                s = predicted == name
                jaccards[-1] = (r & s).sum() / (r | s).sum()
                matched[name] += 1
            missing += not matches
        false += sum(number == 0 for number in matched.values())
        splits += sum(number - 1 for number in matched.values() if number > 1)
    ious = []
    for foreground in (False, True):
        both = sum(int((((t > 0) == foreground) & ((p > 0) == foreground)).sum()) for t, p in images)
        either = sum(int((((t > 0) == foreground) | ((p > 0) == foreground)).sum()) for t, p in images)
        ious.append(both / either if either else 1.0)
    figures = {}
    if jaccards:
        nothing = 10 * len(jaccards)
        figures["seg"] = sum(jaccards) / len(jaccards)
        figures["det"] = 1 - min(5 * splits + 10 * missing + false, nothing) / nothing
    return {**figures, "mean_iou": sum(ious) / 2}


def counts_of(images: list[Pair]) -> SegmentationCounts:
    return reduce(add, (segmentation_counts(*pair) for pair in images))


# By hand


def test_worked_by_hand() -> None:
    true = np.array(
        [
            [1, 1, 1, 1, 0, 0],
            [1, 1, 1, 1, 0, 2],
            [0, 0, 0, 0, 0, 2],
            [3, 3, 0, 4, 4, 0],
        ]
    )
    predicted = np.array(
        [
            [8, 8, 8, 8, 8, 0],
            [8, 8, 0, 0, 0, 9],
            [0, 0, 7, 0, 0, 0],
            [5, 5, 5, 5, 5, 0],
        ]
    )
    # 1: 6 of 8 covered, union 9. 2: 1 of 2 covered, which is not more than half. 3 and 4: both in object 5 of 5 pixels.
    # So NS = 1, FN = 1 (2), FP = 2 (7 and 9). Foreground: 14 on each side, 11 in both, 17 in either, of 24 in all.
    counts = segmentation_counts(true, predicted)
    assert (counts.references, counts.nodes, counts.splits, counts.missing, counts.false) == (4, 4, 1, 1, 2)
    assert counts.jaccard == pytest.approx(6 / 9 + 2 / 5 + 2 / 5)
    figures = counts.metrics(2_000_000)
    assert figures == pytest.approx(
        {
            "seg": (6 / 9 + 4 / 5) / 4,
            "det": 1 - (5 + 10 + 2) / 40,
            "mean_iou": (11 / 17 + 7 / 13) / 2,
            "peseg": (6 / 9 + 4 / 5) / 8,
            "parameters": 2_000_000,
        }
    )
    assert figures["parameters"] == 2_000_000 and type(figures["parameters"]) is int


def test_half_is_not_more_than_half() -> None:
    true = np.array([[1, 1, 1, 1]])
    assert segmentation_counts(true, np.array([[2, 2, 3, 3]])).metrics()["seg"] == 0
    assert segmentation_counts(true, np.array([[2, 2, 2, 3]])).metrics()["seg"] == 3 / 4


def test_many_false_objects_cannot_bring_det_below_0() -> None:
    true, predicted = np.zeros((2, 40), int), np.zeros((2, 40), int)
    true[0, 0], predicted[1, ::2] = 1, np.arange(1, 21)  # missed: 10, and 20 false ones, of at most 10
    assert segmentation_counts(true, predicted).metrics()["det"] == 0


def test_what_is_undefined_is_left_out() -> None:
    empty, one = np.zeros((2, 2, 2), int), np.zeros((2, 2, 2), int)
    one[0, 0, 0] = 1
    assert segmentation_counts(empty, empty).metrics(7) == {"mean_iou": 1.0, "parameters": 7}
    assert segmentation_counts(empty, one).metrics() == {"mean_iou": 7 / 16}
    assert segmentation_counts(one, empty).metrics() == {"seg": 0.0, "det": 0.0, "mean_iou": 7 / 16}
    assert SegmentationCounts().metrics() == {}
    assert "peseg" not in segmentation_counts(one, one).metrics(0)


def test_a_false_object_in_an_empty_image_costs_det_where_there_are_others() -> None:
    true, empty = np.array([[1, 1, 0, 2]]), np.zeros((1, 4), int)
    counts = counts_of([(true, true), (empty, true)])
    assert counts.metrics()["det"] == 1 - 2 / 20 and counts.metrics()["seg"] == 1


def test_single_slices_speak_for_seg_and_not_for_det() -> None:
    true, predicted = np.array([[1, 1, 0, 2]]), np.array([[1, 1, 3, 0]])
    part = segmentation_counts(true, predicted, whole=False)
    figures = part.metrics()
    assert figures["seg"] == 1 / 2 and "det" not in figures and figures["mean_iou"] == (2 / 4 + 0) / 2
    markers = np.array([[4, 0, 0, 0]])
    both = part + detection_counts(markers, predicted)
    assert both.metrics()["det"] == 1 - 1 / 10 and both.metrics()["seg"] == 1 / 2  # object 3 is false


# By the definitions


@given(st.lists(two(), min_size=1, max_size=3))
def test_as_their_definitions_read(images: list[Pair]) -> None:
    assert counts_of(images).metrics() == pytest.approx(slow_metrics(images), abs=1e-12)


@given(two())
def test_voxels_are_those_of_the_block_pixel(images: Pair) -> None:
    assert segmentation_counts(*images).voxels == pixel_counts(*images)


@given(two(), st.permutations(range(1, 6)), st.integers(0, 60_000))
def test_numbers_order_and_direction_do_not_matter(images: Pair, order: list[int], added: int) -> None:
    figures = counts_of([images]).metrics()
    new = np.array([0, *order])
    renamed = tuple(np.where(labels > 0, new[labels] + added, 0) for labels in images)
    turned = tuple(labels[::-1].swapaxes(0, -1) for labels in images)
    for other in (renamed, turned):
        assert counts_of([other]).metrics() == pytest.approx(figures)


@given(two())
def test_perfect_is_1_and_all_are_fractions(images: Pair) -> None:
    assert set(counts_of([(images[0], images[0])]).metrics().values()) == {1.0}
    figures = counts_of([images]).metrics()
    assert all(0 <= value <= 1 for value in figures.values())


@given(st.lists(two(), min_size=1, max_size=4))
def test_order_of_images_does_not_matter(images: list[Pair]) -> None:
    assert counts_of(images).metrics() == pytest.approx(counts_of(images[::-1]).metrics())


@given(two())
def test_an_added_false_object_costs_a_tenth_of_a_missed_one(images: Pair) -> None:
    true, predicted = (np.pad(labels, 1) for labels in images)
    more = predicted.copy()
    more[(0,) * more.ndim] = 99
    before, after = segmentation_counts(true, predicted), segmentation_counts(true, more)
    assert after.false == before.false + 1 and after.jaccard == before.jaccard
    if before.nodes and before.metrics()["det"] > 0:
        assert before.metrics()["det"] - after.metrics()["det"] == pytest.approx(0.1 / before.nodes)


# Beside py-ctcmetrics


def random_cells(rng: np.random.Generator, shape: tuple[int, ...], cells: int) -> Labels:
    """Balls at random places, the later ones over the earlier ones."""
    labels = np.zeros(shape, np.uint16)
    grid = np.indices(shape)
    for number in rng.permutation(np.arange(1, 3 * cells))[:cells]:
        centre = rng.uniform(0, shape)
        distance = np.sqrt(sum((axis - at) ** 2 for axis, at in zip(grid, centre, strict=True)))
        labels[distance <= rng.uniform(1, 5)] = number
    labels[(0,) * len(shape)] = 0  # py-ctcmetrics takes the least label for the background's
    return labels


def spoilt(rng: np.random.Generator, labels: Labels) -> Labels:
    """Shifted, with objects lost, merged, cut and made up."""
    shape = labels.shape
    result = np.roll(labels, rng.integers(-1, 2, labels.ndim), range(labels.ndim))
    for number in names(result):
        fate = rng.integers(0, 5)
        if fate == 0:
            result[result == number] = 0
        elif fate == 1:
            result[result == number] = rng.choice(names(labels))
        elif fate == 2:
            half = np.indices(shape)[-1] % 2 == 0
            result[(result == number) & half] = number + 500
    result[tuple(slice(0, 2) for _ in shape)] = 900
    result[(0,) * len(shape)] = 0
    return result


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("shape", [(30, 32), (6, 18, 20)])
def test_as_py_ctcmetrics_has_it(seed: int, shape: tuple[int, ...], tmp_path: Path) -> None:
    representations = pytest.importorskip("ctc_metrics.utils.representations")
    published = pytest.importorskip("ctc_metrics.metrics")
    rng = np.random.default_rng(seed)
    images, columns = [], []
    for frame in range(3):
        true = random_cells(rng, shape, 9)
        predicted = spoilt(rng, true)
        images.append((true, predicted))
        for name, labels in (("true", true), ("predicted", predicted)):
            tifffile.imwrite(tmp_path / f"{name}{frame}.tif", labels, photometric="minisblack")
        columns.append(representations.match(*(str(tmp_path / f"{name}{frame}.tif") for name in ("true", "predicted"))))
    true_names, predicted_names, true_matched, predicted_matched, ious = (
        list(each) for each in zip(*columns, strict=True)
    )
    graph = representations.count_acyclic_graph_correction_operations(
        None, None, true_names, predicted_names, true_matched, predicted_matched
    )
    counts = counts_of(images)
    figures = counts.metrics()
    assert (counts.splits, counts.missing, counts.false) == (graph["NS"], graph["FN"], graph["FP"])
    assert counts.missing and counts.false
    assert figures["det"] == pytest.approx(published.det(**graph), abs=1e-6)
    assert figures["seg"] == pytest.approx(published.seg(true_names, ious), abs=1e-6)
    assert 0 < figures["seg"] < 1


# What goes wrong, and how long it takes


def test_what_are_no_labels_is_refused() -> None:
    labels = np.zeros((2, 2, 2), int)
    with pytest.raises(ValueError, match="shape"):
        segmentation_counts(labels, labels[0])
    with pytest.raises(ValueError, match="whole numbers"):
        detection_counts(labels, labels.astype(float))
    with pytest.raises(ValueError, match="negative"):
        segmentation_counts(labels, labels - 1)


def test_other_counts_take_volumes_too() -> None:
    true, predicted = np.zeros((2, 3, 3), int), np.zeros((2, 3, 3), int)
    true[:, 0, :2], predicted[1, 0, :] = 1, 4  # 4 voxels and 3, of which 2 are shared
    assert pixel_counts(true, predicted).metrics()["iou"] == 2 / 5
    counts = object_counts(true, predicted)
    assert (counts.true, counts.predicted, counts.found, counts.right, counts.paired[0]) == (1, 1, 1, 1, 0)


def test_a_large_volume_is_quick() -> None:
    cells = np.kron(np.arange(1, 1601, dtype=np.uint32).reshape(40, 40), np.ones((16, 16), np.uint32))
    volume = np.broadcast_to(cells, (16, 640, 640)).copy()
    start = process_time()
    assert segmentation_counts(volume, np.roll(volume, 1, 2)).metrics()["det"] == 1
    assert process_time() - start < 2
