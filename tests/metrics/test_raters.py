"""Agreement between raters: numbers worked out by hand, published ones, and scikit-learn's."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score

from cytally.metrics.raters import krippendorff_alpha, mean_interval, share_within, weighted_kappa

NONE = np.nan
FOUR_OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
    [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
]
"""The example with missing values in Krippendorff (2011)."""

SCORES = st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0])
TABLES = arrays(float, st.tuples(st.integers(2, 4), st.integers(1, 8)), elements=SCORES | st.just(NONE))


def test_weighted_kappa_by_hand() -> None:
    # 1-1, 1-2, 2-2, 3-1: disagreements 0, 1, 0, 4 are 5 in all, 1.25 on average. Each of 1, 1, 2, 3 against each of
    # 1, 2, 2, 1: 0+1+1+0 twice, 1+0+0+1, 4+1+1+4, 16 in all over 16 pairs: 1 on average. 1 - 1.25 / 1.
    assert weighted_kappa([1, 1, 2, 3], [1, 2, 2, 1]) == pytest.approx(-0.25)
    assert weighted_kappa([1.5, 2.5], [1.5, 2.5]) == 1.0
    assert weighted_kappa([1], [4]) == 0.0, "one thing cannot tell agreement from chance"


@given(st.lists(st.tuples(SCORES, SCORES), min_size=1, max_size=12))
def test_weighted_kappa_is_that_of_scikit_learn(pairs: list[tuple[float, float]]) -> None:
    first, second = np.array(pairs).T
    ours = weighted_kappa(first, second)
    if ours is None:
        assert len({*first, *second}) == 1
        return
    theirs = cohen_kappa_score(first.astype(int), second.astype(int), labels=[1, 2, 3, 4, 5], weights="quadratic")
    assert ours == pytest.approx(theirs, abs=1e-9)
    assert weighted_kappa(second, first) == pytest.approx(ours)


def test_nothing_to_compare_is_no_number() -> None:
    assert weighted_kappa([], []) is None and weighted_kappa([3, 3], [3, 3]) is None
    for alpha in (krippendorff_alpha([[1, 2, NONE]]), krippendorff_alpha([[4, 4], [4, 4]]), krippendorff_alpha([[]])):
        assert alpha is None
    assert share_within([[1, 2]]) is None and mean_interval([]) is None


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [([1, 2], [1], "as many"), ([[1]], [[1]], "as many"), ([1, np.inf], [1, 2], "finite"), ([NONE], [1], "finite")],
)
def test_scores_that_are_none(first: list[float], second: list[float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        weighted_kappa(first, second)


def test_tables_that_are_none() -> None:
    for wrong in ([1, 2, 3], [[[1]]]):
        with pytest.raises(ValueError, match="raters, things"):
            krippendorff_alpha(wrong)
    with pytest.raises(ValueError, match="infinite"):
        share_within([[1, np.inf]])


def test_krippendorff_alpha_as_published() -> None:
    assert krippendorff_alpha(FOUR_OBSERVERS, "ordinal") == pytest.approx(0.815, abs=5e-4)
    assert krippendorff_alpha(FOUR_OBSERVERS, "interval") == pytest.approx(0.849, abs=5e-4)


def test_krippendorff_alpha_by_hand() -> None:
    # Units (1, 1), (1, 2), (3, 3): o has 11: 2, 12 and 21: 1 each, 33: 2; n_c is 3, 1, 2 and n is 6.
    # Interval: D_o = 2 / 6. D_e = 2 (3·1·1 + 3·2·4 + 1·2·1) / 30 = 58 / 30.
    assert krippendorff_alpha([[1, 1, 3], [1, 2, 3]], "interval") == pytest.approx(1 - (2 / 6) / (58 / 30))
    # Ordinal: places 1.5, 3.5, 5, so squares 4 (1-2), 12.25 (1-3), 2.25 (2-3).
    # D_o = 8 / 6, D_e = 2 (3·4 + 6·12.25 + 2·2.25) / 30 = 6.
    assert krippendorff_alpha([[1, 1, 3], [1, 2, 3]]) == pytest.approx(1 - (8 / 6) / 6)


def slow_interval_alpha(table: np.ndarray) -> float | None:
    """From pairs of scores, without coincidences."""
    units = [unit[~np.isnan(unit)] for unit in table.T]
    units = [unit for unit in units if len(unit) >= 2]
    if not units:
        return None
    scores = np.concatenate(units)
    within = sum(sum((a - b) ** 2 for a, b in product(unit, unit)) / (len(unit) - 1) for unit in units) / len(scores)
    between = sum((a - b) ** 2 for a, b in product(scores, scores)) / (len(scores) * (len(scores) - 1))
    return None if between == 0 else float(1 - within / between)


@given(TABLES)
def test_krippendorff_alpha_is_that_of_all_pairs(table: np.ndarray) -> None:
    ours = krippendorff_alpha(table, "interval")
    assert ours == (None if slow_interval_alpha(table) is None else pytest.approx(slow_interval_alpha(table)))
    ordinal = krippendorff_alpha(table)
    assert (ordinal is None) == (ours is None)
    assert ordinal is None or ordinal <= 1 + 1e-12
    assert krippendorff_alpha(table[::-1, ::-1]) == (None if ordinal is None else pytest.approx(ordinal))
    assert krippendorff_alpha(np.exp(table)) == (None if ordinal is None else pytest.approx(ordinal)), "order alone"


@given(TABLES, st.integers(0, 4))
def test_share_within_is_that_of_all_pairs(table: np.ndarray, distance: int) -> None:
    pairs = [abs(a - b) for unit in table.T for a, b in combinations(unit, 2) if not np.isnan(a - b)]
    ours = share_within(table, distance)
    assert ours == (None if not pairs else pytest.approx(sum(pair <= distance for pair in pairs) / len(pairs)))


def test_mean_interval_by_hand() -> None:
    # Five values with mean 3 and s = sqrt(2.5); t for 4 degrees of freedom and 95 % is 2.776 in every table.
    lower, upper = mean_interval([1, 2, 3, 4, 5]) or (0, 0)
    assert lower == pytest.approx(3 - 2.776 * np.sqrt(2.5 / 5), abs=1e-3)
    assert upper == pytest.approx(3 + 2.776 * np.sqrt(2.5 / 5), abs=1e-3)
    assert mean_interval([4, 4, 4]) == (4.0, 4.0)
    narrow = mean_interval([1, 2, 3, 4, 5], 0.5) or (0, 0)
    assert lower < narrow[0] < narrow[1] < upper
