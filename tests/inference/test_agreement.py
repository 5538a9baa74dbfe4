"""What counts as agreement between two back ends."""

import numpy as np
import pytest

from cytally.inference.agreement import Trial, agreement


def total(output: np.ndarray) -> float:
    return float(output.sum())


@pytest.mark.parametrize(
    ("found", "holds"),
    [
        ([0.9] * 995 + [0.9] * 5, True),
        ([0.9] * 995 + [0.1] * 5, True),
        ([0.9] * 985 + [0.1] * 15, False),  # Dice 0.9924
        ([0.906] * 1000, False),  # the same mask, a sum that is 0.7 % larger
        ([np.nan] * 1000, False),
    ],
)
def test_what_counts_as_agreement(found, holds):
    assert agreement(np.full(1000, 0.9, np.float32), np.array(found, np.float32)).holds is holds


@pytest.mark.parametrize(
    ("expected", "found", "told"),
    [
        ([100.0, 10.0], [100.4, 10.0], None),  # 0.36 % together, 0.4 % of the one
        ([100.0, 10.0], [100.6, 10.0], "100.60 instead of 100.00"),
        ([100.0, 10.0], [100.0, 10.29], None),  # less than 0.3 cells
        ([100.0, 1.0], [100.0, 1.31], "1.31 instead of 1.00"),
        ([100.0, 100.0, 100.0], [100.45, 100.45, 100.45], None),
        ([10.0] * 10, [10.06] * 10, "counts 0.60% apart"),  # 0.06 cells each, but all of them to the same side
        ([0.0, 0.0], [0.2, 0.0], None),
        ([0.0, 0.0], [0.2, 0.4], "0.40 instead of 0.00"),
        ([5.0], [float("nan")], "nan"),
    ],
)
def test_counts(expected, found, told):
    compared = Trial((), count=total).compare([np.array([each]) for each in expected], [np.array([f]) for f in found])
    assert compared.holds is (told is None)
    assert told is None or told in str(compared)


def test_masks_are_compared_all_together():
    ones, zeros = np.ones((1, 10, 10), np.float32), np.zeros((1, 10, 10), np.float32)
    spot = zeros.copy()
    spot[0, 0, 0] = 1
    trial = Trial(())
    assert trial.compare([ones, zeros], [ones, zeros]).holds
    assert trial.compare([ones, zeros], [ones, spot]).dice == pytest.approx(200 / 201, abs=1e-6)
    assert not trial.compare([ones, ones], [ones, zeros]).holds
    assert not trial.compare([ones], [np.full_like(ones, np.nan)]).holds
