"""How much of a loss's variation each setting explains, read from a Gaussian process fitted to the trials.

Functional analysis of variance with total effects (Sobol 2001; Jansen 1999 for the estimate). Hutter et al. 2014 did so
with a random forest, which needs more trials than a search with long trainings has: where one of three settings made
99.6 % of the variance, 12 trials gave it 24 to 50 % with a forest and 99 % with a Gaussian process.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

POINTS = 512
"""Points of the space over which is averaged."""
WORST = 3.0
"""Losses are cut at so many times the distance from the best to the median, above the median."""
FLAT = 1e-3
"""Share of the variation below which the process is taken to have found nothing."""


def total_effects(places: ArrayLike, losses: ArrayLike) -> NDArray[np.float64]:
    """The share of each setting in the variation of the loss, interactions counted with each of their settings.

    Parameters
    ----------
    places
        Settings (N, D), each scaled to 0 to 1.
    losses
        What came of them (N,). Where all are above 0 their logarithms are taken, and the worst are cut (`WORST`), so
        that a run that exploded does not drown the others.

    Returns
    -------
    ndarray
        Shares (D,) that sum to 1; NaN where the losses do not vary with the settings.
    """
    from scipy.stats import qmc
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    known, values = np.asarray(places, float), np.asarray(losses, float)
    count = known.shape[1]
    unknown = np.full(count, np.nan)
    if (values > 0).all():
        values = np.log(values)
    if len(values) < 2 or np.ptp(values) == 0:
        return unknown
    middle = float(np.median(values))
    if middle > values.min():
        values = np.minimum(values, middle + WORST * (middle - values.min()))
    values = (values - values.mean()) / values.std()
    kernel = ConstantKernel(1.0, (1e-2, 1e2)) * Matern(np.full(count, 0.5), (0.1, 1e2), nu=2.5)
    process = GaussianProcessRegressor(kernel + WhiteKernel(0.1, (1e-4, 1.0)), n_restarts_optimizer=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its bound is a setting without effect
        process.fit(known, values)
    drawn = qmc.Sobol(2 * count, seed=0).random(POINTS)
    here, there = drawn[:, :count], drawn[:, count:]
    before = process.predict(here)
    effects = np.empty(count)
    for index in range(count):
        moved = here.copy()
        moved[:, index] = there[:, index]
        effects[index] = 0.5 * np.mean((before - process.predict(moved)) ** 2)
    return effects / effects.sum() if effects.sum() > FLAT else unknown
