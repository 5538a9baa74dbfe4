import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.results import Prediction
from cytally.tasks.counted_frames import CountedFrame
from cytally.tasks.growth_counts import SeenFrame, count_frame, found_one_by_one, numbered, seen_frame

SHAPE = (12, 10)
DENSITY = np.random.default_rng(0).random(SHAPE).astype(np.float32)


def test_pixels_that_the_edge_cuts_count_by_their_share():
    frame = CountedFrame(float(DENSITY.sum()), np.empty((0, 2)), density=DENSITY)
    seen = seen_frame(frame, SHAPE, np.array([1.25, -0.5]), (slice(2, 8), slice(3, 9)))
    rows = np.zeros(12)
    rows[3], rows[4:9], rows[9] = 0.75, 1, 0.25  # from 3.25 to 9.25
    columns = np.zeros(10)
    columns[2], columns[3:8], columns[8] = 0.5, 1, 0.5  # from 2.5 to 8.5
    assert seen.count == pytest.approx(float((DENSITY * rows[:, None] * columns).sum()), rel=1e-6)


@given(
    shift=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    cut=st.integers(1, 5),
)
def test_parts_of_an_area_sum_to_it(shift, cut):
    frame = CountedFrame(float(DENSITY.sum()), np.empty((0, 2)), density=DENSITY)
    counts = [
        seen_frame(frame, SHAPE, np.array(shift), (rows, slice(3, 7))).count
        for rows in (slice(3, 9), slice(3, 3 + cut), slice(3 + cut, 9))
    ]
    assert counts[0] == pytest.approx(counts[1] + counts[2], abs=1e-5)


def test_cells_found_one_by_one_belong_by_their_centres():
    points = np.array([[2.0, 2.0], [4.4, 5.0], [4.6, 5.0]])
    frame = CountedFrame(3.0, points, np.array([5.0, 6.0, 7.0]), labels=np.zeros(SHAPE, np.uint16))
    seen = seen_frame(frame, SHAPE, np.array([1.0, 0.0]), (slice(0, 4), slice(0, 10)))  # rows up to 4.5 of the frame
    assert seen.count == 2
    assert seen.points.tolist() == [[1.0, 2.0], [3.4000000000000004, 5.0]]


def test_a_whole_frame_keeps_its_count_and_its_interval():
    frame = CountedFrame(7.25, np.array([[11.4, 0.0]]), density=DENSITY, interval=(6.0, 9.0))
    seen = seen_frame(frame, SHAPE, np.zeros(2), (slice(0, 12), slice(0, 10)))
    assert seen.count == 7.25 and seen.interval == (6.0, 9.0) and len(seen.points) == 1
    part = seen_frame(frame, SHAPE, np.zeros(2), (slice(0, 11), slice(0, 10)))
    assert part.interval == pytest.approx((6 * part.count / 7.25, 9 * part.count / 7.25))
    assert len(part.points) == 0


def test_a_model_that_does_not_say_where_counts_whole_frames():
    seen = seen_frame(CountedFrame(7.0, None), SHAPE, np.array([2.0, 0.0]), (slice(0, 9), slice(0, 10)))
    assert seen.count == 7 and len(seen.points) == 0


def test_objects_are_numbered_whatever_their_labels():
    labels, points, areas = numbered(np.array([[9, 9], [4, 9]], np.int64))
    assert labels.tolist() == [[2, 2], [1, 2]] and areas.tolist() == [1.0, 3.0]
    assert points[0].tolist() == [1.0, 0.0]
    empty, points, areas = numbered(np.zeros((3, 3), np.uint16))
    assert not empty.any() and points.shape == (0, 2) and areas.shape == (0,)


def seen(count, number, interval=None):
    return SeenFrame(float(count), np.zeros((number, 2)), interval)


@pytest.mark.parametrize(
    "frames, singly",
    [
        ([seen(10, 10)] * 4, True),
        ([seen(100, 114)] * 4, True),
        ([seen(100, 116)] * 4, False),
        ([seen(100, 84)] * 4, False),
        ([seen(2, 9), seen(3, 0), seen(4, 1), seen(100, 100)], True),  # the fullest decide
        ([seen(10, 10), seen(10, 10), seen(10, 10), seen(100, 40)], False),
        ([seen(float("nan"), 0), seen(5, 5)], True),
        ([seen(float("nan"), 0)], False),
        ([seen(0, 0)] * 3, False),
    ],
)
def test_cells_are_counted_singly_where_maps_agree(frames, singly):
    assert found_one_by_one(frames) is singly


def test_counting_by_cells_takes_the_interval_along():
    assert seen(8, 10, (6.0, 12.0)).by_cells() == SeenFrame(10.0, pytest.approx(np.zeros((10, 2))), (7.5, 15.0))
    assert np.isnan(seen(float("nan"), 3).by_cells().count)
    assert seen(0, 2, (0.0, 1.0)).by_cells().interval == (0.0, 1.0)


def test_peaks_half_as_high_as_a_cell_are_no_cells(model, monkeypatch):
    peaks = np.array([[1.0, 2, 0.9], [3, 4, 1.0], [5, 6, 0.44], [7, 8, 0.46], [9, 9, 0.9]])
    prediction = Prediction(4.0, np.zeros(SHAPE, np.float32), peaks)

    class Reading:
        diameter = 10.0

    monkeypatch.setattr(type(model), "predict", lambda *_, **__: (prediction, Reading()))
    counted = count_frame(model, None)
    assert counted.points.tolist() == [[1, 2], [3, 4], [7, 8], [9, 9]]
    assert counted.count == 4.0
