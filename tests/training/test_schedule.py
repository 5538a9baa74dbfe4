import math

import pytest

from cytally.training.config import TrainingConfig
from cytally.training.schedule import learning_rate, progress


@pytest.mark.parametrize(
    ("limits", "minutes", "done"),
    [
        ({}, None, 0.0),
        ({"steps": 40}, None, 0.25),
        ({"epochs": 4}, None, 0.75),
        ({}, 2.0, 0.5),
        ({"steps": 40, "epochs": 4}, 2.0, 0.75),
        ({"steps": 5}, None, 1.0),
        ({}, 0.0, 1.0),
    ],
)
def test_the_nearest_limit_tells_how_far_a_run_is(limits, minutes, done):
    assert progress(TrainingConfig(**limits), step=10, epoch=3, seconds=60, minutes=minutes) == done


def test_a_constant_rate_stays():
    config = TrainingConfig(learning_rate=0.5)
    assert {learning_rate(config, step=step, done=step / 10) for step in range(11)} == {0.5}


def test_a_cosine_falls_to_a_hundredth():
    config = TrainingConfig(learning_rate=0.5, schedule="cosine")
    rates = [learning_rate(config, step=step, done=step / 20) for step in range(21)]
    assert rates[0] == 0.5
    assert rates[-1] == pytest.approx(0.005)
    assert rates[10] == pytest.approx((0.5 + 0.005) / 2)
    assert rates[5] == pytest.approx(0.005 + 0.495 * (1 + math.cos(math.pi / 4)) / 2)
    assert rates == sorted(rates, reverse=True)


def test_warm_up_rises_in_equal_steps_and_multiplies_the_schedule():
    config = TrainingConfig(learning_rate=1.0, warmup_steps=4)
    assert [learning_rate(config, step=step, done=0) for step in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]
    config = TrainingConfig(learning_rate=1.0, warmup_steps=4, schedule="cosine")
    assert learning_rate(config, step=1, done=1.0) == pytest.approx(0.005)
