"""Shares of variation, against functions whose shares are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.tasks.functional_anova import total_effects


def places(count: int, width: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, (count, width))


@pytest.mark.parametrize("seed", range(3))
def test_a_sum_has_the_shares_of_its_variances(seed: int) -> None:
    """For uniform x the variance of 3x - 3, y and 0 are 9/12, 1/12 and 0."""
    x = places(25, seed=seed)
    shares = total_effects(x, 3 * x[:, 0] + x[:, 1] - 3)
    assert shares.sum() == pytest.approx(1) and shares == pytest.approx([0.9, 0.1, 0.0], abs=0.03)


@pytest.mark.parametrize("seed", range(3))
def test_few_and_noisy_trials_some_of_which_exploded(seed: int) -> None:
    x = places(12, seed=seed)
    losses = 2 + 4 * (x[:, 1] - 0.4) ** 2 + np.random.default_rng(seed).normal(0, 0.02, 12)
    losses[x[:, 1] > 0.85] *= 1000
    assert total_effects(x, losses)[1] > 0.9


def test_an_interaction_counts_for_both() -> None:
    x = places(40)
    shares = total_effects(x, (x[:, 0] - 0.5) * (x[:, 1] - 0.5))
    assert shares == pytest.approx([0.5, 0.5, 0.0], abs=0.05)


def test_nothing_is_said_where_nothing_varies() -> None:
    assert np.isnan(total_effects(places(8), np.ones(8))).all()
    assert np.isnan(total_effects(places(1), [2.0])).all()
