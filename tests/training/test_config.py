import pytest
from pydantic import ValidationError

from cytally.training.config import TrainingConfig


def test_the_defaults_are_the_papers():
    config = TrainingConfig()
    assert (config.batch_size, config.crop, config.learning_rate) == (16, 256, 2e-4)
    assert (config.schedule, config.patience, config.averaging) == ("constant", 2500, 0)
    assert (config.context, config.clip, config.precision) == (0, None, "float32")


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": 0},
        {"crop": 15},
        {"learning_rate": 0},
        {"learning_rate": float("inf")},
        {"learning_rate": float("nan")},
        {"averaging": 1},
        {"validation": 0},
        {"patience": 0},
        {"clip": 0},
        {"crop": 32, "context": 16},
        {"nonsense": 1},
    ],
    ids=str,
)
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        TrainingConfig(**wrong)


def test_every_setting_is_described():
    assert all(field.description for field in TrainingConfig.model_fields.values())
