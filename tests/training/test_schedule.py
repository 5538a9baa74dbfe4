import math

import pytest

from cytally.training.config import TrainingConfig
from cytally.training.schedule import learning_rate, plateaus, progress


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


def test_a_decay_multiplies_the_rate_in_every_epoch():
    config = TrainingConfig(learning_rate=1.0, schedule="decay", decay_rate=0.5)
    assert [learning_rate(config, step=9, done=0, epoch=epoch) for epoch in range(4)] == [1, 0.5, 0.25, 0.125]
    assert learning_rate(TrainingConfig(learning_rate=1.0, schedule="decay"), step=0, done=0, epoch=2) == 0.999**2


def test_a_decay_begins_when_the_warm_up_by_a_share_of_the_run_is_over():
    """Four steps an epoch, 100 in all: a fifth of them are five epochs."""
    config = TrainingConfig(learning_rate=1.0, schedule="decay", decay_rate=0.5, steps=100, warmup_share=0.2)
    rates = [learning_rate(config, step=step, done=step / 100, epoch=step // 4) for step in (0, 10, 20, 40, 80)]
    assert rates == pytest.approx([0, 0.5, 1, 0.5**5, 0.5**15])


def test_a_decay_begins_when_the_warm_up_by_steps_is_over():
    config = TrainingConfig(learning_rate=1.0, schedule="decay", decay_rate=0.5, warmup_steps=20)
    rates = [learning_rate(config, step=step, done=0, epoch=step // 4) for step in (0, 9, 19, 20, 40, 80)]
    assert rates == pytest.approx([0.05, 0.5, 1, 1, 0.5**5, 0.5**15])


def test_warm_up_by_a_share_of_the_run_multiplies_the_schedule():
    config = TrainingConfig(learning_rate=1.0, steps=100, warmup_share=0.1)
    rates = [learning_rate(config, step=step, done=step / 100) for step in (0, 1, 5, 10, 50)]
    assert rates == pytest.approx([0, 0.1, 0.5, 1, 1])
    cosine = config.model_copy(update={"schedule": "cosine", "warmup_share": 0.5})
    assert learning_rate(cosine, step=25, done=0.25) == pytest.approx(
        0.5 * (0.01 + 0.99 * (1 + math.cos(math.pi / 4)) / 2)
    )


@pytest.mark.parametrize(("steps", "share", "rate"), [(40, 0.1, 0.25), (5, 0.2, 0.45)])
def test_of_two_warm_ups_the_longer_counts(steps, share, rate):
    config = TrainingConfig(learning_rate=1.0, steps=100, warmup_steps=steps, warmup_share=share)
    assert learning_rate(config, step=9, done=0.09) == pytest.approx(rate)


def test_where_nothing_limits_a_run_no_share_of_it_is_waited_for():
    """Else the learning rate would stay zero for ever."""
    config = TrainingConfig(learning_rate=0.5, warmup_share=0.1)
    assert {learning_rate(config, step=step, done=0.0, epoch=step) for step in (0, 1, 1000)} == {0.5}
    assert learning_rate(config, step=3, done=0.05) == pytest.approx(0.25), "limited by --minutes"


def test_a_plateau_halves_the_rate():
    config = TrainingConfig(learning_rate=0.8, schedule="plateau")
    assert [learning_rate(config, step=9, done=0, plateaus=number) for number in range(3)] == [0.8, 0.4, 0.2]
    config = TrainingConfig(learning_rate=0.8, schedule="plateau", plateau_factor=0.1)
    assert learning_rate(config, step=9, done=0, plateaus=1) == pytest.approx(0.08)


@pytest.mark.parametrize(
    ("errors", "wait", "number"),
    [
        ([], 2, 0),
        ([3, 2, 1], 1, 0),
        ([1, 1, 1, 1, 1], 2, 2),
        ([1, 2, 0.5, 1, 1, 1, 1], 2, 2),
        ([1, 2, 2, 0.5, 1, 1], 2, 2),
        ([1, 2, 2], 3, 0),
    ],
    ids=str,
)
def test_plateaus_by_hand(errors, wait, number):
    assert plateaus(list(enumerate(errors, start=1)), wait) == number


def test_plateaus_count_epochs_and_not_validations():
    assert plateaus([(10, 1.0), (20, 1.0), (30, 1.0)], 20) == 1
    assert plateaus([(10, 1.0), (20, 1.0), (30, 1.0)], 10) == 2
