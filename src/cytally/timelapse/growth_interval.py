"""Intervals of a fitted growth curve's parameters, by profile likelihood."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import t as student

from cytally.timelapse.growth_curve import FittedCurve, Series, fit_curve, is_linear, jacobian
from cytally.timelapse.growth_noise import Whitening

Floats = NDArray[np.float64]

_DOUBLINGS = 12  # of the first step, before a side counts as open
_NARROWEST = 1e-12


def covariance(fitted: FittedCurve, series: Series) -> Floats:
    """Covariance (K, K) of the coordinates, from the curvature of the likelihood."""
    whiten = Whitening(series.times, series.reference, fitted.noise)
    derivatives = whiten(jacobian(fitted, series.times))
    return np.asarray(np.linalg.pinv(derivatives.T @ derivatives))


def quantile(number: int, parameters: int, confidence: float) -> float:
    """How many standard errors an interval reaches to either side: Student's t, as the scatter itself is estimated."""
    return float(student.ppf((1 + confidence) / 2, max(number - parameters, 1)))


def interval(
    fitted: FittedCurve, series: Series, index: int, confidence: float, limits: tuple[float, float]
) -> tuple[float, float]:
    """Where the deviance, least over all other coordinates, has risen by the square of `quantile`: profile likelihood.

    A rate that may be below 0 has the symmetric interval that curvature gives: the deviance of ever steeper decline
    levels off, as a curve cannot be further below the counts than at 0, which says nothing about small populations that
    grow.

    Parameters
    ----------
    fitted
        The likeliest curve.
    index
        Which coordinate.
    limits
        The lowest and highest coordinate to look at. A side on which the deviance has not risen enough before its limit
        is open: -inf or inf.

    Returns
    -------
    tuple of float
        Lower and upper bound of the coordinate.
    """
    reach = quantile(len(series.counts), len(fitted.coordinates), confidence)
    if is_linear(fitted.model, fitted.model.parameters[index]):
        half = reach * float(np.sqrt(covariance(fitted, series)[index, index]))
        return float(fitted.coordinates[index]) - half, float(fitted.coordinates[index]) + half
    first = 1.02 * reach * float(np.sqrt(max(covariance(fitted, series)[index, index], _NARROWEST**2)))
    first = min(max(first, _NARROWEST), 1.0)
    warm = fitted.coordinates

    def risen(value: float) -> float:
        nonlocal warm
        starts = []
        for coordinates in (warm, fitted.coordinates):
            start = coordinates.copy()
            start[index] = value
            starts.append(start)
        profile = fit_curve(fitted.model, series, fitted.noise, starts, fixed=index)
        warm = profile.coordinates
        return float(np.sqrt(max(profile.deviance - fitted.deviance, 0.0))) - reach  # nearly a straight line

    bounds = []
    for side, limit in zip((-1, 1), limits, strict=True):
        warm = fitted.coordinates
        inner, step, bound = float(fitted.coordinates[index]), first, side * np.inf
        for _ in range(_DOUBLINGS):
            outer = side * min(side * (inner + side * step), side * limit)
            if risen(outer) > 0:
                bound = brentq(risen, inner, outer, xtol=1e-12 + 1e-3 * first)
                break
            if outer == limit:
                break
            inner, step = outer, 2 * step
        bounds.append(float(bound))
    return bounds[0], bounds[1]
