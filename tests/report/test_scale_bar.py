"""The scale bar: a round length, and as long as it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.report.scale_bar import SHARE, scale_bar


@pytest.mark.parametrize(
    ("width", "pixel_size", "per_pixel", "pixels", "text"),
    [
        (1600, 7.5, 30, 2000 / 7.5, "2 mm"),
        (400, 0.2, 1, 100, "20 µm"),
        (400, 0.001, 1, 100, "0.1 µm"),
        (1000, None, 16, 125, "2,000 px"),
        (1000, None, 1, 200, "200 px"),
        (800, 100, 1, 200, "20 mm"),
        (4, 5, 1, 1, "5 µm"),
    ],
)
def test_by_hand(width, pixel_size, per_pixel, pixels, text):
    bar = scale_bar(width, pixel_size, per_pixel)
    assert (bar.pixels, bar.text) == (pytest.approx(pixels), text)


@given(st.integers(1, 5000), st.floats(1e-3, 1e4))
def test_the_longest_round_length_that_fits(width, pixel_size):
    bar = scale_bar(width, pixel_size)
    number, unit = bar.text.split()
    length = float(number) * {"µm": 1, "mm": 1000}[unit]
    assert bar.pixels * pixel_size == pytest.approx(length)
    assert number.replace(".", "").strip("0") in ("1", "2", "5")
    assert SHARE * width / 2.5 <= bar.pixels * (1 + 1e-9) <= SHARE * width * (1 + 1e-6)
