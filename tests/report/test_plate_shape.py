"""Shapes of plates and the names of their rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.report.plate_shape import LARGEST, PLATES, row_letters, row_number, smallest_plate


def test_the_plates_that_are_sold() -> None:
    assert [plate.wells for plate in PLATES] == [6, 12, 24, 48, 96, 384, 1536]
    assert all(2 * plate.columns == 3 * plate.rows or plate.rows in (3, 6) for plate in PLATES)


@given(st.integers(1, LARGEST.rows), st.integers(1, LARGEST.columns))
def test_the_smallest_that_has_the_well(row: int, column: int) -> None:
    plate = smallest_plate(row, column)
    assert plate.rows >= row and plate.columns >= column
    smaller = [each for each in PLATES if each.wells < plate.wells]
    assert not any(each.rows >= row and each.columns >= column for each in smaller)


def test_beyond_the_largest_there_is_none() -> None:
    for row, column in ((33, 1), (1, 49)):
        with pytest.raises(ValueError, match="no plate"):
            smallest_plate(row, column)


def test_rows_are_called_as_on_the_plate() -> None:
    names = [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "AA", "AB", "AC", "AD", "AE", "AF"]
    assert [row_letters(row) for row in range(1, 33)] == names
    assert [row_number(name) for name in names] == list(range(1, 33))
