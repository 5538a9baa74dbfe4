"""The queue: order, gains and reasons."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cytally.choosing.look import Part
from cytally.choosing.queue import queue


def parts(seed: int, number: int) -> list[Part]:
    rng = np.random.default_rng(seed)
    return [Part(tuple(rng.normal(size=5)), float(rng.random()), 10.0, f"{place}") for place in range(number)]


@given(st.integers(0, 999), st.integers(2, 12))
def test_the_order_of_the_files_changes_nothing(seed: int, number: int) -> None:
    given_parts = parts(seed, number)
    shuffled = [given_parts[place] for place in np.random.default_rng(seed).permutation(number)]
    first = [given_parts[place.index].features for place in queue(given_parts)]
    assert first == [shuffled[place.index].features for place in queue(shuffled)]
    assert queue(given_parts) == queue(given_parts)


def test_all_or_as_many_as_asked_for() -> None:
    assert sorted(place.index for place in queue(parts(0, 7))) == list(range(7))
    assert len(queue(parts(0, 7), number=3)) == 3 and queue([]) == []


def test_the_disputed_one_of_two_alike_comes_first() -> None:
    alike = [Part((0.0, 1.0), 0.1), Part((0.0, 1.0), 0.4), Part((1.0, 0.0), 0.2)]
    assert [place.index for place in queue(alike)] == [1, 2, 0]


def test_what_is_like_a_labelled_one_comes_last() -> None:
    near, far = Part((0.0, 0.0), 0.2), Part((5.0, 1.0), 0.2)
    assert [place.index for place in queue([near, far], [Part((0.0, 0.1))])] == [1, 0]


def test_an_odd_one_is_told() -> None:
    usual = [Part((float(place), 0.0), 0.1, why="counts differ by 5 %") for place in range(6)]
    whys = {place.index: place.why for place in queue([*usual, Part((40.0, 9.0), 0.1, why="")])}
    assert whys[6] == "unlike the other images" and whys[2] == "counts differ by 5 %"
