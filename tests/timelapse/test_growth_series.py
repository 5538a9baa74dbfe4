"""What is left out of a series, and its smooth course."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.timelapse.growth_series import floored, given_counts


def test_empty_frames_before_and_after_the_cells_are_left_out() -> None:
    series = given_counts(np.arange(8) * 20.0 + 100, [0, 0, 3, np.nan, 5, 0, 0, 0])
    assert series.counts.tolist() == [3, 5, 0] and series.times.tolist() == [140, 180, 200]
    assert series.begin == 100 and series.left_out == 5 and series.span == pytest.approx(100 / 60)
    assert series.scaled == pytest.approx([0.4, 0.8, 1.0])
    assert series.notes == (
        "1 frame was left out of the fit: not counted, or the same as the frame before.",
        "2 frames were left out of the fit: before the first cell nothing can grow.",
        "The counts fall to zero: what grew was lost, or was no longer seen.",
        "2 frames were left out of the fit: after the last cell nothing can grow.",
    )


def test_zeros_between_cells_stay() -> None:
    assert given_counts(None, [1, 0, 2]).counts.tolist() == [1, 0, 2]


@given(rate=st.floats(-3, 3), number=st.integers(4, 60))
def test_an_exponential_is_its_own_smooth_course(rate: float, number: int) -> None:
    times = np.linspace(0, 1, number)
    counts = 1000 * np.exp(rate * times)
    assert given_counts(times, counts).smoothed == pytest.approx(counts, rel=0.02)


def test_smooth_counts_never_reach_zero() -> None:
    assert (given_counts(None, [3, 0, 0, 0, 1]).smoothed >= 0.5).all()
    assert floored(np.array([0.0, 7.0])).tolist() == [0.5, 7.0]
