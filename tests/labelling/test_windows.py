"""Cutting a field into windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.errors import UsageError
from cytally.labelling.windows import Window, windows


def test_an_incucyte_field() -> None:
    # 1040 = 2 * 512 + 16 rows, too few for a window; 1408 = 2 * 512 + 384 columns.
    assert windows((1040, 1408)) == [
        Window(0, 0, 512, 512),
        Window(0, 512, 512, 512),
        Window(0, 1024, 512, 384),
        Window(512, 0, 512, 512),
        Window(512, 512, 512, 512),
        Window(512, 1024, 512, 384),
    ]


@pytest.mark.parametrize(("length", "widths"), [(575, [512]), (576, [512, 64]), (512, [512]), (63, [63]), (1, [1])])
def test_what_remains(length: int, widths: list[int]) -> None:
    assert [window.width for window in windows((100, length))] == widths
    assert [window.height for window in windows((length, 100))] == widths


def test_small_windows_lose_what_is_no_whole_one() -> None:
    assert windows((32, 50), side=16) == [Window(y, x, 16, 16) for y in (0, 16) for x in (0, 16, 32)]


@given(st.tuples(st.integers(1, 1500), st.integers(1, 1500)), st.integers(1, 600).map(lambda side: max(side, 40)))
def test_no_pixel_twice_and_few_left_out(shape: tuple[int, int], side: int) -> None:
    covered = np.zeros(shape, np.uint8)
    for window in windows(shape, side):
        part = covered[window.slices]
        assert part.shape == (window.height, window.width) and max(part.shape) <= side
        part += 1
    assert covered.max() == 1
    missing_rows, missing_columns = (covered == 0).all(1), (covered == 0).all(0)
    assert missing_rows.sum() < 64 and missing_columns.sum() < 64
    assert not missing_rows[:-63].any() and not missing_columns[:-63].any()
    assert ((covered == 0) == (missing_rows[:, None] | missing_columns)).all()


@pytest.mark.parametrize(("shape", "side"), [((10, 10), 0), ((0, 10), 512)])
def test_nothing_to_cut(shape: tuple[int, int], side: int) -> None:
    with pytest.raises(UsageError, match="above 0"):
        windows(shape, side)
