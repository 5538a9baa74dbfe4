import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.metrics.counting import (
    accuracy,
    average_relative_error,
    bias,
    counting_metrics,
    coverage,
    mean_absolute_error,
    mean_relative_error,
    root_mean_squared_error,
    round_count,
    total_relative_error,
)

KEYS = [
    "n",
    "mae",
    "rmse",
    "bias",
    "mre",
    "accuracy",
    "average_relative_error",
    "total_relative_error",
    "coverage",
]

pairs = st.lists(
    st.tuples(st.integers(0, 1000), st.floats(-10, 2000, allow_nan=False, allow_subnormal=False)),
    min_size=1,
    max_size=20,
)


def test_worked_by_hand() -> None:
    # errors: +2, -4, 0, +3; relative: 0.2, 0.2, -, -; the third and fourth images are empty
    true, predicted = [10, 20, 0, 0], [12.0, 16.0, 0.0, 3.0]
    lower, upper = [8, 15, 0, 1], [12, 19, 1, 4]
    metrics = counting_metrics(true, predicted, lower, upper)
    assert list(metrics) == KEYS
    assert metrics["n"] == 4
    assert metrics["mae"] == pytest.approx(9 / 4)
    assert metrics["rmse"] == pytest.approx(math.sqrt(29 / 4))
    assert metrics["bias"] == pytest.approx(1 / 4)
    assert metrics["mre"] == pytest.approx(0.2)
    assert metrics["accuracy"] == pytest.approx(1 / 4)
    assert metrics["average_relative_error"] == pytest.approx((0.2 + 0.2 + 0 + 1) / 4)
    assert metrics["total_relative_error"] == pytest.approx(9 / 30)
    assert metrics["coverage"] == pytest.approx(2 / 4)


def test_an_empty_image_is_wrong_only_once_a_whole_cell_is_counted() -> None:
    assert average_relative_error([0, 0, 0], [0.49, 0.5, 200]) == pytest.approx(2 / 3)
    assert average_relative_error([0], [-3]) == 0


def test_undefined_keys_are_left_out() -> None:
    assert list(counting_metrics([0, 0], [0, 1])) == ["n", "mae", "rmse", "bias", "accuracy", "average_relative_error"]
    assert "coverage" not in counting_metrics([1], [1])
    assert counting_metrics([], [], [], []) == {"n": 0.0}


def test_every_value_is_a_plain_float() -> None:
    assert {type(value) for value in counting_metrics([3, 4], [3, 5], [1, 1], [9, 9]).values()} == {float}


def test_halves_round_away_from_zero() -> None:
    assert round_count([0.5, 1.5, 2.5, -1.5, 2.4999, 1e15 + 0.5]).tolist() == [1, 2, 3, -2, 2, 1e15 + 1]
    assert accuracy([3], [2.5]) == 1
    assert accuracy([2], [2.5]) == 0


def test_coverage_counts_the_bounds_themselves_and_takes_infinite_ones() -> None:
    assert coverage([1, 1, 1], [1, 0, -np.inf], [2, 1, np.inf]) == 1


def test_differing_shapes_are_quoted() -> None:
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        mean_absolute_error([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match=r"\(1, 2\)"):
        counting_metrics([[1, 2]], [[1, 2]])
    with pytest.raises(ValueError, match=r"\(2,\).*\(1,\)"):
        counting_metrics([1, 2], [1, 2], [1], [1])


@pytest.mark.parametrize(
    ("true", "predicted", "message"),
    [([1], [np.nan], "finite"), ([np.inf], [1], "finite"), ([-1], [1], "negative: -1")],
)
def test_impossible_counts_are_refused(true: list[float], predicted: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        counting_metrics(true, predicted)


def test_half_an_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="come together"):
        counting_metrics([1], [1], lower=[0])
    with pytest.raises(ValueError, match="NaN"):
        counting_metrics([1], [1], lower=[np.nan], upper=[1])


@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_images_does_not_matter(images, random) -> None:
    shuffled = random.sample(images, len(images))
    one = counting_metrics(*zip(*images, strict=True))
    other = counting_metrics(*zip(*shuffled, strict=True))
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert other[key] == pytest.approx(value, rel=1e-9, abs=1e-9)


@given(pairs)
def test_mean_errors_are_ordered(images) -> None:
    true, predicted = zip(*images, strict=True)
    mae, rmse, mean = (f(true, predicted) for f in (mean_absolute_error, root_mean_squared_error, bias))
    assert abs(mean) <= mae * (1 + 1e-12)
    assert mae <= rmse * (1 + 1e-12) + 1e-100


@given(pairs, st.sampled_from([2, 4, 0.5]))
def test_scaling_both_counts_scales_absolute_and_keeps_relative_errors(images, factor) -> None:
    true, predicted = (np.array(side, float) for side in zip(*images, strict=True))
    for absolute in (mean_absolute_error, root_mean_squared_error, bias):
        assert absolute(true * factor, predicted * factor) == pytest.approx(absolute(true, predicted) * factor)
    for relative in (mean_relative_error, total_relative_error):
        assert relative(true * factor, predicted * factor) == pytest.approx(relative(true, predicted))


@given(pairs)
def test_a_perfect_count_has_no_error(images) -> None:
    true = [t for t, _ in images]
    metrics = counting_metrics(true, true, true, true)
    perfect = dict.fromkeys(KEYS, 0.0) | {"n": len(true), "accuracy": 1.0, "coverage": 1.0}
    assert metrics == {key: perfect[key] for key in metrics}
