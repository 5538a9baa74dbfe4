"""How far answers differ: worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cytally.choosing.disagreement import Answer, compare


def test_counts_worked_by_hand() -> None:
    found = compare([Answer("", 100.0), Answer("a", 90.0), Answer("b", 110.0), Answer("b", 100.0)], 10.0)
    assert found.counts == {"a": (100.0, 90.0), "b": (100.0, 110.0, 100.0)}
    assert found.count == 100.0
    assert found.spread == pytest.approx(math.sqrt(50.0) / 10.0), "variance (0 + 100 + 100 + 0) / 4"
    assert found.widest() == ("a", 90.0, 100.0), "of equals the first"
    assert found.mean is None and found.variance is None


def test_one_answer_disputes_nothing() -> None:
    found = compare([Answer("", 3.0, np.zeros((4, 4), np.float32))], 2.0)
    assert found.spread == 0.0 and found.variance is not None and not found.variance.any()
    with pytest.raises(ValueError, match="no answer"):
        compare([], 2.0)


def test_a_cell_that_one_of_two_answers_has() -> None:
    there, gone = np.zeros((20, 20), np.float32), np.zeros((20, 20), np.float32)
    there[10, 10] = 1.0
    found = compare([Answer("", 1.0, there), Answer("a", 0.0, gone)], 3.0)
    assert found.variance is not None and found.mean is not None
    # in the square of 3 x 3 pixels that see the cell: variance of (1, 0) is 1/4, shared by nine pixels
    assert found.variance[10, 10] == pytest.approx(0.25 / 9) and found.variance[10, 12] == 0
    assert found.variance.sum() == pytest.approx(0.25) and found.mean.sum() == pytest.approx(0.5)


def test_a_cell_that_moves_by_a_pixel_is_less_disputed_than_one_that_goes() -> None:
    def at(*places: int) -> np.ndarray:
        density = np.zeros((20, 20), np.float32)
        for place in places:
            density[10, place] = 1.0
        return density

    moved = compare([Answer("", 1.0, at(10)), Answer("a", 1.0, at(11))], 5.0).variance
    gone = compare([Answer("", 1.0, at(10)), Answer("a", 0.0, at())], 5.0).variance
    assert moved is not None and gone is not None and 0 < moved.sum() < 0.5 * gone.sum()
