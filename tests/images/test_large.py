import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.images.large import diameter_of_large, sample_of_large, spread_windows


@given(st.tuples(st.integers(1, 3000), st.integers(1, 3000)), st.integers(1, 400), st.integers(1, 30))
def test_windows_lie_within_the_picture_and_differ(shape, side, number):
    windows = spread_windows(shape, side, number)
    assert 1 <= len(windows) <= number
    assert len({(rows.start, columns.start) for rows, columns in windows}) == len(windows)
    for window in windows:
        for part, length in zip(window, shape, strict=True):
            assert 0 <= part.start < part.stop <= length
            assert part.stop - part.start == min(side, length)


def test_windows_are_spread_in_both_directions():
    windows = spread_windows((8000, 8000), 256, 64)
    assert len(windows) == 64
    assert len({rows.start for rows, _ in windows}) == len({columns.start for _, columns in windows}) == 8


def test_windows_go_where_they_may():
    inside = np.zeros((20, 20), bool)
    inside[2:5, 10:19] = True
    windows = spread_windows((2000, 2000), 50, 12, inside)
    middles = np.array([[(side.start + side.stop) / 2 for side in window] for window in windows])
    assert len(windows) >= 6
    assert inside[tuple((middles / 100).astype(int).T)].all()


def test_nothing_inside_is_everywhere():
    assert spread_windows((900, 900), 30, 9, np.zeros((3, 3), bool)) == spread_windows((900, 900), 30, 9)


def test_the_sample_holds_pixels_of_every_channel():
    picture = np.arange(2 * 600 * 500).reshape(2, 600, 500)
    sample = sample_of_large(lambda window: picture[:, *window], (600, 500))
    assert sample.shape[0] == 2
    assert sample.shape[2] == 256
    assert np.isin(sample, picture).all()


def test_the_diameter_is_the_median_over_windows():
    y, x = np.mgrid[:1600, :1600]
    discs = (np.hypot(y % 80 - 40, x % 80 - 40) <= 10).astype(np.float32)
    found = diameter_of_large(lambda window: discs[None][:, *window], discs.shape)
    assert found == pytest.approx(20, abs=2)
    assert diameter_of_large(lambda window: np.zeros((1, 768, 768), np.float32), (1600, 1600)) is None
