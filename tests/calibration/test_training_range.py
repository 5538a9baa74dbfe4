"""The range of training images, and the flags on what lies outside."""

import numpy as np
import pytest
from pydantic import ValidationError

from cytally.calibration import training_range
from cytally.calibration.likeness import Likeness, shrunk_covariance
from cytally.calibration.measures import measure
from cytally.calibration.training_range import FEWEST, Ends, TrainingRange
from cytally.calibration.unusual import unusual_flags

DIAMETER = 12.0


def training(discs, number: int = 30) -> list:
    """Measures of fields of discs that differ in noise, sharpness and a little in size."""
    rng = np.random.default_rng(1)
    pictures = [
        discs(rng.uniform(11, 13), noise=rng.uniform(0.01, 0.05), blur=rng.uniform(0.6, 1), seed=seed)
        for seed in range(number)
    ]
    return [measure(each[None], DIAMETER, 20.0) for each in pictures]


@pytest.fixture(scope="module")
def usual(discs) -> TrainingRange:
    found = TrainingRange.of(training(discs))
    assert found is not None
    return found


def flags(usual: TrainingRange, picture: np.ndarray, count: float = 20.0) -> set[str]:
    return set(unusual_flags(usual, picture[None], DIAMETER, count))


def test_training_images_lie_within(discs, usual: TrainingRange) -> None:
    assert all(max(usual.scores(each).values()) <= 1 for each in training(discs))


def test_like_images_get_no_flag(discs, usual: TrainingRange) -> None:
    assert flags(usual, discs(12, noise=0.03, blur=0.8, seed=99)) == set()


def test_each_flag_where_it_belongs(discs, usual: TrainingRange) -> None:
    assert "out-of-focus" in flags(usual, discs(blur=3))
    assert "too-dim" in flags(usual, discs(noise=0.3))
    assert "cell-size" in flags(usual, discs(30))
    assert flags(usual, discs(12, noise=0.03, blur=0.8, seed=99), count=500.0) == {"crowded"}
    assert "unlike-training" in flags(usual, -discs())
    assert "unlike-training" in flags(usual, discs() - discs(blur=4))


def test_noise_without_cells_is_empty_and_nothing_else(discs, usual: TrainingRange) -> None:
    noise = np.random.default_rng(0).normal(0, 1 / 12, (200, 200)).astype(np.float32)
    assert flags(usual, noise, count=0.2) == {"empty"}
    assert "empty" not in flags(usual, discs(), count=0.2)


def test_without_a_range_there_are_no_flags(discs) -> None:
    assert unusual_flags(None, -discs()[None], DIAMETER, 0.0) == ()
    assert TrainingRange.of(training(discs, FEWEST - 1)) is None
    assert TrainingRange.of([measure(np.zeros((1, 50, 50), np.float32), DIAMETER, 0.0)] * 20) is None


def test_it_comes_back_from_json_and_refuses_what_it_does_not_know(discs, usual: TrainingRange) -> None:
    again = TrainingRange.model_validate_json(usual.model_dump_json())
    assert again == usual
    found = training(discs, 1)[0]
    assert again.scores(found) == usual.scores(found)
    with pytest.raises(ValidationError):
        TrainingRange.model_validate(usual.model_dump() | {"more": 1})


def test_another_number_of_channels_has_no_distance(discs, usual: TrainingRange) -> None:
    assert "unlike-training" not in usual.scores(measure(np.stack([discs(), discs()]), DIAMETER))


def test_ends_by_hand() -> None:
    ends = Ends(low=1, middle=2, high=4)
    assert (ends.below(1), ends.below(2), ends.above(4), ends.above(3)) == (1, 0, 1, 0.5)


def test_shrinkage_by_hand() -> None:
    # Of (±1, 0) the covariance is diag(1, 0), its mean ½; all of its error is 0, so that the least share is taken.
    found = shrunk_covariance(np.array([[1.0, 0.0], [-1.0, 0.0]]))
    assert found == pytest.approx(np.diag([0.9995, 0.0005]))


def test_of_few_noisy_vectors_the_covariance_is_nearly_round() -> None:
    vectors = np.random.default_rng(0).normal(size=(6, 20))
    values = np.linalg.eigvalsh(shrunk_covariance(vectors))
    assert values.min() > 0.3 and values.max() < 3


def test_distance_is_to_the_third_nearest() -> None:
    line = np.array([[0.0], [1.0], [2.0], [3.0], [10.0]])
    likeness = Likeness(line)
    unit = likeness.distance(np.array([-1.0])) / 3
    assert likeness.distance(np.array([-2.0])) == pytest.approx(4 * unit)
    assert likeness.own_distances() == pytest.approx(np.array([3, 2, 2, 3, 9]) * unit)


@pytest.mark.parametrize("number", [8, 20])
def test_ordinary_images_are_seldom_flagged_by_a_range_of_few(discs, number: int) -> None:
    rng, flagged = np.random.default_rng(number), []
    measured = training(discs, 60)
    for _ in range(20):
        order = rng.permutation(60)
        found = TrainingRange.of([measured[place] for place in order[:number]])
        assert found is not None
        flagged += [max(found.scores(measured[place]).values()) > 1 for place in order[number:]]
    assert 0 < np.mean(flagged) < 0.1


def test_the_ends_of_few_are_students_bounds_where_these_lie_further_out() -> None:
    values = [1.0, 2.0, 3.0, 4.0]
    ends = training_range._ends(values)
    # t of 3 degrees of freedom at 0.998: 8.0526; standard deviation 1.29099, times the root of 5/4
    assert ends.high == pytest.approx(2.5 + 8.0526 * 1.29099 * 1.25**0.5, abs=1e-3)
    assert ends.low == pytest.approx(5.0 - ends.high, abs=1e-3) and ends.middle == 2.5
    many = training_range._ends(values * 25)
    assert many.high == pytest.approx(4 + 3 * 0.07, abs=1e-3)  # the margins alone


def test_distances_apart_are_those_of_new_images() -> None:
    vectors = np.random.default_rng(0).normal(size=(12, 3))
    apart = Likeness.apart(vectors)
    assert apart[4] == Likeness(np.delete(vectors, 4, 0)).distance(vectors[4])
    assert apart.mean() > Likeness(vectors).own_distances().mean()
