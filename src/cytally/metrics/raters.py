"""How well raters agree who scored the same things: numbers of agreement, each with its formula.

A number that its formula leaves undefined (nothing scored by two raters, all scores alike) is None, never NaN.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Level = Literal["ordinal", "interval"]
"""What a score is taken for: a rank in an order, or a number on a ruler."""


def weighted_kappa(first: ArrayLike, second: ArrayLike) -> float | None:
    """Cohen's kappa of two raters with quadratic weights.

    ``1 - sum_ij v_ij o_ij / sum_ij v_ij e_ij``, where o_ij is the share of things that the first rater scored i and the
    second j, e_ij that share if the two scored independently of each other, and ``v_ij = (i - j)^2`` the disagreement.
    So a disagreement by two points weighs as much as four by one point. 1 is perfect agreement, 0 what chance gives,
    below 0 worse than chance.

    Parameters
    ----------
    first, second
        Scores (N,) of the same N things. They need not be whole.

    Returns
    -------
    float or None
        None where nothing is scored, or both gave one and the same score throughout: chance would agree as well.

    Raises
    ------
    ValueError
        When the two differ in shape or hold anything but finite numbers.

    References
    ----------
    Cohen (1968), Weighted kappa, Psychological Bulletin 70, 213-220.

    Examples
    --------
    >>> weighted_kappa([1, 2, 3], [1, 2, 3]), weighted_kappa([1, 2], [2, 1])
    (1.0, -1.0)
    >>> weighted_kappa([4, 4], [4, 4]) is None
    True
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"two raters need as many scores (N,) each, not {first.shape} and {second.shape}")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("a score is not a finite number")
    if not first.size:
        return None
    # The mean of (i - j)^2 over all pairs of a score of the first with one of the second.
    expected = first.var() + second.var() + (first.mean() - second.mean()) ** 2
    if expected == 0:
        return None
    return float(1 - np.mean((first - second) ** 2) / expected)


def krippendorff_alpha(scores: ArrayLike, level: Level = "ordinal") -> float | None:
    """Krippendorff's alpha, ``1 - D_o / D_e``: agreement of any number of raters, where scores may be missing.

    From the coincidences ``o_ck = sum_u (pairs of scores c and k of thing u) / (m_u - 1)``, m_u being how many raters
    scored u, with ``n_c = sum_k o_ck`` and ``n = sum_c n_c``:
    ``D_o = sum_ck o_ck d_ck^2 / n`` and ``D_e = sum_ck n_c n_k d_ck^2 / (n (n - 1))``.
    The difference d_ck is ``c - k`` for scores on an interval scale; for ordinal ones it is how many scores lie between
    the two, ``sum_(g=c)^k n_g - (n_c + n_k) / 2``. 1 is perfect agreement, 0 what chance gives.

    Parameters
    ----------
    scores
        (R, U): one row per rater, one column per thing; NaN where a rater gave no score. A thing with fewer than two
        scores says nothing about agreement, and is left out.
    level
        What scores are taken for.

    Returns
    -------
    float or None
        None where no thing has two scores, or all those scores are the same.

    Raises
    ------
    ValueError
        When `scores` is no table, or a score is infinite.

    References
    ----------
    Krippendorff (2011), Computing Krippendorff's alpha-reliability, University of Pennsylvania.

    Examples
    --------
    >>> krippendorff_alpha([[1, 2, 3, np.nan], [1, 2, 3, 4]])
    1.0
    >>> krippendorff_alpha([[1, np.nan], [np.nan, 2]]) is None
    True
    """
    table = _table(scores)
    table = table[:, (~np.isnan(table)).sum(axis=0) >= 2]
    values = np.unique(table[~np.isnan(table)])
    if len(values) < 2:
        return None
    found = (table[:, :, None] == values).sum(axis=0).astype(np.float64)  # (U, values): how many raters gave each
    raters = found.sum(axis=1)
    # A score makes a pair with every other one of the same thing, and none with itself.
    coincidences = (found / (raters - 1)[:, None]).T @ found - np.diag((found / (raters - 1)[:, None]).sum(axis=0))
    totals = coincidences.sum(axis=1)
    # Seen from halfway through each value's own scores, the ordinal difference is one of places in the line.
    places = values if level == "interval" else np.cumsum(totals) - totals / 2
    squares = np.subtract.outer(places, places) ** 2
    number = totals.sum()
    observed = (coincidences * squares).sum() / number
    expected = (np.outer(totals, totals) * squares).sum() / (number * (number - 1))
    return float(1 - observed / expected)


def share_within(scores: ArrayLike, distance: float = 1.0) -> float | None:
    """Share of pairs of raters, over all things, whose scores differ by `distance` at most.

    Parameters
    ----------
    scores
        (R, U), NaN where a rater gave no score, as `krippendorff_alpha`.
    distance
        In points of the scale; 0 asks for equal scores.

    Returns
    -------
    float or None
        A fraction; None where no thing has two scores.

    Examples
    --------
    The three raters of the first thing make three pairs, 1 and 3 being too far apart; the second thing adds one.

    >>> share_within([[1, 5], [2, 5], [3, np.nan]])
    0.75
    """
    table = _table(scores)
    first, second = np.triu_indices(len(table), k=1)
    differences = np.abs(table[first] - table[second])
    differences = differences[~np.isnan(differences)]
    return float((differences <= distance).mean()) if differences.size else None


def mean_interval(values: ArrayLike, coverage: float = 0.95) -> tuple[float, float] | None:
    """Student's interval for the mean, ``mean ± t s / sqrt(N)``, with s the standard deviation (N - 1).

    Parameters
    ----------
    values
        Independent values (N,), each of another thing.
    coverage
        How often such intervals hold the mean of all things that these were taken from, between 0 and 1.

    Returns
    -------
    tuple or None
        Lower and upper bound; None for fewer than two values.

    References
    ----------
    Student (1908), The probable error of a mean, Biometrika 6, 1-25.

    Examples
    --------
    With two values the t for 95 % is 12.7, and s / sqrt(2) of 3 and 5 is 1.

    >>> lower, upper = mean_interval([3, 5])
    >>> round(lower, 1), round(upper, 1), mean_interval([3]) is None
    (-8.7, 16.7, True)
    """
    values = np.asarray(values, np.float64)
    if values.size < 2:
        return None
    from scipy.stats import t  # its import takes a while, which other commands need not wait for

    reach = float(t.ppf((1 + coverage) / 2, values.size - 1)) * float(values.std(ddof=1)) / np.sqrt(values.size)
    return float(values.mean() - reach), float(values.mean() + reach)


def _table(scores: ArrayLike) -> NDArray[np.float64]:
    table: NDArray[Any] = np.asarray(scores, np.float64)
    if table.ndim != 2:
        raise ValueError(f"scores need the shape (raters, things), not {table.shape}")
    if np.isinf(table).any():
        raise ValueError("a score is infinite")
    return table
