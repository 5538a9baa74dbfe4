"""One growth curve fitted to one series of counts, with a scatter that is given or estimated.

Inside, time runs from 0 to 1 and parameters are coordinates without bounds: logarithms, but for the rate of models that
may fall as well as grow.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import leastsq

from cytally.timelapse.growth_models import MODELS, GrowthModel, ModelName, Parameter
from cytally.timelapse.growth_noise import CountNoise, Whitening, estimate_noise

Floats = NDArray[np.float64]

FALLING: frozenset[ModelName] = frozenset({"exponential", "lag"})
"""Models whose rate may be below 0."""

_LARGEST_LOGARITHM = 30.0
_LAGS = (0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85)
_CAPACITIES = (1.02, 1.1, 1.3, 2.0, 4.0)  # over the highest count
_CALLS = 300  # of a curve, before a fit that creeps along a valley is left where it is
_STARTS = 2  # of the starting values that were tried, how many are followed to their end


@dataclass(frozen=True)
class Series:
    """Counts to fit: `times` (T,) in 0 … 1, `counts` (T,), `reference` (T,) about what is expected."""

    times: Floats
    counts: Floats
    reference: Floats
    floor: CountNoise


@dataclass(frozen=True)
class FittedCurve:
    """A model's likeliest coordinates, the deviance there, and the scatter they were found with."""

    model: GrowthModel
    coordinates: Floats
    deviance: float
    noise: CountNoise
    log_likelihood: float

    def values(self) -> dict[Parameter, float]:
        """Parameters by name, in time from 0 to 1."""
        return to_values(self.model, self.coordinates)

    def expected(self, times: Floats) -> Floats:
        """The curve at `times`, in time from 0 to 1."""
        return self.model.expected(times, self.values())


def to_values(model: GrowthModel, coordinates: Floats) -> dict[Parameter, float]:
    """Parameters by name from coordinates (K,)."""
    limited = np.clip(coordinates, -_LARGEST_LOGARITHM, _LARGEST_LOGARITHM)
    return {
        name: float(value if is_linear(model, name) else np.exp(value))
        for name, value in zip(model.parameters, limited, strict=True)
    }


def is_linear(model: GrowthModel, name: Parameter) -> bool:
    """Whether a parameter's coordinate is the parameter itself, not its logarithm."""
    return name == "rate" and model.name in FALLING


def fit_curve(
    model: GrowthModel, series: Series, noise: CountNoise, starts: list[Floats], fixed: int | None = None
) -> FittedCurve:
    """Least squares of whitened residuals from the best of `starts`; the coordinate `fixed` stays as it is."""
    whiten = Whitening(series.times, series.reference, noise)

    def residuals(coordinates: Floats) -> Floats:
        return whiten(series.counts - model.expected(series.times, to_values(model, coordinates)))

    tried = sorted(starts, key=lambda start: float(np.square(residuals(start)).sum()))[:_STARTS]
    best, lowest = tried[0], np.inf
    for start in tried:
        free = np.ones(len(start), dtype=bool)
        if fixed is not None:
            free[fixed] = False
        end = start.copy()
        if free.any():

            def of_free(part: Floats, free: NDArray[np.bool_] = free, end: Floats = end) -> Floats:
                end[free] = part
                return residuals(end)

            end[free] = leastsq(of_free, start[free], full_output=True, xtol=1e-10, ftol=1e-12, maxfev=_CALLS)[0]
        deviance = float(np.square(residuals(end)).sum())
        if deviance < lowest:
            best, lowest = end, deviance
    likelihood = -(lowest + whiten.log_determinant + len(series.counts) * np.log(2 * np.pi)) / 2
    return FittedCurve(model, best, lowest, noise, float(likelihood))


def noise_about(fitted: FittedCurve, series: Series) -> CountNoise:
    """The scatter about a fitted curve."""
    residuals = series.counts - fitted.expected(series.times)
    return estimate_noise(series.times, series.reference, residuals, jacobian(fitted, series.times), series.floor)


def jacobian(fitted: FittedCurve, times: Floats) -> Floats:
    """Derivatives (T, K) of the curve by its coordinates."""
    columns = []
    for index in range(len(fitted.coordinates)):
        step = np.zeros(len(fitted.coordinates))
        step[index] = 1e-5
        above, below = (
            fitted.model.expected(times, to_values(fitted.model, fitted.coordinates + sign * step)) for sign in (1, -1)
        )
        columns.append((above - below) / 2e-5)
    return np.column_stack(columns)


def starting_coordinates(name: ModelName, series: Series) -> list[Floats]:
    """Coordinates to start from: straight lines through the logarithm, or the logit, of smoothed counts."""
    model, times, reference = MODELS[name], series.times, series.reference
    logarithm = np.log(reference)
    if name == "constant":
        return [np.array([np.log(reference.mean())])]
    if name == "exponential":
        rate, start = np.polyfit(times, logarithm, 1)
        return [np.array([start, rate])]
    lags = _LAGS if "lag" in model.parameters else (0.0,)
    capacities = _CAPACITIES if "capacity" in model.parameters else (np.inf,)
    starts = []
    for lag, over in product(lags, capacities):
        after = times >= min(lag, times[-2])
        capacity = over * reference.max()
        logit = logarithm - (np.log1p(-reference / capacity) if np.isfinite(capacity) else 0)
        rate = float(np.polyfit(times[after], logit[after], 1)[0])
        start = float(logarithm[times <= max(lag, times[0])].mean())
        values = {
            "start": start,
            "rate": rate if name in FALLING else np.log(max(rate, 0.05)),
            "lag": np.log(max(lag, 0.01)),
            "capacity": np.log(capacity) if np.isfinite(capacity) else 0.0,
        }
        starts.append(np.array([values[parameter] for parameter in model.parameters]))
    return starts
