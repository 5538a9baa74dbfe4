"""How counts of one population scatter about the curve they are expected on, and how large that scatter is.

The same cells are counted again in every frame, so counts are anything but independent: a population that happened to
divide early stays ahead. What is nearly independent is what *changes* from frame to frame. The scatter is therefore
split in two, both with a variance in proportion to the expected count m(t), as that of over-dispersed counts is:

- **process**: cells divide, die, enter and leave by chance. Of a branching process (Harris, The Theory of Branching
  Processes, 1963) ``X(t) / m(t)`` is a martingale; its step over dt has the variance ``process * dt / m``. Divisions at
  a constant hazard (Yule) and no deaths have ``process = growth rate``; cells that divide at a regular age have less.
- **counting**: a count is off by itself, with the variance ``counting * m``. Without process and with ``counting`` 1
  this is Poisson, with any other value quasi-Poisson.

Together this is a local-level (state-space) model of relative counts (Durbin & Koopman, Time Series Analysis by State
Space Methods, 2012, section 2.2), in its normal approximation. Differences of relative counts have a tridiagonal
covariance, so that whitening takes O(T).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

Floats = NDArray[np.float64]

_RATIOS = np.concatenate([[0.0], np.geomspace(1e-6, 1e3, 46)])  # process over one frame, over counting
_SMALLEST = 1e-150  # what is squared, or whose logarithm is taken, stays a number


@dataclass(frozen=True)
class CountNoise:
    """Sizes of the two parts of the scatter: `process` per unit of time, `counting` per count."""

    process: float
    counting: float


class Whitening:
    """What makes residuals of counts independent, with variance 1.

    Parameters
    ----------
    times
        Times (T,), ascending.
    reference
        About the expected count (T,), above 0: the variances are in proportion to it.
    noise
        `counting` has to be above 0.
    """

    def __init__(self, times: Floats, reference: Floats, noise: CountNoise) -> None:
        counting = noise.counting / reference
        inverse = 1 / reference
        process = noise.process * np.diff(times) * (inverse[1:] + inverse[:-1]) / 2
        diagonal = counting.copy()
        diagonal[1:] += process + counting[:-1]
        self._reference = reference
        self._pivots, self._factor = diagonal, -counting[:-1]
        if len(times) > 1:
            self._pivots, self._factor, _ = lapack.dpttrf(diagonal, -counting[:-1])
        self.log_determinant = float(np.log(self._pivots).sum() + 2 * np.log(reference).sum())
        """Of the covariance of the counts."""
        self._scale = 1 / np.sqrt(self._pivots)
        self._band = np.ones((2, len(times)))
        self._band[1, :-1] = self._factor

    def __call__(self, residuals: Floats) -> Floats:
        """Whitened residuals (T,), or columns of them (T, K)."""
        columns = residuals.reshape(len(residuals), -1) / self._reference[:, None]
        steps = np.concatenate([columns[:1], np.diff(columns, axis=0)])
        solved, _ = lapack.dtbtrs(self._band, steps, uplo="L", diag="U")
        return np.asarray(solved * self._scale[:, None]).reshape(residuals.shape)


def estimate_noise(
    times: Floats, reference: Floats, residuals: Floats, jacobian: Floats, floor: CountNoise
) -> CountNoise:
    """Estimate both parts of the scatter from the residuals of a fitted curve.

    At each of a range of ratios of the two parts, the scale is that of the greatest restricted likelihood (Patterson &
    Thompson, Biometrika 58, 1971). The likeliest ratio is often exactly 0 although there is process noise (Shephard &
    Harvey, Journal of Time Series Analysis 11, 1990), which would make intervals far too narrow. The mean over all
    ratios, weighted by their restricted likelihood and with a flat prior on the angle between the two standard
    deviations, never is.

    Parameters
    ----------
    times, reference
        As of `Whitening`.
    residuals
        Counts less the fitted curve (T,).
    jacobian
        Derivatives (T, K) of the fitted curve by its K parameters.
    floor
        What neither part falls below.
    """
    number, parameters = jacobian.shape
    freedom = max(number - parameters, 1)
    frame = float(np.median(np.diff(times)))
    shapes = [CountNoise(ratio / (1 + ratio) / frame, 1 / (1 + ratio)) for ratio in _RATIOS]
    restricted, scales = np.empty((2, len(shapes)))
    for index, shape in enumerate(shapes):
        whiten = Whitening(times, reference, shape)
        factor = np.asarray(np.linalg.qr(whiten(np.column_stack([jacobian, residuals])), mode="r"))
        squares = max(float(np.square(factor[parameters:, parameters]).sum()), _SMALLEST)
        information = 2 * np.log(np.maximum(np.abs(np.diag(factor)[:parameters]), _SMALLEST)).sum()
        restricted[index] = -(freedom * np.log(squares) + whiten.log_determinant + information) / 2
        scales[index] = squares / freedom
    weights = np.exp(restricted - restricted.max()) * np.gradient(np.arctan(np.sqrt(_RATIOS * number)))
    weights *= scales / weights.sum()
    process = sum(weight * shape.process for weight, shape in zip(weights, shapes, strict=True))
    counting = sum(weight * shape.counting for weight, shape in zip(weights, shapes, strict=True))
    return CountNoise(max(float(process), floor.process), max(float(counting), floor.counting))
