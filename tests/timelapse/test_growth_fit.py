"""Fits to curves without noise, to populations with known rates, and to what supports no fit."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.errors import DataError
from cytally.timelapse.growth_fit import GrowthOptions, fit_growth
from cytally.timelapse.growth_models import MODELS, ModelName

MINUTES = np.arange(50) * 20.0
HOURS = MINUTES / 60
ONLY_EXPONENTIAL = GrowthOptions(models=("exponential",))


def test_an_exponential_without_noise() -> None:
    fit = fit_growth(MINUTES, 200 * 2 ** (HOURS / 12))
    assert fit.model == "exponential" and fit.supported and fit.notes == ()
    assert fit.growth_rate.value == pytest.approx(np.log(2) / 12, rel=1e-6)
    assert fit.doubling_time.value == pytest.approx(12, rel=1e-6)
    assert fit.start.value == pytest.approx(200, rel=1e-6)
    assert fit.half_life is None and fit.lag is None and fit.capacity is None
    assert set(fit.aic) == set(MODELS) and min(fit.aic, key=fit.aic.get) == "exponential"
    assert fit.curve(MINUTES).expected == pytest.approx(200 * 2 ** (HOURS / 12), rel=1e-6)


def test_an_interval_is_not_narrower_than_divisions_at_random() -> None:
    """Of 320 divisions at random, the rate is known to 1 / sqrt(320): what no curve, however smooth, gets below."""
    fit = fit_growth(MINUTES, 200 * 2 ** (HOURS / 12))
    births = 200 * (2 ** (HOURS[-1] / 12) - 1)
    half = (fit.growth_rate.upper - fit.growth_rate.lower) / 2
    assert half == pytest.approx(2.01 * fit.growth_rate.value / np.sqrt(births), rel=0.02)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("lag", {"start": 200, "rate": np.log(2) / 5, "lag": 6}),
        ("gradual lag", {"start": 200, "rate": np.log(2) / 2, "lag": 5}),
        ("logistic", {"start": 100, "rate": 0.5, "capacity": 1000}),
        ("lag logistic", {"start": 100, "rate": 0.6, "lag": 4, "capacity": 1000}),
    ],
)
def test_every_model_is_found_again(name: ModelName, values: dict[str, float]) -> None:
    exact = MODELS[name].expected(HOURS, values)
    for counts, tolerance in ((exact, 1e-3), (np.random.default_rng(5).poisson(exact), 0.15)):
        fit = fit_growth(MINUTES, counts)
        assert fit.model == name and fit.supported
        found = {"start": fit.start, "rate": fit.growth_rate, "lag": fit.lag, "capacity": fit.capacity}
        for parameter, value in values.items():
            assert found[parameter].value == pytest.approx(value, rel=tolerance)
            assert found[parameter].lower < value < found[parameter].upper


def test_decline_has_a_half_life_and_no_doubling_time() -> None:
    fit = fit_growth(MINUTES, 400 * 2 ** (-HOURS / 6))
    assert fit.model == "exponential" and fit.doubling_time is None
    assert fit.half_life.value == pytest.approx(6, rel=1e-6) and fit.half_life.lower < 6 < fit.half_life.upper


def test_no_growth_is_told() -> None:
    fit = fit_growth(MINUTES, np.random.default_rng(0).poisson(200, 50))
    assert fit.model == "constant" and not fit.supported and fit.doubling_time is None
    assert fit.growth_rate.lower < 0 < fit.growth_rate.upper
    assert "Neither growth nor decline is supported" in fit.notes[-1] and "can be ruled out" in fit.notes[-1]
    assert fit_growth(MINUTES, np.full(50, 7.0)).model == "constant"


def test_a_capacity_beyond_the_counts_is_not_made_up() -> None:
    values = {"start": 100.0, "rate": 0.1, "capacity": 1e5}
    assert fit_growth(MINUTES, MODELS["logistic"].expected(HOURS, values)).capacity is None


def test_frames_without_a_count_are_left_out_and_told() -> None:
    counts = 200 * 2 ** (HOURS / 12)
    counts[[0, 7, 8]] = np.nan
    fit = fit_growth(MINUTES, counts)
    assert fit.n == 47 and fit.n_left_out == 3 and "3 frames were left out of the fit" in fit.notes[0]
    assert fit.doubling_time.value == pytest.approx(12, rel=1e-6)
    assert fit.start.value == pytest.approx(200, rel=1e-6)  # at the first time given, though nothing was counted then


def test_an_unknown_interval_leaves_everything_in_frames() -> None:
    fit = fit_growth(None, 200 * 2 ** (np.arange(30) / 10))
    assert fit.time_unit == "frames" and fit.doubling_time.value == pytest.approx(10)
    assert fit.as_dict()["units"]["growth_rate"] == "per frame" and fit.as_dict()["units"]["doubling_time"] == "frames"
    assert fit.notes == ("The interval between frames is unknown: times are in frames.",)


@pytest.mark.parametrize(
    ("counts", "model", "note"),
    [
        ([], None, "No frame could be counted: there is nothing to fit."),
        ([np.nan, np.nan], None, "No frame could be counted: there is nothing to fit."),
        ([12], None, "One count holds no growth: take more frames."),
        ([0, 0, 0], "constant", "No cells in any frame: there is nothing to fit."),
        ([0, 0, 0, 1], None, "One count holds no growth: take more frames."),
        ([200, 260], "exponential", "Two counts give a growth rate, but no interval and no choice of a model"),
        ([200, 0], None, "Two counts give a growth rate, but no interval and no choice of a model"),
        ([100, 120, 145], "constant", "Too few counts (3) to weigh these models: constant, exponential"),
        ([5, 4, 0, 0, 0, 0], "constant", "The counts fall to zero: what grew was lost, or was no longer seen."),
    ],
)
def test_what_supports_no_fit(counts: list[float], model: str | None, note: str) -> None:
    fit = fit_growth(np.arange(len(counts)) * 20.0, counts)
    assert fit.model == model and not fit.supported
    assert any(note in told for told in fit.notes)
    json.dumps(fit.as_dict(), allow_nan=False)
    assert fit.curve([0, 20]).expected.shape == (2,)


def test_two_counts() -> None:
    fit = fit_growth([0, 120], [100, 200])
    assert fit.doubling_time.value == pytest.approx(2) and fit.doubling_time.lower is None
    assert fit.curve([0, 120, 240]).expected == pytest.approx([100, 200, 400]) and fit.curve([0]).lower is None


def test_daily_counts_of_a_few_days() -> None:
    fit = fit_growth(np.arange(5) * 1440.0, [100, 205, 390, 810, 1590])
    assert fit.model == "exponential" and fit.doubling_time.lower < 24 < fit.doubling_time.upper
    assert "exponential" not in fit.aic and "exponential" in fit.notes[0]  # too few to weigh it, not to fit it


def test_counts_that_fall_to_zero() -> None:
    counts = np.random.default_rng(3).poisson(50 * 2 ** (-HOURS))
    fit = fit_growth(MINUTES, counts)
    assert fit.model == "exponential" and fit.half_life.lower < 1 < fit.half_life.upper
    assert any("fall to zero" in note for note in fit.notes) and fit.n < 50


@pytest.mark.parametrize(
    ("times", "counts", "message"),
    [
        ([0, 20], [1, 2, 3], "there are 2 times for 3 counts"),
        ([0, 40, 20], [1, 2, 3], "times do not ascend"),
        ([0, 20, 20], [1, 2, 3], "times do not ascend"),
        ([0, np.nan, 20], [1, 2, 3], "times do not ascend"),
        ([0, 20, 40], [1, -2, 3], "below 0 or infinite"),
        ([0, 20, 40], [1, np.inf, 3], "below 0 or infinite"),
        (None, [[1, 2], [3, 4]], "counts have 2 axes"),
    ],
)
def test_what_cannot_be_used(times: list[float] | None, counts: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        fit_growth(times, counts)
    assert raised.value.cure


def test_the_band_holds_the_curve_and_widens() -> None:
    fit = fit_growth(MINUTES, np.random.default_rng(0).poisson(200 * 2 ** (HOURS / 12)))
    curve = fit.curve(np.linspace(0, 3 * MINUTES[-1], 20))
    assert (curve.lower < curve.expected).all() and (curve.expected < curve.upper).all()
    assert curve.upper[-1] / curve.lower[-1] > curve.upper[8] / curve.lower[8]


def test_fit_json_holds_numbers_only() -> None:
    content = fit_growth(MINUTES, 200 * 2 ** (HOURS / 12)).as_dict()
    assert content["model"] == "exponential" and content["doubling_time"] == pytest.approx(12)
    lower, upper = content["doubling_time_interval"]
    assert lower < 12 < upper and content["lag"] is None and content["lag_interval"] is None
    assert content["n"] == 50 and content["units"]["doubling_time"] == "hours" and set(content["aic"]) == set(MODELS)
    assert json.loads(json.dumps(content, allow_nan=False)) == content


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), slower=st.floats(0.05, 50))
def test_slower_frames_are_slower_growth(seed: int, slower: float) -> None:
    counts = np.random.default_rng(seed).poisson(100 * 2 ** (np.arange(20) / 8))
    times = np.arange(20) * 60.0
    first, second = (fit_growth(t, counts, ONLY_EXPONENTIAL) for t in (times, times * slower + 500))
    assert second.growth_rate.value == pytest.approx(first.growth_rate.value / slower, rel=1e-6)
    assert second.growth_rate.upper == pytest.approx(first.growth_rate.upper / slower, rel=1e-5)
    assert second.model == first.model and second.aic == pytest.approx(first.aic, rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(factor=st.floats(0.5, 1e4), doubling=st.floats(2, 100))
def test_more_cells_of_the_same_curve_grow_no_faster(factor: float, doubling: float) -> None:
    counts = 50 * 2 ** (HOURS / doubling)
    fit, more = (fit_growth(MINUTES, counts * by, ONLY_EXPONENTIAL) for by in (1, factor))
    assert more.growth_rate.value == pytest.approx(fit.growth_rate.value, rel=1e-5)
    if factor > 1:
        assert more.growth_rate.upper - more.growth_rate.lower < 1.0001 * (
            fit.growth_rate.upper - fit.growth_rate.lower
        )


def test_the_same_counts_give_the_same_fit() -> None:
    counts = np.random.default_rng(2).poisson(200 * 2 ** (HOURS / 12))
    assert fit_growth(MINUTES, counts).as_dict() == fit_growth(MINUTES, counts).as_dict()


def test_frames_that_are_not_evenly_spaced_take_their_time() -> None:
    places = np.array([0, 0.5, 1.5, 2.5, 4, 5.5, 6])
    fit = fit_growth(places, 100 * 2 ** (places / 2), in_frames=True)
    assert fit.time_unit == "frames" and fit.doubling_time is not None
    assert fit.doubling_time.value == pytest.approx(2, rel=1e-4)


def test_counts_that_fall_to_zero_and_come_back_are_told_and_not_called_growth():
    fit = fit_growth(20 * np.arange(13), [20, 20, 17, 15, 10, 8, 5, 5, 0, 0, 0, 0, 41])
    assert not fit.supported and fit.doubling_time is None
    assert any("fall to zero and come back" in note for note in fit.notes)


def test_rounding_is_not_told_as_growth():
    fit = fit_growth(None, [4.0] * 15)
    (told,) = [note for note in fit.notes if "growth rate" in note]
    assert "the growth rate, 0 per frame" in told
