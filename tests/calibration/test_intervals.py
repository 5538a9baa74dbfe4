"""Intervals of images and of totals, and the field of model.json that gives them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import binom

from cytally.calibration.difficulty import difficulty
from cytally.calibration.intervals import Calibration


@pytest.fixture
def calibration() -> Calibration:
    # of 20 counted cells the difficulty is 5: scores -0.8, ..., 0.8, the widest of nine is 0.8 * 10 / 8 = 1
    return Calibration.of(true=[16, 17, 18, 19, 20, 21, 22, 23, 24], predicted=[20.0] * 9)


def test_an_interval_by_hand(calibration: Calibration) -> None:
    assert calibration.scores == pytest.approx((-0.8, -0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6, 0.8))
    assert calibration.interval(20.0) == pytest.approx((15.0, 25.0))
    assert calibration.interval(0.0) == pytest.approx((0.0, 1.0)), "never less than nothing"


def test_a_bias_moves_the_interval_and_does_not_widen_it() -> None:
    biased = Calibration.of(true=[36, 37, 38, 39, 40, 41, 42, 43, 44], predicted=[20.0] * 9)
    assert biased.interval(20.0) == pytest.approx((35.0, 45.0))


def test_a_total_by_hand(calibration: Calibration) -> None:
    # scores: mean 0, variance 2 * (0.64 + 0.36 + 0.16 + 0.04) / 8 = 0.3; Student's 95 % point of 8 is 1.8595
    half = 1.859548 * (0.3 * (4 * 25 + 20**2 / 9)) ** 0.5
    assert calibration.total([20.0] * 4) == pytest.approx((80 - half, 80 + half), rel=1e-6)
    assert half < 4 * 5, "errors partly cancel"
    assert calibration.total([]) == (0.0, 0.0)
    assert calibration.total([20.0]) == calibration.interval(20.0)


@given(st.lists(st.floats(0, 1e4), min_size=2, max_size=20))
def test_a_total_holds_its_middle_and_is_not_below_zero(counts: list[float]) -> None:
    calibration = Calibration.of(true=np.arange(12.0), predicted=np.full(12, 5.5))
    lower, upper = calibration.total(counts)
    assert 0 <= lower <= sum(counts) + 1e-6 <= upper + 2e-6


@pytest.mark.parametrize("images", [2, 10, 100])
def test_coverage_of_totals(images: int) -> None:
    trials, rng, held = 600, np.random.default_rng(images), 0
    for _ in range(trials):
        counts = rng.uniform(5, 200, 30 + images)
        true = counts + difficulty(counts) * (rng.gamma(4, 0.3, counts.size) - 0.7)  # biased and skewed
        calibration = Calibration.of(true[:30], counts[:30])
        lower, upper = calibration.total(counts[30:].tolist())
        held += lower <= true[30:].sum() <= upper
    least, most = binom.interval(0.999, trials, 0.9)
    assert least <= held <= most


def test_it_is_read_as_it_was_written(calibration: Calibration) -> None:
    assert Calibration.model_validate_json(calibration.model_dump_json()) == calibration


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"extra": 1}, "Extra inputs"),
        ({"scores": (0.0,) * 8}, "8 scores are too few"),
        ({"lower": 2.0}, "not above the upper"),
        ({"upper": float("inf")}, "finite"),
        ({"coverage": 1.0}, "less than 1"),
        ({"difficulty": "another"}, "sqrt"),
    ],
)
def test_what_makes_no_sense_is_refused(calibration: Calibration, change: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Calibration.model_validate(calibration.model_dump() | change)
