"""The size of an error that a count leads to expect."""

from __future__ import annotations

import pytest

from cytally.calibration.difficulty import difficulty


def test_by_hand() -> None:
    # sqrt(0 + 1 + 0), sqrt(20 + 1 + 4), sqrt(100 + 1 + 100)
    assert difficulty([0, 20, 100]).tolist() == pytest.approx([1, 5, 201**0.5])


def test_less_than_nothing_is_nothing() -> None:
    assert difficulty([-3.0]).tolist() == [1.0]
