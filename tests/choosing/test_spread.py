"""The greedy choice against one that is slow and obvious."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.choosing.spread import comparable, k_centre, loneliness


def slow_choice(rows: np.ndarray, weights: list[float], centres: np.ndarray, number: int) -> list[int]:
    """Each time look at all that is left, and at its distances from all that is known or chosen."""
    chosen: list[int] = []
    while len(chosen) < min(number, len(rows)):
        known = [*centres, *(rows[each] for each in chosen)]
        gains = {
            index: weights[index] * min([1.0, *(float(np.sqrt(((rows[index] - one) ** 2).sum())) for one in known)])
            for index in range(len(rows))
            if index not in chosen
        }
        chosen.append(max(gains, key=lambda index: (gains[index], -index)))
    return chosen


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(0, 4), st.integers(1, 14))
def test_as_the_slow_choice(seed: int, things: int, known: int, number: int) -> None:
    rng = np.random.default_rng(seed)
    rows, centres = comparable(rng.normal(size=(things, 3)), rng.normal(size=(known, 3)))
    weights = rng.random(things).tolist()
    picks = k_centre(rows, weights, centres, number)
    assert [pick.index for pick in picks] == slow_choice(rows, weights, centres, number)
    gains = [pick.gain for pick in picks]
    assert gains == sorted(gains, reverse=True) and all(0 <= gain <= 1 for gain in gains)


def test_worked_by_hand() -> None:
    rows, centres = np.array([[0.0], [0.1], [0.6], [1.0]]), np.array([[0.0]])
    picks = k_centre(rows, [1, 1, 1, 1], centres, 3)
    assert [pick.index for pick in picks] == [3, 2, 1]
    assert [pick.distance for pick in picks] == pytest.approx([1.0, 0.4, 0.1])
    assert [pick.index for pick in k_centre(rows, [1, 1, 1, 0.5], centres, 1)] == [2], "0.6 outweighs half of 1"
    assert k_centre(rows, [1, 1, 1, 1], np.zeros((0, 1)), 1)[0].index == 0, "of equals the first"


def test_scale_and_what_does_not_vary_say_nothing() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(20, 4))
    (plain,) = comparable(rows)
    (changed,) = comparable(np.column_stack([rows * [1, 10, 100, 1000] + 5, np.full(20, 7.0)]))
    assert np.allclose(plain, changed)
    distances = np.linalg.norm(plain[:, None] - plain[None], axis=2)
    assert distances.max() <= 1


def test_an_odd_one_out_is_lonely() -> None:
    rows = np.array([[0.0, 0.0], [0.1, 0.0], [1.0, 0.0]])
    assert loneliness(rows, np.zeros((0, 2))) == pytest.approx([0.1, 0.1, 0.9])
    assert loneliness(rows, np.array([[0.95, 0.0]])) == pytest.approx([0.1, 0.1, 0.05])
