"""Curves worked out by hand, and what they have in common."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.timelapse.growth_models import MODELS, ModelName

VALUES = {"start": 100.0, "rate": np.log(2) / 10, "lag": 10.0, "capacity": 400.0}


@pytest.mark.parametrize(
    ("name", "times", "expected"),
    [
        ("constant", [0, 10, 20], [100, 100, 100]),
        ("exponential", [0, 10, 20], [100, 200, 400]),
        ("lag", [0, 5, 10, 20, 30], [100, 100, 100, 200, 400]),
        ("gradual lag", [0, 10, 20], [100, 100 * (0.5 + 1), 100 * (0.5 + 2)]),  # half of the cells grow from the start
        ("logistic", [0, 10, 20], [100, 400 / (1 + 3 / 2), 400 / (1 + 3 / 4)]),
        ("lag logistic", [0, 10, 20, 30], [100, 100, 160, 400 / (1 + 3 / 4)]),
    ],
)
def test_worked_out_by_hand(name: ModelName, times: list[float], expected: list[float]) -> None:
    assert MODELS[name].expected(times, VALUES) == pytest.approx(expected)


def test_gradual_lag_is_that_of_baranyi_and_roberts() -> None:
    time, rate, lag = np.linspace(0, 60, 13), VALUES["rate"], VALUES["lag"]
    adjusted = time + np.log(np.exp(-rate * time) + np.exp(-rate * lag) - np.exp(-rate * (time + lag))) / rate
    assert MODELS["gradual lag"].expected(time, VALUES) == pytest.approx(100 * np.exp(rate * adjusted))


@given(name=st.sampled_from(list(MODELS)), rate=st.floats(1e-3, 1), unit=st.floats(0.1, 100))
def test_the_unit_of_time_does_not_matter(name: ModelName, rate: float, unit: float) -> None:
    times = np.linspace(0, 20, 9)
    values = {**VALUES, "rate": rate}
    others = {**values, "rate": rate / unit, "lag": values["lag"] * unit}
    assert MODELS[name].expected(times * unit, others) == pytest.approx(MODELS[name].expected(times, values), rel=1e-6)


@given(name=st.sampled_from(list(MODELS)), factor=st.floats(0.01, 1e4))
def test_twice_the_cells_are_twice_the_curve(name: ModelName, factor: float) -> None:
    times = np.linspace(0, 40, 9)
    more = {**VALUES, "start": 100 * factor, "capacity": 400 * factor}
    assert MODELS[name].expected(times, more) == pytest.approx(factor * MODELS[name].expected(times, VALUES))


@pytest.mark.parametrize("name", list(MODELS))
def test_stays_a_number_far_beyond_the_data(name: ModelName) -> None:
    assert np.isfinite(MODELS[name].expected([0, 1e6], VALUES)).all()
