"""Lengths in micrometres."""

from __future__ import annotations

import logging

import pytest

from cytally.images.units import micrometres, square


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.5, "µm", 0.5),  # micro sign
        (0.5, "μm", 0.5),  # Greek letter
        (0.5, "\\u00B5m", 0.5),
        (0.5, "Micron", 0.5),
        (2, "Å", 2e-4),
        (1e-4, "cm", 1.0),
        (1 / 25400, "inch", 1.0),
        (1 / 1200, "inch", None),
        (1, "mm", 1000.0),
        (1, "pixel", None),
        (1, None, None),
        (None, "um", None),
        (0, "um", None),
        (-1, "um", None),
        (float("nan"), "um", None),
        (float("inf"), "um", None),
    ],
)
def test_micrometres(value: float | None, unit: str | None, expected: float | None) -> None:
    assert micrometres(value, unit) == (None if expected is None else pytest.approx(expected))


def test_square_keeps_the_area(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert square(0.5, 0.5) == 0.5
        assert square(None, 0.5) == square(0.5, None) == 0.5
        assert square(None, None) is None
        assert not caplog.records
        assert square(1.0, 4.0) == 2.0
    assert "1 by 4 micrometres" in caplog.text
