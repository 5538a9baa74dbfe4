"""The choice among models: margins, and what the data do not hold."""

from __future__ import annotations

import numpy as np

from cytally.timelapse.growth_choice import choose
from cytally.timelapse.growth_models import MODELS
from cytally.timelapse.growth_series import given_counts

TIMES = np.arange(40) * 60.0


def logistic(capacity: float) -> np.ndarray:
    return MODELS["logistic"].expected(TIMES / 60, {"start": 100.0, "rate": 0.12, "capacity": capacity})


def test_a_capacity_within_the_counts_is_chosen_and_one_beyond_is_not() -> None:
    within = choose(given_counts(TIMES, logistic(900)), list(MODELS), 0.95, 4.0)
    assert within.curve.model.name == "logistic" and within.estimates["capacity"].lower < 900
    beyond = choose(given_counts(TIMES, logistic(1e7)), list(MODELS), 0.95, 4.0)
    assert beyond.curve.model.name == "exponential"


def test_an_endless_margin_takes_the_simplest() -> None:
    counts = given_counts(TIMES, logistic(900))
    assert choose(counts, list(MODELS), 0.95, 1e9).curve.model.name == "exponential"


def test_only_the_models_that_were_asked_for() -> None:
    chosen = choose(given_counts(TIMES, logistic(900)), ["exponential"], 0.95, 4.0)
    assert set(chosen.aic) == {"constant", "exponential"} and chosen.curve.model.name == "exponential"
    none = choose(given_counts(TIMES, logistic(900)), ["constant"], 0.95, 4.0)
    assert none.curve.model.name == "constant" and none.growth.lower > 0


def test_a_lag_as_long_as_the_frames_is_not_held() -> None:
    counts = np.full(40, 300.0)
    counts[-1] = 420
    chosen = choose(given_counts(TIMES, counts), list(MODELS), 0.95, 4.0)
    assert "lag" not in chosen.estimates
