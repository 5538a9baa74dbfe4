"""BiT's hyperrule: how long, and how the learning rate falls, by the number of images."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.training.config import TrainingConfig
from cytally.training.configuration import make_configuration
from cytally.training.data import TrainingData
from cytally.training.hyperrule import hyperrule_factor, milestones, with_end
from cytally.training.loop import Trainer
from cytally.training.schedule import learning_rate


@pytest.mark.parametrize(
    ("images", "steps"),
    [(1, 500), (19_999, 500), (20_000, 10_000), (499_999, 10_000), (500_000, 20_000), (10**7, 20_000)],
)
def test_a_task_is_small_medium_or_large(images, steps):
    assert milestones(images)[-1] == steps


def test_the_milestones_are_those_of_the_released_program():
    assert milestones(0) == (100, 200, 300, 400, 500)
    assert milestones(20_000) == (500, 3000, 6000, 9000, 10_000)
    assert milestones(500_000) == (500, 6000, 12_000, 18_000, 20_000)


@pytest.mark.parametrize("images", [10, 20_000, 500_000])
def test_each_step_has_the_rate_that_is_worked_out_step_by_step(images):
    """A slow reference: rise by equal steps, and divide by ten whenever a milestone is reached."""
    warm, *falls, end = milestones(images)
    for step in range(0, end, 25):
        rate = 0.003 * min(1, step / warm)
        for fall in falls:
            rate /= 10 if step >= fall else 1
        assert 0.003 * hyperrule_factor(images, step / end) == pytest.approx(rate)


def test_around_the_first_fall_of_a_small_task():
    assert [hyperrule_factor(100, step / 500) for step in (99, 100, 199)] == [0.99, 1.0, 1.0]
    assert [hyperrule_factor(100, step / 500) for step in (200, 299, 300)] == pytest.approx([0.1, 0.1, 0.01])


@given(st.integers(0, 10**6), st.floats(0, 1), st.floats(0, 1))
def test_after_the_warm_up_it_only_falls(images, one, other):
    warm = milestones(images)[0] / milestones(images)[-1]
    early, late = sorted((one, other))
    assert 0 <= hyperrule_factor(images, late) <= 1
    if early >= warm:
        assert hyperrule_factor(images, early) >= hyperrule_factor(images, late)


def test_a_run_has_the_rules_number_of_steps_unless_it_has_a_limit_of_its_own():
    rule = TrainingConfig(schedule="hyperrule")
    assert with_end(rule, 300) == rule.model_copy(update={"steps": 500})
    assert with_end(rule, 20_000).steps == 10_000
    for given_limit in (TrainingConfig(schedule="hyperrule", steps=7), TrainingConfig(schedule="hyperrule", epochs=7)):
        assert with_end(given_limit, 300) is given_limit
    assert with_end(TrainingConfig(schedule="cosine"), 300).steps is None


def test_a_shorter_run_has_its_milestones_at_the_same_shares():
    config = TrainingConfig(schedule="hyperrule", steps=50, learning_rate=1.0)
    rates = [learning_rate(config, step=step, done=step / 50, images=300) for step in (0, 5, 10, 19, 20, 30, 40)]
    assert rates == pytest.approx([0, 0.5, 1, 1, 0.1, 0.01, 0.001])


def test_it_has_a_warm_up_of_its_own():
    """Which no other setting lengthens."""
    config = TrainingConfig(schedule="hyperrule", learning_rate=1.0, warmup_steps=1000, warmup_share=0.9)
    assert learning_rate(config, step=100, done=0.2, images=300) == 1


def test_the_loop_ends_and_slows_down_by_it(draw):
    configuration = make_configuration(
        {
            "method": "density",
            "options": {"sigma": 2.0, "channels": [4, 4]},
            "training": {
                "batch_size": 2,
                "crop": 16,
                "schedule": "hyperrule",
                "learning_rate": 1.0,
                "optimiser": "sgd",
            },
        }
    )
    examples = [draw(count, shape=(24, 24)) for count in (1, 2)]
    trainer = Trainer(
        configuration.build(1), TrainingData(examples, examples[:1]), configuration.training, configuration.augmentation
    )
    assert trainer.config.steps == 500
    seen = {}
    trainer.config = trainer.config.model_copy(update={"steps": 10, "learning_rate": 1e-6})
    trainer.run(on_progress=lambda now: seen.update({now.step: trainer.optimiser.param_groups[0]["lr"]}))
    assert list(seen.values()) == pytest.approx([0, 5e-7, 1e-6, 1e-6, 1e-7, 1e-7, 1e-8, 1e-8, 1e-9, 1e-9])
