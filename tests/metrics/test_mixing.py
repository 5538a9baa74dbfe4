"""How mixed two origins are."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.metrics.mixing import origin_auc

ORIGINS = np.repeat([False, True], 100)


def test_one_distribution_is_chance() -> None:
    latents = np.random.default_rng(0).normal(size=(200, 8))
    auc = origin_auc(latents, ORIGINS)
    assert auc is not None and abs(auc - 0.5) < 0.1


def test_two_apart_are_certain_whatever_their_scale() -> None:
    latents = np.random.default_rng(0).normal(size=(200, 8)) * np.geomspace(1e-6, 1e6, 8)
    latents[ORIGINS, 0] += 2e-5  # 20 standard deviations, in the smallest value of all
    assert origin_auc(latents, ORIGINS) == 1.0
    assert origin_auc(latents, ~ORIGINS) == 1.0, "which is called which does not matter"


def test_by_hand() -> None:
    """A single value, larger for drawn pictures but for one natural picture in five, which exceeds them all.

    Whatever the folds, a natural picture exceeds a drawn one in a fifth of all pairs: the classifier keeps the order.
    """
    latents = np.array([0.0, 0.0, 0.0, 0.0, 9.0] * 20 + [5.0] * 100)[:, None]
    natural = latents[:100, 0]
    expected = np.mean(natural < 5.0)
    assert origin_auc(latents, ORIGINS) == pytest.approx(expected) == pytest.approx(0.8)


def test_the_seed_decides() -> None:
    latents = np.random.default_rng(3).normal(size=(200, 8))
    assert origin_auc(latents, ORIGINS, 1) == origin_auc(latents, ORIGINS, 1) != origin_auc(latents, ORIGINS, 2)


@pytest.mark.parametrize(("natural", "drawn", "said"), [(10, 10, True), (9, 50, False), (50, 9, False), (50, 0, False)])
def test_few_of_one_origin_say_nothing(natural: int, drawn: int, said: bool) -> None:
    origins = [False] * natural + [True] * drawn
    auc = origin_auc(np.random.default_rng(0).normal(size=(len(origins), 3)), origins)
    assert (auc is not None) is said


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        origin_auc(np.zeros((3, 2)), [True, False])
    with pytest.raises(ValueError, match="not a finite"):
        origin_auc(np.full((20, 1), np.nan), [True, False] * 10)
    with pytest.raises(ValueError, match="3 origins"):
        origin_auc(np.zeros((3, 2)), [0, 1, 2])
