"""Rates turned into times, and a fit without anything fitted."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.timelapse.growth_result import Estimate, GrowthFit, doubling_time, half_life


def test_a_rate_and_its_doubling_time() -> None:
    assert doubling_time(Estimate(np.log(2), np.log(2) / 2, np.log(2) * 2)) == Estimate(1.0, 0.5, 2.0)
    assert doubling_time(Estimate(0.0)) is None and half_life(Estimate(0.0)) is None
    assert doubling_time(Estimate(-1.0, -2.0, -0.5)) is None
    assert half_life(Estimate(-np.log(2), -np.log(2) * 2, 0.1)) == Estimate(1.0, 0.5, None)


def test_nothing_fitted() -> None:
    fit = GrowthFit(None, False, "hours", 0.95, 0, 0)
    assert np.isnan(fit.curve([0, 1]).expected).all()
    content = fit.as_dict()
    assert content["growth_rate"] is None and content["growth_rate_interval"] is None and content["notes"] == []


def test_a_curve_of_no_cells_is_zero() -> None:
    assert GrowthFit("constant", False, "hours", 0.95, 3, 0).curve([0, 1]).expected == pytest.approx([0, 0])
