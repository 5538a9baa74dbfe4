"""Which growth model the counts support: AIC, and whether a lag, a capacity or a rate is held by the data at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cytally.timelapse.growth_curve import (
    FittedCurve,
    Series,
    fit_curve,
    is_linear,
    noise_about,
    starting_coordinates,
)
from cytally.timelapse.growth_interval import covariance, interval
from cytally.timelapse.growth_models import MODELS, ModelName, Parameter
from cytally.timelapse.growth_noise import CountNoise
from cytally.timelapse.growth_result import Estimate
from cytally.timelapse.growth_series import GivenCounts, floored

Floats = NDArray[np.float64]

_ROUNDS = 2  # of curve and scatter in turn
_NOISE_PARAMETERS = 2
_ROUNDING = 1 / 12  # variance of a count that is rounded to whole cells
_FASTEST = 300.0  # rate times duration
_FASTEST_TOLD = 29.0  # likewise; at 30 coordinates end, and a rate that lies there was not found but stopped
_SHORTEST_LAG = 1e-3  # of the duration
_HIGHEST_CAPACITY = 100.0  # times the highest count
_FRAMES_OF_GROWTH = 3  # after a lag, at least


@dataclass(frozen=True)
class ChosenCurve:
    """The chosen curve with its estimates, all in time from 0 to 1."""

    curve: FittedCurve
    series: Series
    estimates: dict[Parameter, Estimate]
    growth: Estimate
    growth_error: float
    aic: dict[ModelName, float]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Candidate:
    curve: FittedCurve
    series: Series
    estimates: dict[Parameter, Estimate]
    rate_error: float


def choose(given: GivenCounts, models: Sequence[ModelName], confidence: float, parsimony: float) -> ChosenCurve:
    """Fit each of `models` to three or more counts, not all of them 0, and choose one as `growth_fit` says."""
    notes: list[str] = []
    wanted = {"constant", *models}
    enough = [name for name in MODELS if name in wanted and _enough(name, given)]
    too_few = [name for name in MODELS if name in wanted and name not in enough]
    if too_few:
        notes.append(f"Too few counts ({len(given.counts)}) to weigh these models: {', '.join(too_few)}.")
    rough = _fit_all(enough, given)
    aic = {name: _aicc(rough[name], len(given.counts)) for name in enough}
    exponential = _candidate(rough["exponential"], given, confidence)
    pool = dict(aic)
    if "exponential" in wanted and "exponential" not in aic:
        pool = {"exponential": 0.0}  # too few counts for AIC, but enough for a rate and its interval
    while set(pool) - {"constant"}:
        name = _fewest(pool, parsimony)
        if name == "constant" and "exponential" in pool:
            name = "exponential"  # judged by its interval
        if name == "constant":
            break
        candidate = exponential if name == "exponential" else _candidate(rough[name], given, confidence)
        reason = _not_held(candidate, given)
        if reason is None:
            growth = candidate.estimates["rate"]
            return ChosenCurve(
                candidate.curve, candidate.series, candidate.estimates, growth, candidate.rate_error, aic, tuple(notes)
            )
        if name != "exponential" and pool[name] <= min(pool.values()) + parsimony:
            notes.append(f"The model '{name}' fits well, but is not supported: {reason}.")
        del pool[name]
    flat = _candidate(rough["constant"], given, confidence)
    growth, error = exponential.estimates["rate"], exponential.rate_error
    return ChosenCurve(flat.curve, flat.series, flat.estimates, growth, error, aic, tuple(notes))


def _enough(name: ModelName, given: GivenCounts) -> bool:
    parameters = len(MODELS[name].parameters) + _NOISE_PARAMETERS
    return len(given.counts) > parameters + 1


def _aicc(curve: FittedCurve, number: int) -> float:
    parameters = len(curve.coordinates) + _NOISE_PARAMETERS
    correction = 2 * parameters * (parameters + 1) / (number - parameters - 1)
    return float(-2 * curve.log_likelihood + 2 * parameters + correction)


def _fewest(aic: dict[ModelName, float], parsimony: float) -> ModelName:
    close = [name for name, value in aic.items() if value <= min(aic.values()) + parsimony]
    return min(close, key=lambda name: (len(MODELS[name].parameters), aic[name]))


def _series(given: GivenCounts, reference: Floats) -> Series:
    """Counts to fit, with Yule's process noise and the rounding of counts as the least scatter there is."""
    ends = np.log(given.smoothed[[0, -1]])
    growth = abs(float(ends[1] - ends[0])) / float(given.scaled[-1] - given.scaled[0])
    return Series(given.scaled, given.counts, reference, CountNoise(growth, _ROUNDING / float(reference.mean())))


def _fit_all(names: Sequence[ModelName], given: GivenCounts) -> dict[ModelName, FittedCurve]:
    """Models fitted with one scatter, so that their AICs compare: that about the curve with the most parameters.

    Burnham & Anderson (2002, section 2.5) estimate over-dispersion so. Constant and exponential are always fitted.
    """
    series = _series(given, given.smoothed)
    noise = CountNoise(max(series.floor.process, 0.1), 1.0)
    fitted = {}
    for name in {"constant": None, "exponential": None, **dict.fromkeys(names)}:
        fitted[name] = fit_curve(MODELS[name], series, noise, starting_coordinates(name, series))
    for _ in range(_ROUNDS):
        richest = max(fitted.values(), key=lambda curve: (len(curve.coordinates), -curve.deviance))
        noise = noise_about(richest, series)
        for name, curve in fitted.items():
            starts = [curve.coordinates, *starting_coordinates(name, series)]
            fitted[name] = fit_curve(MODELS[name], series, noise, starts)
    return fitted


def _candidate(curve: FittedCurve, given: GivenCounts, confidence: float) -> _Candidate:
    """A model with variances in proportion to its own curve, and the intervals of its parameters."""
    for _ in range(_ROUNDS):
        series = _series(given, floored(curve.expected(given.scaled)))
        curve = fit_curve(curve.model, series, noise_about(curve, series), [curve.coordinates])
    highest = float(np.log(given.counts.max()))
    estimates: dict[Parameter, Estimate] = {}
    for index, (name, value) in enumerate(curve.values().items()):
        linear = is_linear(curve.model, name)
        limits = {
            "start": (highest - 30, highest + 30),
            "rate": (-_FASTEST, _FASTEST) if linear else (np.log(1 / _FASTEST), np.log(_FASTEST)),
            "lag": (np.log(_SHORTEST_LAG), 0.0),
            "capacity": (highest - 5, highest + np.log(_HIGHEST_CAPACITY)),
        }[name]
        bounds = interval(curve, series, index, confidence, limits)
        lower, upper = (bound if linear else float(np.exp(bound)) for bound in bounds)
        estimates[name] = Estimate(value, lower if np.isfinite(lower) else None, upper if np.isfinite(upper) else None)
    error = 0.0
    if "rate" in estimates:
        index = curve.model.parameters.index("rate")
        error = float(np.sqrt(covariance(curve, series)[index, index]))
        error *= 1.0 if is_linear(curve.model, "rate") else estimates["rate"].value
    return _Candidate(curve, series, estimates, error)


def _not_held(candidate: _Candidate, given: GivenCounts) -> str | None:
    """Why the data do not hold a model's parameters, or None where they do."""
    estimates = candidate.estimates
    rate, lag, capacity = (estimates.get(name) for name in ("rate", "lag", "capacity"))
    if rate is not None:
        if rate.lower is None or rate.upper is None or rate.lower <= 0 <= rate.upper:
            return "the interval of its growth rate is open or holds 0"
        if not (rate.lower < rate.value < rate.upper and abs(rate.value) < _FASTEST_TOLD):
            return "its growth rate is faster than the frames can tell"
    if lag is not None:
        if not lag.lower:
            return "its lag cannot be told from none"
        if lag.upper is None or (given.scaled > lag.value).sum() < _FRAMES_OF_GROWTH:
            return "its lag may last as long as the frames do"
    if capacity is not None:
        if capacity.upper is None:
            return "its capacity lies beyond the counts"
        if capacity.value <= estimates["start"].value:
            return "its capacity lies below the first counts"
    return None
