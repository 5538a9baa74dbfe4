"""Counts over time and their fit, as pictures show them and in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cytally.report.growth_curve import CurveSeries
from cytally.report.growth_words import doubling_in_words
from cytally.timelapse.growth_result import GrowthFit

CURVE_POINTS = 200


def with_fit(series: CurveSeries, fit: GrowthFit) -> CurveSeries:
    """The series with the curve that was fitted to it, and what its legend says; itself where nothing was fitted.

    Parameters
    ----------
    series
        Times in the unit of the fit.
    fit
        Of the same counts, its times in minutes or frames.
    """
    if fit.fitted is None or not series.kept.any():
        return series
    counted = series.times[series.kept]
    shown = np.linspace(counted[0], counted[-1], CURVE_POINTS)
    curve = fit.curve(shown * (60 if fit.time_unit == "hours" else 1))
    return replace(
        series,
        fitted_times=shown,
        fitted=curve.expected,
        fitted_low=curve.lower,
        fitted_high=curve.upper,
        words=f"{series.name}: {fit_in_words(fit)}",
    )


def fit_in_words(fit: GrowthFit) -> str:
    """The doubling or halving time with its interval, and the model, in a few words.

    Examples
    --------
    >>> from cytally.timelapse.growth_fit import fit_growth
    >>> fit_in_words(fit_growth([0, 60, 120, 180, 240, 300], [100, 119, 141, 168, 200, 238]))[:16]
    'doubles in 4.0 h'
    >>> fit_in_words(fit_growth([0, 20], [0, 0]))
    'nothing to fit'
    """
    if not fit.supported and fit.growth_rate is not None and fit.n > 2:
        return "no growth that the counts support"
    estimate, sign = (fit.doubling_time, 1) if fit.doubling_time is not None else (fit.half_life, -1)
    if estimate is None:
        return "nothing to fit"
    bounds = [None if bound is None else sign * bound for bound in (estimate.lower, estimate.upper)]
    return f"{doubling_in_words(sign * estimate.value, bounds[0], bounds[1], fit.time_unit)}, {fit.model}"
