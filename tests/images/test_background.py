"""The background's level and spread, read off sorted values, are what masks and medians give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cytally.images.background import background, clean_spread, middle, places, quantile


def spread_plainly(values: NDArray[np.floating], level: float) -> float:
    sides = (level - values[values < level], values[values > level] - level)
    return min((1.4826 * float(np.median(side)) for side in sides if side.size > values.size // 20), default=0.0)


numbers = st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=60)


@given(numbers, st.booleans(), st.data())
def test_the_spread_is_the_median_of_a_side(given_values: list[float], single: bool, data: st.DataObject) -> None:
    values = np.sort(np.array(given_values, np.float32 if single else np.float64))
    level = data.draw(st.sampled_from([*values.tolist(), float(values.mean()), float(values.max()) + 1]))
    assert clean_spread(values, level) == spread_plainly(values, level)
    assert middle(values) == float(np.median(values))


@given(numbers, st.floats(0, 1))
def test_a_quantile_is_numpys(given_values: list[float], share: float) -> None:
    values = np.array(given_values, np.float64)
    assert quantile(values, share) == pytest.approx(float(np.quantile(values, share)), rel=1e-9, abs=1e-9)


@given(numbers, st.lists(st.floats(-2e6, 2e6), max_size=5))
def test_limits_are_told_apart_in_their_own_precision(given_values: list[float], limits: list[float]) -> None:
    values = np.sort(np.array(given_values, np.float32))
    near = [*limits, *(float(value) * (1 + 1e-12) for value in values[:3])]
    assert places(values, near).tolist() == [int((values.astype(float) < limit).sum()) for limit in near]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_noisy_background_with_cells(dtype: type) -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(10, 2, 20_000), rng.normal(60, 9, 4000)]).astype(dtype)
    level, spread = background(values)
    assert level == pytest.approx(10, abs=0.05) and spread == pytest.approx(2, abs=0.1)
    assert background(rng.permutation(values)) == (level, spread)
