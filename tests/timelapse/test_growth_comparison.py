"""Conditions compared: against scipy, by hand, and where there is little to compare."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from cytally.errors import DataError
from cytally.timelapse.growth_comparison import compare_conditions, hedges_g, holm
from cytally.timelapse.growth_fit import GrowthOptions, fit_growth
from cytally.timelapse.growth_result import Estimate, GrowthFit

HOURS = np.arange(25.0)


def fitted(doubling: float, start: float = 200) -> GrowthFit:
    return fit_growth(HOURS * 60, start * 2 ** (HOURS / doubling), GrowthOptions(models=("exponential",)))


def with_rate(rate: float) -> GrowthFit:
    half = 0.005
    return replace(fitted(12), growth_rate=Estimate(rate, rate - half, rate + half), rate_error=(half / 2, 20.0))


def test_welch_on_log_rates() -> None:
    control, drug = [10.0, 11.0, 12.0], [18.0, 20.0, 24.0, 25.0]
    result = compare_conditions([fitted(d) for d in control + drug], ["control"] * 3 + ["drug"] * 4)
    pair = result.pairs[0]
    reference = stats.ttest_ind(-np.log(drug), -np.log(control), equal_var=False)
    assert (pair.first, pair.second, pair.test, pair.compared) == ("control", "drug", "Welch", "log growth rates")
    assert pair.statistic == pytest.approx(reference.statistic, rel=1e-5)
    assert pair.degrees_of_freedom == pytest.approx(reference.df, rel=1e-5)
    assert pair.p == pair.p_corrected == pytest.approx(reference.pvalue, rel=1e-4)
    ratio = np.exp(np.mean(np.log(drug)) - np.mean(np.log(control)))
    assert pair.doubling_time_ratio.value == pytest.approx(ratio, rel=1e-6)
    interval = reference.confidence_interval(0.95)
    assert pair.doubling_time_ratio.lower == pytest.approx(np.exp(-interval.high), rel=1e-5)
    assert pair.doubling_time_ratio.upper == pytest.approx(np.exp(-interval.low), rel=1e-5)
    assert pair.hedges_g.upper < 0  # the drug slows growth
    assert [row.n for row in result.conditions] == [3, 4] and result.notes == ()
    assert result.conditions[0].doubling_time.value == pytest.approx(stats.gmean(control), rel=1e-6)
    json.dumps(result.as_dict(), allow_nan=False)


def test_the_order_of_conditions_turns_signs_only() -> None:
    fits = [fitted(d) for d in (10, 11, 18, 21)]
    one = compare_conditions(fits, ["a", "a", "b", "b"]).pairs[0]
    other = compare_conditions(fits[2:] + fits[:2], ["b", "b", "a", "a"]).pairs[0]
    assert other.statistic == pytest.approx(-one.statistic) and other.p == pytest.approx(one.p)
    assert other.doubling_time_ratio.value == pytest.approx(1 / one.doubling_time_ratio.value)
    assert other.hedges_g.value == pytest.approx(-one.hedges_g.value)


def test_without_replicates_the_populations_are_compared_and_it_is_told() -> None:
    result = compare_conditions([with_rate(0.05), with_rate(0.06)], ["a", "b"])
    pair = result.pairs[0]
    assert pair.test == "Wald" and pair.hedges_g is None
    errors = np.array([0.0025 / 0.05, 0.0025 / 0.06])
    assert pair.statistic == pytest.approx(np.log(0.06 / 0.05) / np.sqrt((errors**2).sum()))
    assert pair.doubling_time_ratio.value == pytest.approx(0.05 / 0.06)
    assert "Without replicates (a, b)" in result.notes[-1]


def test_rates_that_are_not_above_zero_have_no_logarithm() -> None:
    result = compare_conditions([with_rate(r) for r in (0.05, 0.06, -0.02, -0.03)], ["a", "a", "b", "b"])
    pair = result.pairs[0]
    assert pair.compared == "growth rates" and pair.doubling_time_ratio is None
    assert pair.statistic == pytest.approx(stats.ttest_ind([-0.02, -0.03], [0.05, 0.06], equal_var=False).statistic)
    assert result.conditions[1].doubling_time is None and "Not every population grows" in result.notes[0]


def test_replicates_that_do_not_vary() -> None:
    same = compare_conditions([with_rate(0.05)] * 4, ["a", "a", "b", "b"]).pairs[0]
    assert same.p == 1 and same.hedges_g is None
    apart = compare_conditions([with_rate(0.05)] * 2 + [with_rate(0.06)] * 2, ["a", "a", "b", "b"])
    assert apart.pairs[0].p == 0 and apart.pairs[0].statistic is None
    json.dumps(apart.as_dict(), allow_nan=False)


def test_populations_without_a_rate_are_left_out_and_told() -> None:
    empty = fit_growth([0, 20], [0, 0])
    result = compare_conditions([with_rate(0.05), empty], ["a", "b"])
    assert result.pairs == () and [row.condition for row in result.conditions] == ["a"]
    assert "1 of the populations of 'b' left out" in result.notes[0] and "no two conditions" in result.notes[1]
    assert compare_conditions([], []).conditions == ()


def test_three_conditions_are_corrected_after_holm() -> None:
    rates = (0.050, 0.052, 0.055, 0.054, 0.08, 0.083)
    result = compare_conditions([with_rate(r) for r in rates], ["a", "a", "b", "b", "c", "c"])
    assert len(result.pairs) == 3
    assert [pair.p_corrected for pair in result.pairs] == pytest.approx(holm([pair.p for pair in result.pairs]))
    assert all(pair.p_corrected >= pair.p for pair in result.pairs)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.02, 0.03, 0.9]) == pytest.approx([0.04, 0.06, 0.06, 0.9])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])


def test_hedges_by_hand() -> None:
    g = hedges_g([1, 2, 3, 4], [3, 4, 5, 6])
    assert g.value == pytest.approx(2 / np.sqrt(5 / 3) * (1 - 3 / 23))
    assert g.upper - g.value == pytest.approx(1.959964 * np.sqrt(0.5 + g.value**2 / 16))


def test_what_cannot_be_compared() -> None:
    with pytest.raises(DataError, match="1 conditions for 2 populations"):
        compare_conditions([with_rate(0.05)] * 2, ["a"])
    frames = fit_growth(None, 200 * 2 ** (HOURS / 12), GrowthOptions(models=("exponential",)))
    with pytest.raises(DataError, match="interval between frames"):
        compare_conditions([fitted(12), frames], ["a", "b"])
