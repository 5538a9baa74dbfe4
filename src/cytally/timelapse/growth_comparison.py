"""Whether populations grow differently under different conditions: a table, a test and an effect size for each pair.

Replicates are the unit: each population has one growth rate. Log growth rates are compared, so that a difference is a
ratio of doubling times; where a rate is not above 0 there is no logarithm, and the rates themselves are compared, which
is told.

With two or more replicates of both conditions the test is Welch's (Biometrika 34, 1947). With fewer, all that can be
tested is whether two populations differ by more than their fits are uncertain (Wald's test), which says nothing of the
condition: told as well. P values of several pairs are corrected after Holm (Scandinavian Journal of Statistics 6,
1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from cytally.errors import DataError
from cytally.timelapse.growth_result import Estimate, GrowthFit, TimeUnit, doubling_time

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ConditionGrowth:
    """One condition: its populations, and the mean of their growth rates with its interval."""

    condition: str
    n: int
    growth_rate: Estimate
    """Geometric mean of the replicates where all rates are above 0, else their mean."""
    doubling_time: Estimate | None


@dataclass(frozen=True)
class ConditionPair:
    """How the growth of `second` differs from that of `first`."""

    first: str
    second: str
    test: Literal["Welch", "Wald"]
    compared: Literal["log growth rates", "growth rates"]
    statistic: float | None
    """Above 0 where `second` grows faster; None where replicates do not vary at all."""
    degrees_of_freedom: float
    p: float
    p_corrected: float
    """After Holm, for all pairs."""
    doubling_time_ratio: Estimate | None
    """Doubling time of `second` over that of `first`: below 1 where `second` grows faster."""
    hedges_g: Estimate | None
    """Difference in standard deviations of replicates, above 0 where `second` grows faster; None without replicates."""


@dataclass(frozen=True)
class GrowthComparison:
    """Conditions, every pair of them, and what has to be known to read the numbers."""

    time_unit: TimeUnit
    confidence: float
    conditions: tuple[ConditionGrowth, ...]
    pairs: tuple[ConditionPair, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Numbers, lists and text only, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class _Group:
    """The numbers (N,) of one condition's replicates, and their mean with its squared error and degrees of freedom."""

    values: Floats
    mean: float
    variance: float
    freedom: float


def compare_conditions(
    fits: Sequence[GrowthFit], conditions: Sequence[str], confidence: float = 0.95
) -> GrowthComparison:
    """Compare the growth of populations under different conditions.

    Parameters
    ----------
    fits
        One fit for each population.
    conditions
        The condition of each, in the same order. Conditions keep the order in which they first occur.
    confidence
        Of the intervals, a fraction.

    Raises
    ------
    DataError
        When lengths differ, or some fits are in hours and others in frames.

    Notes
    -----
    Populations whose fit has no growth rate with an interval are left out, and told.
    """
    if len(fits) != len(conditions):
        raise DataError(
            f"there are {len(conditions)} conditions for {len(fits)} populations", cure="name one condition for each"
        )
    units = {fit.time_unit for fit in fits}
    if len(units) > 1:
        raise DataError("the interval between frames is known for some populations only", cure="give it for all")
    notes, usable = [], [fit.growth_rate is not None and fit.rate_error is not None for fit in fits]
    for condition in dict.fromkeys(conditions):
        number = sum(not good for good, name in zip(usable, conditions, strict=True) if name == condition)
        if number:
            notes.append(f"{number} of the populations of '{condition}' left out: no growth rate with an interval.")
    grouped: dict[str, list[GrowthFit]] = {}
    for fit, condition, good in zip(fits, conditions, usable, strict=True):
        if good:
            grouped.setdefault(condition, []).append(fit)
    if len(grouped) < 2:
        notes.append("There are no two conditions to compare.")
    logarithmic = all(_positive(group) for group in grouped.values())
    if not logarithmic:
        notes.append("Not every population grows: growth rates are compared, not their logarithms.")
    groups = {condition: _group(group, logarithmic) for condition, group in grouped.items()}
    single = [condition for condition, group in groups.items() if len(group.values) == 1]
    if single and len(groups) > 1:
        notes.append(
            f"Without replicates ({', '.join(single)}), the Wald test tells only whether the populations differ, "
            "not whether the conditions do."
        )
    pairs = [_pair(first, second, groups, logarithmic, confidence) for first, second in combinations(groups, 2)]
    corrected = holm([pair.p for pair in pairs])
    return GrowthComparison(
        time_unit=next(iter(units), "hours"),
        confidence=confidence,
        conditions=tuple(_condition(name, group, logarithmic, confidence) for name, group in groups.items()),
        pairs=tuple(
            ConditionPair(**{**vars(pair), "p_corrected": float(p)}) for pair, p in zip(pairs, corrected, strict=True)
        ),
        notes=tuple(notes),
    )


def holm(p: ArrayLike) -> Floats:
    """P values (N,) of several tests, corrected after Holm.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(6).tolist()
    [0.03, 0.06, 0.06]
    >>> holm([]).tolist()
    []
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return corrected


def hedges_g(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> Estimate | None:
    """Difference of means in pooled standard deviations (Hedges 1981), above 0 where `second` is more.

    Corrected for few values. The interval is the one for large samples (Hedges & Olkin, Statistical Methods for
    Meta-Analysis, 1985, chapter 5).

    Returns
    -------
    Estimate or None
        None where either has fewer than 2 values, or none of them varies.

    Examples
    --------
    >>> round(hedges_g([1, 2, 3], [3, 4, 5]).value, 6)
    1.6
    >>> hedges_g([1], [2, 3]) is None
    True
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if min(len(first), len(second)) < 2:
        return None
    freedom = len(first) + len(second) - 2
    pooled = ((len(first) - 1) * first.var(ddof=1) + (len(second) - 1) * second.var(ddof=1)) / freedom
    if pooled <= 0:
        return None
    value = float((second.mean() - first.mean()) / np.sqrt(pooled) * (1 - 3 / (4 * freedom - 1)))
    total = len(first) + len(second)
    error = np.sqrt(total / (len(first) * len(second)) + value**2 / (2 * total))
    half = float(student.ppf((1 + confidence) / 2, np.inf) * error)
    return Estimate(value, value - half, value + half)


def _positive(fits: Sequence[GrowthFit]) -> bool:
    """Whether rates have logarithms that mean something: replicates' above 0, a single one's surely above 0."""
    rates = [fit.growth_rate for fit in fits if fit.growth_rate is not None]
    if len(rates) == 1:
        return rates[0].lower is not None and rates[0].lower > 0
    return all(rate.value > 0 for rate in rates)


def _group(fits: Sequence[GrowthFit], logarithmic: bool) -> _Group:
    rates = np.array([fit.growth_rate.value for fit in fits if fit.growth_rate is not None])
    values = np.log(rates) if logarithmic else rates
    if len(values) > 1:
        return _Group(values, float(values.mean()), float(values.var(ddof=1) / len(values)), len(values) - 1.0)
    error, freedom = fits[0].rate_error or (0.0, 1.0)
    return _Group(values, float(values[0]), float(error / (rates[0] if logarithmic else 1.0)) ** 2, freedom)


def _condition(name: str, group: _Group, logarithmic: bool, confidence: float) -> ConditionGrowth:
    half = float(student.ppf((1 + confidence) / 2, group.freedom) * np.sqrt(group.variance))
    ends = (group.mean, group.mean - half, group.mean + half)
    rate = Estimate(*(float(np.exp(end)) if logarithmic else end for end in ends))
    return ConditionGrowth(name, len(group.values), rate, doubling_time(rate))


def _pair(first: str, second: str, groups: dict[str, _Group], logarithmic: bool, confidence: float) -> ConditionPair:
    one, other = groups[first], groups[second]
    difference, variance = other.mean - one.mean, one.variance + other.variance
    replicated = min(len(one.values), len(other.values)) > 1
    if variance > 0:
        freedom = variance**2 / (one.variance**2 / one.freedom + other.variance**2 / other.freedom)
        statistic = difference / float(np.sqrt(variance))
    else:
        freedom = one.freedom + other.freedom
        statistic = float(np.copysign(np.inf, difference)) if difference else 0.0
    half = float(student.ppf((1 + confidence) / 2, freedom) * np.sqrt(variance))
    ratio = None
    if logarithmic:
        ratio = Estimate(*(float(np.exp(-end)) for end in (difference, difference + half, difference - half)))
    p = float(2 * student.sf(abs(statistic), freedom))
    return ConditionPair(
        first=first,
        second=second,
        test="Welch" if replicated else "Wald",
        compared="log growth rates" if logarithmic else "growth rates",
        statistic=statistic if np.isfinite(statistic) else None,
        degrees_of_freedom=float(freedom),
        p=p,
        p_corrected=p,
        doubling_time_ratio=ratio,
        hedges_g=hedges_g(one.values, other.values, confidence) if replicated else None,
    )
