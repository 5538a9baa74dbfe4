"""Profile likelihood against the closed form of a mean, and where a side is open."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from cytally.timelapse.growth_curve import Series, fit_curve, starting_coordinates
from cytally.timelapse.growth_interval import covariance, interval, quantile
from cytally.timelapse.growth_models import MODELS
from cytally.timelapse.growth_noise import CountNoise

TIMES = np.linspace(0, 1, 16)


def test_the_interval_of_a_mean() -> None:
    counts = np.random.default_rng(0).poisson(25, 16).astype(float)
    series = Series(TIMES, counts, np.full(16, 25.0), CountNoise(0.0, 0.01))
    fitted = fit_curve(MODELS["constant"], series, CountNoise(0.0, 1.0), [np.array([3.0])])
    bounds = np.exp(interval(fitted, series, 0, 0.95, (-30, 30)))
    half = student.ppf(0.975, 15) * np.sqrt(25 / 16)
    assert bounds == pytest.approx([counts.mean() - half, counts.mean() + half], rel=1e-3)
    assert np.sqrt(covariance(fitted, series)[0, 0]) == pytest.approx(np.sqrt(25 / 16) / counts.mean(), rel=1e-5)


def test_a_capacity_that_the_counts_do_not_bound_is_open() -> None:
    counts = 100 * np.exp(TIMES)
    series = Series(TIMES, counts, counts, CountNoise(0.0, 0.01))
    starts = starting_coordinates("logistic", series)
    fitted = fit_curve(MODELS["logistic"], series, CountNoise(1.0, 1.0), starts)
    lower, upper = interval(fitted, series, 2, 0.95, (0.0, np.log(1e5)))
    assert upper == np.inf and lower < fitted.coordinates[2]


def test_more_confidence_is_wider_and_few_counts_are_wider() -> None:
    assert quantile(1000, 2, 0.95) == pytest.approx(1.962, abs=1e-3)
    assert quantile(1000, 2, 0.99) > quantile(1000, 2, 0.95) and quantile(5, 2, 0.95) > 3
    assert quantile(2, 2, 0.95) == pytest.approx(12.706, abs=1e-3)
