"""Doubling times in words."""

from __future__ import annotations

import math

import pytest

from cytally.report.growth_words import doubling_in_words, interval_in_words


@pytest.mark.parametrize(
    ("doubling", "lower", "upper", "words"),
    [
        (8.0, 7.44, 8.76, "doubles in 8.0 h (7.4 to 8.8 h)"),
        (8.0, None, None, "doubles in 8.0 h"),
        (8.0, 5.0, math.inf, "doubles in 8.0 h (at least 5.0 h)"),
        (8.0, None, 9.0, "doubles in 8.0 h (at most 9.0 h)"),
        (8.0, 5.0, -20.0, "doubles in 8.0 h (at least 5.0 h)"),  # shrinking is within the interval: an open end
        (-8.0, -9.0, -7.0, "halves in 8.0 h (7.0 to 9.0 h)"),
        (math.inf, 5.0, None, "no doubling time"),
        (math.nan, None, None, "no doubling time"),
    ],
)
def test_what_is_said(doubling: float, lower: float | None, upper: float | None, words: str) -> None:
    assert doubling_in_words(doubling, lower, upper, "hours") == words


def test_without_a_doubling_time_there_is_no_interval() -> None:
    assert interval_in_words(None, 3.0, 4.0, "hours") == "–"
