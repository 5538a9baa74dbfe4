"""Bounds by rank, worked out by hand, and how often they hold a new score."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from cytally.calibration.conformal import conformal_bounds, fewest

FINITE = st.floats(-1e3, 1e3)


def slow_holds(scores: np.ndarray, new: float, rank: int) -> bool:
    """Full conformal prediction by its definition: is the new score among the `rank` least strange of all?"""
    every = np.append(scores, new)
    strange = np.abs(every - every.mean())
    return bool((strange < strange[-1]).sum() < rank)


@pytest.mark.parametrize(("coverage", "number"), [(0.5, 2), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)])
def test_how_many_are_needed(coverage: float, number: int) -> None:
    assert fewest(coverage) == number
    conformal_bounds(np.arange(number), coverage)
    with pytest.raises(ValueError, match=f"needs {number} scores"):
        conformal_bounds(np.arange(number - 1), coverage)


def test_the_bounds_of_nineteen_are_of_rank_18() -> None:
    # Mean 10, distances 9, ..., 0, ..., 9. Upper ends: 0, ..., 9 of those above the mean, and of those below it 20/18
    # times as much: 1.11, ..., 10. From the top: 10, 9, 8.89; rank 18 of 19 is 9.
    assert conformal_bounds(np.arange(1, 20), 0.9) == pytest.approx((1.0, 19.0))


def test_between_two_ranks() -> None:
    # 10 scores, rank 9.9: nine tenths of the way from the ninth to the tenth upper end.
    scores = [-5, -4, -3, -2, -1, 1, 2, 3, 4, 5]
    # upper ends 1, ..., 5 and these times 11/9; the two largest are 5 and 55/9
    assert conformal_bounds(scores, 0.9)[1] == pytest.approx(5 + 0.9 * (55 / 9 - 5))


@pytest.mark.parametrize("wrong", [[np.nan] * 9, [[1.0] * 9], [np.inf] * 20])
def test_what_is_no_score_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match=r"not a finite number|needs 9 scores"):
        conformal_bounds(wrong, 0.9)
    with pytest.raises(ValueError, match="above 0 and below 1"):
        fewest(1.0)


@given(st.lists(FINITE, min_size=9, max_size=9), FINITE)
def test_nine_scores_give_what_the_definition_gives(scores: list[float], new: float) -> None:
    values = np.array(scores)
    lower, upper = conformal_bounds(values, 0.9)
    slack = 1e-6 * (1 + np.ptp(values))
    if lower + slack < new < upper - slack:
        assert slow_holds(values, new, 9)
    elif new < lower - slack or new > upper + slack:
        assert not slow_holds(values, new, 9)


@given(st.lists(FINITE, min_size=9, max_size=30), FINITE, st.floats(0.1, 10))
def test_bounds_move_and_stretch_with_the_scores(scores: list[float], shift: float, factor: float) -> None:
    lower, upper = conformal_bounds(scores, 0.9)
    moved = conformal_bounds(np.array(scores) * factor + shift, 0.9)
    assert moved == pytest.approx((lower * factor + shift, upper * factor + shift), abs=1e-6)
    mirrored = conformal_bounds(-np.array(scores), 0.9)
    assert mirrored == pytest.approx((-upper, -lower), abs=1e-6)
    assert lower <= np.mean(scores) + 1e-9 and upper >= np.mean(scores) - 1e-9


@pytest.mark.parametrize("number", [9, 12, 19, 40])
@pytest.mark.parametrize("kind", ["normal", "skewed", "heavy", "biased"])
def test_coverage_of_new_scores(number: int, kind: str) -> None:
    trials, rng = 2000, np.random.default_rng([number, len(kind)])
    draws = {
        "normal": rng.normal(size=(trials, number + 1)),
        "skewed": rng.exponential(size=(trials, number + 1)),
        "heavy": rng.standard_t(2, (trials, number + 1)),
        "biased": rng.uniform(5, 6, (trials, number + 1)),
    }[kind]
    held = 0
    for scores in draws:
        lower, upper = conformal_bounds(scores[:-1], 0.9)
        held += lower <= scores[-1] <= upper
    least, _ = binom.interval(0.999, trials, 0.9)
    _, most = binom.interval(0.999, trials, 0.9 if number in (9, 19) else 0.92)  # exact where the rank is whole
    assert least <= held <= most
