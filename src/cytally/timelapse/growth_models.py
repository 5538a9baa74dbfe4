"""How many cells are expected over time: the curves that growth is fitted with.

Every curve is a function of the time since the start and of parameters by name, in whatever unit of time its rate has:

============== ================================ ===========================================================
Model          Parameters                       Expected count
============== ================================ ===========================================================
constant       start                            ``N0``
exponential    start, rate                      ``N0 exp(r t)``
lag            start, rate, lag                 ``N0`` until the lag L, then ``N0 exp(r (t - L))``
gradual lag    start, rate, lag                 ``N0 (1 - a + a exp(r t))`` with ``a = exp(-r L)``
logistic       start, rate, capacity            ``K / (1 + (K / N0 - 1) exp(-r t))``
lag logistic   start, rate, lag, capacity       logistic, in the time since the lag
============== ================================ ===========================================================

The abrupt lag is that of Buchanan, Whiting & Damert (Food Microbiology 14, 1997): all cells begin together. The gradual
one is that of Baranyi & Roberts (International Journal of Food Microbiology 23, 1994) without their capacity: their
``N0 exp(r A(t))`` with ``A(t) = t + ln(exp(-r t) + exp(-r L) - exp(-r t - r L)) / r`` is the sum above, a share `a` of
the cells that grows from the start beside a share that does not. In both, the lag is where the line of full growth,
drawn backwards on a logarithmic axis, meets the starting count. Logistic growth is Verhulst's (1838).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

ModelName = Literal["constant", "exponential", "lag", "gradual lag", "logistic", "lag logistic"]
Parameter = Literal["start", "rate", "lag", "capacity"]
Times = NDArray[np.float64]

_HIGHEST_EXPONENT = 100.0  # exp of it, squared and times any count, is still a finite number


@dataclass(frozen=True)
class GrowthModel:
    """A curve with its parameters' names, in the order in which `expected` takes them."""

    name: ModelName
    parameters: tuple[Parameter, ...]
    curve: Callable[..., Times]

    def expected(self, times: ArrayLike, values: Mapping[Parameter, float]) -> Times:
        """Expected count (T,) at times (T,) since the start, in the unit of time of the rate.

        Examples
        --------
        >>> MODELS["lag"].expected([0, 5, 15], {"start": 10, "rate": np.log(2) / 5, "lag": 5}).round(6).tolist()
        [10.0, 10.0, 40.0]
        """
        return self.curve(np.asarray(times, dtype=np.float64), *(values[name] for name in self.parameters))


def constant(times: Times, start: float) -> Times:
    """No growth: the same count at all times."""
    return np.full_like(times, start)


def exponential(times: Times, start: float, rate: float) -> Times:
    """Growth, or decline where `rate` is below 0, at a rate that does not change."""
    return start * _exp(rate * times)


def lag(times: Times, start: float, rate: float, lag: float) -> Times:
    """No growth until `lag`, then exponential growth (or decline: a drug that takes time to act)."""
    return exponential(_since(times, lag), start, rate)


def gradual_lag(times: Times, start: float, rate: float, lag: float) -> Times:
    """Growth that comes up to its full rate by and by; `rate` is above 0."""
    growing = _exp(np.asarray(-rate * lag))
    return start * (1 - growing + _exp(rate * (times - lag)))


def logistic(times: Times, start: float, rate: float, capacity: float) -> Times:
    """Growth that ends where the dish is full, at `capacity`; `rate` is that of few cells in much space."""
    return capacity / (1 + (capacity / start - 1) * _exp(-rate * times))


def lag_logistic(times: Times, start: float, rate: float, lag: float, capacity: float) -> Times:
    """No growth until `lag`, then logistic growth."""
    return logistic(_since(times, lag), start, rate, capacity)


def _since(times: Times, lag: float) -> Times:
    return np.maximum(times - lag, 0.0)


def _exp(exponent: Times) -> Times:
    return np.asarray(np.exp(np.clip(exponent, -_HIGHEST_EXPONENT, _HIGHEST_EXPONENT)))


MODELS: Mapping[ModelName, GrowthModel] = MappingProxyType(
    {
        model.name: model
        for model in (
            GrowthModel("constant", ("start",), constant),
            GrowthModel("exponential", ("start", "rate"), exponential),
            GrowthModel("lag", ("start", "rate", "lag"), lag),
            GrowthModel("gradual lag", ("start", "rate", "lag"), gradual_lag),
            GrowthModel("logistic", ("start", "rate", "capacity"), logistic),
            GrowthModel("lag logistic", ("start", "rate", "lag", "capacity"), lag_logistic),
        )
    }
)
"""Every model by its name, those with fewer parameters first."""
