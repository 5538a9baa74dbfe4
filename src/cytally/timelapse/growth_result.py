"""What a growth fit says: a rate, a doubling time, intervals, and in plain sentences what the counts do not support."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cytally.timelapse.growth_models import MODELS, ModelName, Parameter

Floats = NDArray[np.float64]
TimeUnit = Literal["hours", "frames"]

_SINGULAR = {"hours": "hour", "frames": "frame"}


@dataclass(frozen=True)
class Estimate:
    """A number with its confidence interval. A bound that the data leave open is None."""

    value: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class GrowthCurve:
    """The expected count (T,) and its confidence band; the band is None where there is none."""

    expected: Floats
    lower: Floats | None
    upper: Floats | None


@dataclass(frozen=True)
class Fitted:
    """What a curve is computed from: coordinates in time from 0 to 1, and how far they may be off."""

    model: ModelName
    values: dict[Parameter, float]
    covariance: Floats
    """Of the coordinates (K, K)."""
    linear: tuple[bool, ...]
    """Which coordinates are the parameter itself, not its logarithm."""
    reach: float
    """How many standard errors the interval reaches."""
    begin: float
    duration: float
    """Minutes, or frames."""


@dataclass(frozen=True)
class GrowthFit:
    """Growth of one population.

    Rates and times are per hour and in hours, or per frame and in frames where the interval between frames is unknown
    (`time_unit`). Times are since the first time given. What does not apply is None.
    """

    model: ModelName | None
    """The chosen model; ``constant`` where neither growth nor decline is supported, None where nothing is fitted."""
    supported: bool
    """Whether the counts support growth or decline at all. Where False, `notes` say why."""
    time_unit: TimeUnit
    confidence: float
    n: int
    """Counts that were fitted."""
    n_left_out: int
    growth_rate: Estimate | None = None
    """Of the chosen model, at its full growth; of the exponential one where none is supported. Below 0: decline."""
    doubling_time: Estimate | None = None
    """ln 2 over the growth rate; None where the rate is not above 0."""
    half_life: Estimate | None = None
    """ln 2 over the rate of decline; None where the rate is not below 0."""
    lag: Estimate | None = None
    capacity: Estimate | None = None
    """Cells."""
    start: Estimate | None = None
    """Cells expected at the first time."""
    aic: dict[ModelName, float] = field(default_factory=dict)
    """Akaike's criterion, corrected for few frames (Hurvich & Tsai 1989), of every model that could be fitted."""
    process_noise: float | None = None
    """Variance per cell and unit of time, of cells that divide, die, enter and leave by chance."""
    counting_noise: float | None = None
    """Variance of one count over the expected count: 1 is Poisson."""
    notes: tuple[str, ...] = ()
    fitted: Fitted | None = field(default=None, repr=False)
    rate_error: tuple[float, float] | None = None
    """Standard error of the growth rate and its degrees of freedom."""

    def curve(self, times: ArrayLike) -> GrowthCurve:
        """The expected count at `times`, and the band that holds the expected count, not the single counts.

        Parameters
        ----------
        times
            Times (T,) in the unit that the fit was given: minutes, or frames.

        Returns
        -------
        GrowthCurve
            NaN everywhere where nothing could be fitted.
        """
        times = np.asarray(times, dtype=np.float64)
        fitted = self.fitted
        if fitted is None:
            empty = np.full_like(times, 0.0 if self.model == "constant" else np.nan)
            return GrowthCurve(empty, None, None)
        model, since = MODELS[fitted.model], (times - fitted.begin) / fitted.duration
        expected = model.expected(since, fitted.values)
        if not np.isfinite(fitted.covariance).all():
            return GrowthCurve(expected, None, None)
        logarithm = np.log(np.maximum(expected, 1e-300))
        columns = []
        for name, linear in zip(model.parameters, fitted.linear, strict=True):
            value = fitted.values[name]
            moved = {**fitted.values, name: value + 1e-5 if linear else value * np.exp(1e-5)}
            columns.append((np.log(np.maximum(model.expected(since, moved), 1e-300)) - logarithm) / 1e-5)
        gradient = np.stack(columns, axis=-1)
        error = np.sqrt(np.einsum("...i,ij,...j->...", gradient, fitted.covariance, gradient).clip(0))
        factor = np.exp(np.minimum(fitted.reach * error, 50.0))
        return GrowthCurve(expected, expected / factor, expected * factor)

    def as_dict(self) -> dict[str, object]:
        """What fit.json holds: numbers, lists and text only."""
        unit = self.time_unit
        units = {
            "growth_rate": f"per {_SINGULAR[unit]}",
            "doubling_time": unit,
            "half_life": unit,
            "lag": unit,
            "capacity": "cells",
            "start": "cells",
        }
        content: dict[str, object] = {"model": self.model, "supported": self.supported}
        for name in units:
            estimate: Estimate | None = getattr(self, name)
            content[name] = None if estimate is None else estimate.value
            content[f"{name}_interval"] = _interval(estimate)
        return content | {
            "units": units,
            "confidence": self.confidence,
            "aic": dict(self.aic),
            "process_noise": self.process_noise,
            "counting_noise": self.counting_noise,
            "n": self.n,
            "n_left_out": self.n_left_out,
            "notes": list(self.notes),
        }


def _interval(estimate: Estimate | None) -> list[float | None] | None:
    if estimate is None or (estimate.lower is None and estimate.upper is None):
        return None
    return [estimate.lower, estimate.upper]


def doubling_time(rate: Estimate) -> Estimate | None:
    """ln 2 over a growth rate, with its interval turned round; None where the rate is not above 0.

    Examples
    --------
    >>> doubling_time(Estimate(value=np.log(2) / 20, lower=np.log(2) / 25, upper=np.log(2) / 16))
    Estimate(value=20.0, lower=16.0, upper=25.0)

    A rate that may be 0 leaves the doubling time open upwards:

    >>> doubling_time(Estimate(value=np.log(2) / 20, lower=-0.01, upper=np.log(2) / 10))
    Estimate(value=20.0, lower=10.0, upper=None)
    >>> doubling_time(Estimate(value=-0.1)) is None
    True
    """
    if rate.value <= 0:
        return None
    double = float(np.log(2))
    return Estimate(
        double / float(rate.value),
        None if rate.upper is None else double / float(rate.upper),
        None if rate.lower is None or rate.lower <= 0 else double / float(rate.lower),
    )


def half_life(rate: Estimate) -> Estimate | None:
    """ln 2 over a rate of decline; None where the rate is not below 0.

    Examples
    --------
    >>> half_life(Estimate(value=-np.log(2) / 8, lower=-np.log(2) / 6, upper=-np.log(2) / 10))
    Estimate(value=8.0, lower=6.0, upper=10.0)
    """
    lower = None if rate.upper is None else -rate.upper
    return doubling_time(Estimate(-rate.value, lower, None if rate.lower is None else -rate.lower))
