"""One row of counts.csv, there and back."""

from __future__ import annotations

import pytest

from cytally.tasks.count_row import BY_AREA, COLUMNS, CountRow


@pytest.mark.parametrize("by_area", [None, 0.0, 12.25])
@pytest.mark.parametrize("known", [None, 1.5])
def test_a_row_comes_back_as_written(by_area: float | None, known: float | None) -> None:
    row = CountRow("a b.tif", 3.0, known, known, known, known, "m", ("black", "tiny"), by_area)
    cells = row.cells()
    assert tuple(cells) == (COLUMNS if by_area is None else BY_AREA)
    assert all(isinstance(cell, str) for cell in cells.values())
    assert CountRow.from_cells(cells) == row


def test_the_column_is_the_last_and_may_be_empty() -> None:
    assert (*COLUMNS, "count_by_area") == BY_AREA
    cells = CountRow("a", 1.0, None, None, None, None, "m", (), 2.5).cells()
    assert cells["count_by_area"] == "2.5"
    assert CountRow.from_cells({**cells, "count_by_area": ""}).count_by_area is None
