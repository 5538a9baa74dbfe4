"""Windows over a large slice: every pixel seen, nothing changed where the network looks at single pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.inference.windows import run_in_windows, starts


@given(st.integers(1, 60), st.integers(1, 60), st.integers(2, 30), st.floats(0, 0.75))
def test_a_network_of_single_pixels_gives_what_it_gives_of_the_whole(rows, columns, window, overlap):
    picture = np.random.default_rng(rows).random((2, rows, columns)).astype(np.float32)
    found = run_in_windows(lambda part: part * 2 + 1, picture, window, overlap)
    assert np.allclose(found, picture * 2 + 1, atol=1e-5)


@given(st.integers(1, 5000), st.integers(2, 1000), st.floats(0, 0.75))
def test_windows_cover_everything_and_overlap_enough(length, window, overlap):
    places = starts(length, window, overlap)
    assert places[0] == 0
    assert places[-1] == max(0, length - window)
    steps = np.diff(places)
    assert (steps <= np.ceil((1 - overlap) * window) + 1).all()
    assert (steps > 0).all()


def test_the_six_windows_of_the_largest_data_set():
    seen = []

    def run(picture):
        seen.append(picture.shape)
        return picture[:1]

    run_in_windows(run, np.zeros((3, 1745, 2440), np.float32), 1024, 0.25)
    assert seen == [(3, 1024, 1024)] * 6


@pytest.mark.parametrize("window", [None, 40])
def test_what_is_no_larger_is_seen_whole(window):
    seen = []
    run_in_windows(lambda part: seen.append(part.shape) or part, np.zeros((1, 40, 30), np.float32), window, 0.2)
    assert seen == [(1, 40, 30)]


def test_where_windows_overlap_the_middle_counts_more():
    """Two windows of four pixels over six: the first says 0, the second 1; the third and fourth pixel are shared."""
    says = iter([0.0, 1.0])
    found = run_in_windows(lambda part: np.full(part.shape, next(says)), np.zeros((1, 1, 6), np.float32), 4, 0.25)
    assert found[0, 0].tolist() == pytest.approx([0, 0, 0.5, 0.5, 1, 1])
