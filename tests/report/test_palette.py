"""Colours that stay apart."""

from __future__ import annotations

import pytest

from cytally.report.palette import APART, colours


@pytest.mark.parametrize("number", [0, 1, 6, 7, 20])
def test_none_comes_twice(number: int) -> None:
    assert len(set(colours(number))) == number


def test_few_are_the_projects_own() -> None:
    assert colours(6) == list(APART)
