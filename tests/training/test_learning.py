"""The optimiser: which, and with which learning rate for which part."""

import pytest
import torch
from torch import nn

from cytally.errors import ConfigError
from cytally.training.config import TrainingConfig
from cytally.training.configuration import make_configuration
from cytally.training.data import TrainingData
from cytally.training.learning import make_optimiser
from cytally.training.loop import Trainer


class Small(nn.Module):
    """Two parts, of which the first has parts of its own, and one whose name begins like another's."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 3))
        self.encoder_head = nn.Linear(3, 1)
        self.scale = nn.Parameter(torch.ones(1))


def factors(network: nn.Module, **training) -> dict[str, float]:
    """The factor of each weight's learning rate."""
    optimiser = make_optimiser(network, TrainingConfig(**training))
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    found = [(names[id(each)], group["factor"]) for group in optimiser.param_groups for each in group["params"]]
    assert len(found) == len(names), "each weight is in one group"
    return dict(found)


@pytest.mark.parametrize(
    ("name", "kind"), [("adam", torch.optim.Adam), ("radam", torch.optim.RAdam), ("sgd", torch.optim.SGD)]
)
def test_the_optimiser_is_the_one_asked_for(name, kind):
    optimiser = make_optimiser(Small(), TrainingConfig(optimiser=name, learning_rate=0.3, weight_decay=0.25))
    assert type(optimiser) is kind
    (group,) = optimiser.param_groups
    assert (group["lr"], group["weight_decay"], group["factor"]) == (0.3, 0.25, 1.0)


def test_sgd_goes_on_with_its_momentum():
    """By hand: with gradients of 1 each, steps of 0.1, 0.1 · (0.5 + 1) and 0.1 · (0.75 + 1) from 1."""
    layer = nn.Linear(1, 1, bias=False)
    nn.init.ones_(layer.weight)
    optimiser = make_optimiser(layer, TrainingConfig(optimiser="sgd", momentum=0.5, learning_rate=0.1))
    seen = []
    for _ in range(3):
        layer.weight.grad = torch.ones(1, 1)
        optimiser.step()
        seen.append(layer.weight.item())
    assert seen == pytest.approx([0.9, 0.75, 0.575])


def test_a_share_of_each_weight_is_added_to_its_gradient():
    """By hand: 2 − 0.1 · (1 + 0.5 · 2)."""
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, 2.0)
    layer.weight.grad = torch.ones(1, 1)
    make_optimiser(layer, TrainingConfig(optimiser="sgd", learning_rate=0.1, weight_decay=0.5)).step()
    assert layer.weight.item() == pytest.approx(1.8)


def test_named_parts_have_other_learning_rates_and_the_part_within_wins():
    assert set(factors(Small()).values()) == {1.0}
    assert factors(Small(), learning_rates={"encoder": 0.1, "encoder.2": 5.0}) == {
        "encoder.0.weight": 0.1,
        "encoder.0.bias": 0.1,
        "encoder.2.weight": 5.0,
        "encoder.2.bias": 5.0,
        "encoder_head.weight": 1.0,
        "encoder_head.bias": 1.0,
        "scale": 1.0,
    }


@pytest.mark.parametrize("part", ["decoder", "encoder.3", "encod", "scale", "encoder.0.weight", ""])
def test_an_unknown_part_is_refused_by_name(part):
    with pytest.raises(
        ConfigError, match=rf"'training.learning_rates' names '{part}'.*choose among .*encoder, "
    ) as error:
        make_optimiser(Small(), TrainingConfig(learning_rates={part: 0.1}))
    assert "\n" not in str(error.value)


def test_a_network_without_weights_has_no_optimiser():
    assert make_optimiser(nn.Identity(), TrainingConfig()) is None
    assert make_optimiser(nn.Identity(), TrainingConfig(learning_rates={"a": 0.1})) is None


def test_a_step_changes_each_part_by_its_factor(draw):
    """One step of plain descent from the same weights: the part with a factor of 10 moves ten times as far."""

    def moved(learning_rates):
        configuration = make_configuration(
            {
                "method": "density",
                "options": {"sigma": 2.0, "channels": [4, 4]},
                "training": {"batch_size": 2, "crop": 16, "optimiser": "sgd", "momentum": 0.0, "steps": 1},
            }
        )
        training = configuration.training.model_copy(update={"learning_rate": 1e-3, "learning_rates": learning_rates})
        examples = [draw(count, shape=(24, 24)) for count in (1, 2)]
        data = TrainingData(examples, examples[:1])
        trainer = Trainer(configuration.build(1), data, training, configuration.augmentation)
        before = {name: value.clone() for name, value in trainer.network.named_parameters()}
        trainer.run()
        return {name: value.detach() - before[name] for name, value in trainer.network.named_parameters()}

    plain, faster = moved({}), moved({"head": 10.0})
    assert {name.partition(".")[0] for name in plain} > {"head"}
    for name, change in plain.items():
        assert torch.allclose(faster[name], change * (10 if name.startswith("head.") else 1), rtol=1e-3, atol=1e-8)
    assert plain["head.weight"].abs().max() > 1e-6
