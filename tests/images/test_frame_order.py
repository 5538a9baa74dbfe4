"""Natural order, and frames that are missing by the numbers in the names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.images.frame_order import listed, natural_key, numbering


@given(st.lists(st.integers(0, 10**6), unique=True), st.sampled_from(["t{}", "frame_{}_c1", "2024-{}.x", "{}"]))
def test_numbers_in_names_order_as_numbers(numbers: list[int], template: str) -> None:
    names = [template.format(number) for number in numbers]
    assert sorted(names, key=natural_key) == [template.format(number) for number in sorted(numbers)]


PARTS = st.tuples(st.text("tx_", min_size=1, max_size=2), st.integers(0, 20), st.text("tx_", min_size=1, max_size=2))


@given(st.lists(PARTS, unique=True))
def test_text_orders_as_text_and_numbers_as_numbers(parts: list[tuple[str, int, str]]) -> None:
    names = [f"{before}{number}{after}" for before, number, after in parts]
    assert sorted(names, key=natural_key) == [f"{one}{number}{two}" for one, number, two in sorted(parts)]


def test_case_and_zeros() -> None:
    assert sorted(["T2", "t01", "t1", "t10", "T1"], key=natural_key) == ["T1", "t01", "t1", "T2", "t10"]
    assert sorted(["t1.10", "t1.9", "t1"], key=natural_key) == ["t1", "t1.9", "t1.10"]


@given(st.lists(st.integers(0, 200), min_size=2, unique=True))
def test_places_follow_the_numbers(numbers: list[int]) -> None:
    numbers = sorted(numbers)
    found = numbering([f"exp7_t{number:03d}" for number in numbers])
    for place, number in zip(found.places, numbers, strict=True):
        assert found.first + place * found.step == pytest.approx(number)
    if found.even:
        whole = set(range(numbers[0], numbers[-1] + 1, found.step))
        assert found.missing() == sorted(whole - set(numbers))


def test_the_number_that_counts_frames_is_found() -> None:
    assert numbering(["day1_t1", "day1_t2", "day1_t5"]).missing() == [3, 4]
    # A number that does not grow counts nothing; nor does a date.
    assert numbering(["t1_s2", "t2_s1", "t4_s2"]).missing() == [3]
    assert numbering(["t1_20240101", "t2_20240102", "t3_20240105"]).missing() == []
    # Two numbers grow: the one without gaps counts.
    assert numbering(["t1_0min", "t2_20min", "t3_60min"]).places == (0, 1, 2)
    uneven = numbering(["0", "5", "10", "17"])
    assert (uneven.places, uneven.even, uneven.missing()) == ((0, 1, 2, 3.4), False, [])


def test_names_that_differ_in_their_words_follow_each_other() -> None:
    assert numbering(["a1", "b7"]).places == (0, 1)
    assert numbering(["a", "b"]).places == (0, 1)
    assert numbering(["a5"]).places == (0,)
    assert numbering([]).missing() == []


def test_listed() -> None:
    assert listed([7]) == "7"
    assert listed([1, 2]) == "1 and 2"
    assert listed(list(range(0, 40, 2)), most=3) == "0, 2, 4 and 17 more"
