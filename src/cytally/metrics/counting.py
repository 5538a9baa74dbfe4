"""How far counted cells are from true ones: one number per formula, over images.

Throughout, `t` is the true and `p` the predicted count of an image, and `n` is the number of images. A number that its
formula leaves undefined (no image, no image with a cell) is None, never NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Counts = NDArray[np.float64]


def mean_absolute_error(true: ArrayLike, predicted: ArrayLike) -> float | None:
    """Mean absolute error, ``1/n sum |p - t|``, in cells per image.

    Parameters
    ----------
    true, predicted
        Counts (N,), one per image. Predicted counts need not be whole.

    Raises
    ------
    ValueError
        When the two differ in shape, hold anything but finite numbers, or a true count is negative.

    Examples
    --------
    >>> mean_absolute_error([10, 20], [12, 19])
    1.5
    >>> mean_absolute_error([], []) is None
    True
    """
    true, predicted = _counts(true, predicted)
    return _mean(np.abs(predicted - true))


def root_mean_squared_error(true: ArrayLike, predicted: ArrayLike) -> float | None:
    """Root mean squared error, ``sqrt(1/n sum (p - t)^2)``, in cells per image; arguments as `mean_absolute_error`.

    Examples
    --------
    >>> root_mean_squared_error([10, 20], [17, 21])
    5.0
    """
    true, predicted = _counts(true, predicted)
    mean = _mean((predicted - true) ** 2)
    return None if mean is None else float(np.sqrt(mean))


def bias(true: ArrayLike, predicted: ArrayLike) -> float | None:
    """Mean error, ``1/n sum (p - t)``, in cells per image: positive where too many are counted.

    Examples
    --------
    >>> bias([10, 20], [12, 19])
    0.5
    """
    true, predicted = _counts(true, predicted)
    return _mean(predicted - true)


def mean_relative_error(true: ArrayLike, predicted: ArrayLike) -> float | None:
    """Mean relative error over the images that hold cells, ``mean of |p - t| / t where t > 0``, a fraction.

    Examples
    --------
    >>> mean_relative_error([10, 0], [12, 5])
    0.2
    >>> mean_relative_error([0], [5]) is None
    True
    """
    true, predicted = _counts(true, predicted)
    holds = true > 0
    return _mean(np.abs(predicted - true)[holds] / true[holds])


def accuracy(true: ArrayLike, predicted: ArrayLike) -> float | None:
    """Share of images whose rounded count is exact, ``1/n sum [round(p) = t]``.

    A half is rounded away from zero, as by hand, and not to the even neighbour as Python's `round` does.

    Examples
    --------
    >>> accuracy([3, 3, 3, 0], [2.5, 3.49, 3.5, -0.4])
    0.75
    """
    true, predicted = _counts(true, predicted)
    return _mean(round_count(predicted) == true)


def average_relative_error(true: ArrayLike, predicted: ArrayLike) -> float | None:
    """Average relative error of Lazard et al. (2022): ``1/n sum r``, a fraction.

    ``r = |p - t| / t`` for an image with cells; for one without, r is 1 if any cell was counted (its count rounds to 1
    or more), else 0.

    Examples
    --------
    >>> average_relative_error([10, 0, 0, 0], [12, 7, 0.4, 0.5])
    0.55
    """
    true, predicted = _counts(true, predicted)
    holds = true > 0
    error = (round_count(predicted) >= 1).astype(np.float64)
    error[holds] = np.abs(predicted - true)[holds] / true[holds]
    return _mean(error)


def total_relative_error(true: ArrayLike, predicted: ArrayLike) -> float | None:
    """Total relative error of Lazard et al. (2022): ``sum |p - t| / sum t``, a fraction; None without any cell.

    Examples
    --------
    >>> total_relative_error([10, 0], [12, 1])
    0.3
    >>> total_relative_error([0, 0], [0, 1]) is None
    True
    """
    true, predicted = _counts(true, predicted)
    total = true.sum()
    return float(np.abs(predicted - true).sum() / total) if total > 0 else None


def coverage(true: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> float | None:
    """Share of true counts within their interval, ``1/n sum [lower <= t <= upper]``, bounds included.

    Parameters
    ----------
    true
        Counts (N,).
    lower, upper
        Bounds (N,); they may be infinite.

    Raises
    ------
    ValueError
        When shapes differ or a bound is NaN.

    Examples
    --------
    >>> coverage([10, 20], [10, 21], [12, 30])
    0.5
    """
    true, _ = _counts(true, true)
    low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    if not true.shape == low.shape == high.shape:
        raise ValueError(f"true counts have shape {true.shape}, lower bounds {low.shape}, upper bounds {high.shape}")
    if np.isnan(low).any() or np.isnan(high).any():
        raise ValueError("a bound is NaN")
    return _mean((low <= true) & (true <= high))


def counting_metrics(
    true: ArrayLike, predicted: ArrayLike, lower: ArrayLike | None = None, upper: ArrayLike | None = None
) -> dict[str, float]:
    """All of the above, as the block `counting` of metrics.json; what is undefined is left out.

    Parameters
    ----------
    true, predicted
        Counts (N,), one per image.
    lower, upper
        Bounds (N,) of the true count, both or neither; without them `coverage` is left out.

    Raises
    ------
    ValueError
        When shapes differ, a count is not finite, a true count is negative, or only one bound is given.

    Examples
    --------
    >>> counting_metrics([0], [0.2])  # an empty image: nothing to be relative to
    {'n': 1.0, 'mae': 0.2, 'rmse': 0.2, 'bias': 0.2, 'accuracy': 1.0, 'average_relative_error': 0.0}
    >>> counting_metrics([], [])
    {'n': 0.0}
    """
    if (lower is None) != (upper is None):
        raise ValueError("lower and upper bounds come together: one of them is missing")
    true, predicted = _counts(true, predicted)
    values = {
        "n": float(true.size),
        "mae": mean_absolute_error(true, predicted),
        "rmse": root_mean_squared_error(true, predicted),
        "bias": bias(true, predicted),
        "mre": mean_relative_error(true, predicted),
        "accuracy": accuracy(true, predicted),
        "average_relative_error": average_relative_error(true, predicted),
        "total_relative_error": total_relative_error(true, predicted),
        "coverage": None if lower is None or upper is None else coverage(true, lower, upper),
    }
    return {name: value for name, value in values.items() if value is not None}


def round_count(count: ArrayLike) -> Counts:
    """Round to whole cells, a half away from zero.

    Examples
    --------
    >>> round_count([0.5, 2.5, -0.5, 0.49999999999999994])
    array([ 1.,  3., -1.,  0.])
    """
    count = np.asarray(count, dtype=np.float64)
    whole = np.trunc(count)
    return np.asarray(whole + np.where(np.abs(count - whole) >= 0.5, np.sign(count), 0.0))


def _counts(true: ArrayLike, predicted: ArrayLike) -> tuple[Counts, Counts]:
    true, predicted = np.asarray(true, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if true.shape != predicted.shape or true.ndim != 1:
        raise ValueError(
            f"true counts have shape {true.shape}, predicted counts {predicted.shape}: both must be the same (N,)"
        )
    if not (np.isfinite(true).all() and np.isfinite(predicted).all()):
        raise ValueError("a count is not a finite number")
    if (true < 0).any():
        raise ValueError(f"a true count is negative: {true.min():g}")
    return true, predicted


def _mean(values: NDArray[np.float64] | NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if values.size else None
