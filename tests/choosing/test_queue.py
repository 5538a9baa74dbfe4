"""The queue: order, gains and reasons."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.choosing.look import Part
from cytally.choosing.queue import TRUSTED, errors_expected, queue


def parts(seed: int, number: int) -> list[Part]:
    rng = np.random.default_rng(seed)
    return [Part(tuple(rng.normal(size=5)), float(rng.random()), 10.0, f"{place}") for place in range(number)]


@given(st.integers(0, 999), st.integers(2, 12))
def test_the_order_of_the_files_changes_nothing(seed: int, number: int) -> None:
    given_parts, labelled = parts(seed, number), parts(seed + 1, 3)
    shuffled = [given_parts[place] for place in np.random.default_rng(seed).permutation(number)]
    first = [(given_parts[place.index].features, place.gain, place.why) for place in queue(given_parts, labelled)]
    again = [(shuffled[place.index].features, place.gain, place.why) for place in queue(shuffled, labelled[::-1])]
    assert first == again


def test_all_or_as_many_as_asked_for() -> None:
    assert sorted(place.index for place in queue(parts(0, 7))) == list(range(7))
    assert len(queue(parts(0, 7), number=3)) == 3 and queue([]) == []


def test_the_typical_come_before_the_odd() -> None:
    crowd = [Part((0.01 * place, 0.0), 0.1, 50.0) for place in range(8)]
    pair = [Part((3.0, 0.01 * place), 0.1, 50.0) for place in range(2)]
    odd = [Part((0.0, 9.0), 0.9, 50.0)]
    first = [place.index for place in queue([*odd, *pair, *crowd], number=3)]
    assert first[0] in range(3, 11) and set(first[1:]) <= {0, 1, 2} and not {1, 2} <= set(first)


def test_doubt_weighs_more_the_more_is_labelled() -> None:
    """Two crowds alike in all but the doubt, and what is labelled lies half-way."""
    sure = [Part((-1.0 + 0.01 * place,), 0.1, 50.0) for place in range(5)]
    unsure = [Part((1.0 + 0.01 * place,), 0.5, 50.0) for place in range(4)]
    few, many = [Part((0.0,))] * 1, [Part((0.0,))] * (4 * TRUSTED)
    assert queue([*sure, *unsure], few)[0].index < 5, "the larger crowd"
    assert queue([*sure, *unsure], many)[0].index >= 5, "the disputed one"


def test_crowded_pictures_weigh_by_the_root_of_their_cells() -> None:
    assert errors_expected([Part((), 0.2, 4.0), Part((), 0.2, 0.1), Part((), 0.2, empty=True)], 7) == pytest.approx(
        [0.4, 0.2, 0.0]
    )
    assert errors_expected([Part((), 0.0, 4.0), Part((), empty=True)], 7) == [1.0, 0.0], "nothing is disputed"


def test_what_is_like_a_labelled_one_comes_last() -> None:
    near, far = Part((0.0, 0.0), 0.2), Part((5.0, 1.0), 0.2)
    assert [place.index for place in queue([near, far], [Part((0.0, 0.1))])] == [1, 0]


def test_copies_and_empty_pictures_are_not_worth_a_label() -> None:
    one, other, empty = Part((0.0, 0.0), 0.2), Part((5.0, 1.0), 0.2), Part((9.0, 9.0), empty=True)
    assert [place.index for place in queue([empty, one, other, one, other], [other])] == [1]
    assert queue([empty]) == []


def test_an_odd_one_is_told_and_so_is_what_stands_for_others() -> None:
    usual = [Part((float(place), 0.0), 0.1, why="counts differ by 5 %") for place in range(6)]
    found = queue([*usual, Part((40.0, 9.0), 0.1, why="")])
    whys = {place.index: place.why for place in found}
    assert whys[6] == "unlike the other images" and found[0].why == "counts differ by 5 %; stands for 6 others"
    assert whys[found[-1].index] == "counts differ by 5 %"
