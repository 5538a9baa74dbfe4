import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from cytally.timelapse.resampling import common_area, inside, stabilised

SHIFTS = st.tuples(st.floats(-12, 12), st.floats(-12, 12))


def blobs(shift=(0.0, 0.0), shape=(40, 50)):
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    return sum(
        np.exp(-((y - cy - shift[0]) ** 2 + (x - cx - shift[1]) ** 2) / (2 * 3.0**2))
        for cy, cx in ((20, 25), (14, 30), (26, 18))
    )


@given(shift=SHIFTS)
def test_a_shift_is_undone_where_the_frame_was_seen(shift):
    back, seen = stabilised(blobs(shift), shift), inside((40, 50), shift)
    assert back.dtype == np.float32
    inner = ndimage.binary_erosion(seen, iterations=2)  # beside the border one of the four pixels is a copy
    assert np.abs(back - blobs())[inner].max(initial=0) < 0.012


@given(shift=st.tuples(st.integers(-9, 9), st.integers(-9, 9)))
def test_whole_shifts_copy_pixels(shift):
    frame = np.random.default_rng(0).integers(0, 60000, (30, 30)).astype(np.uint16)
    back, seen = stabilised(frame, shift), inside((30, 30), shift)
    assert back.dtype == np.uint16
    for y, x in np.argwhere(seen):
        assert back[y, x] == frame[y + shift[0], x + shift[1]]
    assert seen.sum() == (30 - abs(shift[0])) * (30 - abs(shift[1]))


def test_types_stay_and_do_not_overflow():
    edge = np.zeros((20, 20), dtype=np.uint8)
    edge[:, 10:] = 255
    back = stabilised(edge, (0, 0.5))
    assert back.dtype == np.uint8 and back[:, :8].max() == 0 and back[:, 12:].min() == 255
    assert stabilised(edge, (0, 0)).tobytes() == edge.tobytes()
    assert stabilised(np.ones((5, 6, 3), dtype=np.uint8), (1, 0.3)).shape == (5, 6, 3)


@given(shifts=st.lists(SHIFTS, min_size=1, max_size=6))
def test_the_common_area_is_where_all_have_seen(shifts):
    rows, columns = common_area(np.array(shifts), (24, 20))
    seen = np.ones((24, 20), dtype=bool)
    for shift in shifts:
        seen &= inside((24, 20), shift)
    area = np.zeros_like(seen)
    area[rows, columns] = True
    assert (area == seen).all()
    for y, x in np.argwhere(seen):
        assert all(-1e-5 <= y + dy <= 23 + 1e-5 and -1e-5 <= x + dx <= 19 + 1e-5 for dy, dx in shifts)


def test_nothing_in_common_is_empty():
    rows, columns = common_area(np.array([[0.0, 0.0], [30.0, 0.0], [-30.0, 0.0]]), (40, 40))
    assert rows.start == rows.stop and columns == slice(0, 40)
    assert not inside((10, 10), (99, 0)).any()
    assert common_area(np.zeros((0, 2)), (4, 5)) == (slice(0, 4), slice(0, 5))


def test_between_pixels_a_straight_slope_stays_straight():
    slope = np.tile(np.arange(20.0), (3, 1))
    assert stabilised(slope, (0, 0.25))[1, 2:-3] == pytest.approx(np.arange(2, 17) + 0.25, abs=1e-5)
