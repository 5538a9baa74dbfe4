"""One curve to one series: against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.timelapse.growth_curve import (
    FittedCurve,
    Series,
    fit_curve,
    jacobian,
    noise_about,
    starting_coordinates,
    to_values,
)
from cytally.timelapse.growth_models import MODELS, ModelName
from cytally.timelapse.growth_noise import CountNoise

TIMES = np.linspace(0, 1, 11)
POISSON = CountNoise(0.0, 1.0)


def series(counts: np.ndarray, reference: np.ndarray | float | None = None) -> Series:
    smooth = counts if reference is None else np.full(11, 1.0) * reference
    return Series(TIMES, counts, smooth, CountNoise(0.0, 0.01))


def test_a_constant_is_the_mean() -> None:
    counts = np.array([8.0, 12, 9, 11, 10, 10, 13, 7, 10, 0, 20])
    fitted = fit_curve(MODELS["constant"], series(counts, 10.0), POISSON, [np.array([0.0])])
    assert fitted.values()["start"] == pytest.approx(10)
    assert fitted.deviance == pytest.approx(np.square(counts - 10).sum() / 10)


def test_what_is_fixed_stays() -> None:
    given = series(100 * np.exp(TIMES))
    fitted = fit_curve(MODELS["exponential"], given, POISSON, [np.array([4.0, 0.5])], fixed=1)
    assert fitted.coordinates[1] == 0.5 and fitted.coordinates[0] != 4.0
    alone = fit_curve(MODELS["constant"], given, POISSON, [np.array([4.0])], fixed=0)
    assert alone.coordinates.tolist() == [4.0]


def test_derivatives_of_an_exponential() -> None:
    fitted = FittedCurve(MODELS["exponential"], np.array([np.log(50), 0.7]), 0.0, POISSON, 0.0)
    curve = 50 * np.exp(0.7 * TIMES)
    assert jacobian(fitted, TIMES) == pytest.approx(np.column_stack([curve, TIMES * curve]), rel=1e-6)


def test_rates_that_may_fall_are_no_logarithms() -> None:
    assert to_values(MODELS["exponential"], np.array([0.0, -2.0])) == {"start": 1.0, "rate": -2.0}
    assert to_values(MODELS["logistic"], np.array([0.0, 0.0, np.log(9)])) == pytest.approx(
        {"start": 1.0, "rate": 1.0, "capacity": 9.0}
    )


@pytest.mark.parametrize("name", list(MODELS))
def test_starts_lead_to_a_curve_that_fits(name: ModelName) -> None:
    values = {"start": 100.0, "rate": 4.0, "lag": 0.3, "capacity": 800.0}
    counts = MODELS[name].expected(TIMES, values)
    given = series(counts)
    fitted = fit_curve(MODELS[name], given, POISSON, starting_coordinates(name, given))
    assert fitted.expected(TIMES) == pytest.approx(counts, rel=1e-4)
    assert noise_about(fitted, given).counting == pytest.approx(given.floor.counting)  # nothing is left to scatter
