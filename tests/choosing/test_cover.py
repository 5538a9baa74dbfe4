"""The greedy choice against one that is slow and obvious."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.choosing.cover import cover
from cytally.choosing.spread import comparable


def uncovered(rows: np.ndarray, weights: np.ndarray, known: list[np.ndarray]) -> float:
    """Weighted mean distance from the nearest known row, of at most 1."""
    distances = [min([1.0, *(float(np.sqrt(((row - one) ** 2).sum())) for one in known)]) for row in rows]
    return float((weights * distances).sum() / weights.sum())


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(0, 4), st.integers(1, 14))
def test_each_choice_is_the_best_of_all_that_are_left(seed: int, things: int, known: int, number: int) -> None:
    rng = np.random.default_rng(seed)
    rows, centres = comparable(rng.normal(size=(things, 3)), rng.normal(size=(known, 3)))
    weights = rng.random(things)
    picks = cover(rows, weights.tolist(), centres, number)
    assert len(picks) == min(number, things) == len({pick.index for pick in picks})
    there = list(centres)
    for pick in picks:
        before = uncovered(rows, weights, there)
        gains = [before - uncovered(rows, weights, [*there, row]) for row in rows]
        assert pick.gain == pytest.approx(gains[pick.index]) == pytest.approx(max(gains))
        there.append(rows[pick.index])
    gains = [pick.gain for pick in picks]
    assert gains == sorted(gains, reverse=True) and all(0 < gain <= 1 for gain in gains)


def test_worked_by_hand() -> None:
    # three near 0, two near 0.6, one at 1: first the middle of most, then one of the two, then the odd one
    rows = np.array([[0.0], [0.02], [0.04], [0.6], [0.62], [1.0]])
    picks = cover(rows, [1] * 6, np.zeros((0, 1)), 3)
    assert [pick.index for pick in picks] == [2, 4, 5]
    assert picks[0].gain == pytest.approx((6 - 0.04 - 0.02 - 0.56 - 0.58 - 0.96) / 6) and picks[0].stands_for == 6
    assert picks[1].gain == pytest.approx((0.56 - 0.02 + 0.58 + 0.96 - 0.38) / 6) and picks[1].stands_for == 3
    assert picks[2].gain == pytest.approx(0.38 / 6) and picks[2].stands_for == 1


def test_weights_and_what_is_known_move_the_choice() -> None:
    rows = np.array([[0.0], [0.02], [0.04], [1.0]])
    assert cover(rows, [1, 1, 1, 9], np.zeros((0, 1)), 1)[0].index == 3
    assert cover(rows, [1, 1, 1, 1], np.array([[0.02]]), 1)[0].index == 3, "the three have one like them already"
    assert cover(rows, [0, 0, 0, 0], np.zeros((0, 1)), 4) == []


def test_copies_and_what_weighs_nothing_are_left_out() -> None:
    rows = np.array([[0.0], [0.0], [0.5], [0.7], [1.0]])
    picks = cover(rows, [1, 1, 1, 0, 1], np.array([[1.0]]), 5)
    assert [pick.index for pick in picks] == [0, 2], "1 is a copy of 0, 4 of what is known, and 3 weighs nothing"
