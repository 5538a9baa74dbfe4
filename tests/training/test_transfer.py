"""The section `transfer`: what it takes, and each mistake as one line."""

import pytest
from pydantic import ValidationError

from cytally.errors import ConfigError
from cytally.training.configuration import make_configuration
from cytally.training.transfer import TransferConfig


def test_nothing_is_frozen_unless_asked():
    plain = TransferConfig()
    assert (plain.strategy, plain.freeze, plain.first, plain.stages, plain.thaw_at) == (
        "simultaneous",
        (),
        None,
        None,
        None,
    )


def test_stages_keep_their_order():
    stages = {"z": ["regressor"], "a": ["mean", "expand"]}
    config = TransferConfig(strategy="thaw", stages=stages, thaw_at=[0.5, 0.6])
    assert list(config.stages.items()) == [("z", ("regressor",)), ("a", ("mean", "expand"))]
    assert TransferConfig.model_validate_json(config.model_dump_json()) == config
    assert list(TransferConfig.model_validate_json(config.model_dump_json()).stages) == ["z", "a"]


@pytest.mark.parametrize(
    ("transfer", "line"),
    [
        (
            {"strategy": "frozen"},
            "'transfer.strategy': input should be 'simultaneous', 'frozen-core', 'frozen-outer' or",
        ),
        ({"strategy": "thaw", "thaw_from": "simultaneous"}, "'transfer.thaw_from': input should be 'frozen-core' or"),
        (
            {"strategy": "thaw", "thaw_at": [0.2, 0.6, 0.4]},
            "'transfer': the stages are out of order: 0.4 comes after 0.6 in thaw_at",
        ),
        (
            {"strategy": "thaw", "thaw_at": [0.2, 0.2]},
            "'transfer': the stages are out of order: 0.2 comes after 0.2 in thaw_at",
        ),
        ({"strategy": "thaw", "thaw_at": [0.0]}, "'transfer.thaw_at.0': input should be greater than 0"),
        ({"strategy": "thaw", "thaw_at": [1.0]}, "'transfer.thaw_at.0': input should be less than 1"),
        ({"strategy": "thaw", "thaw_at": []}, "'transfer.thaw_at': tuple should have at least 1 item"),
        (
            {"strategy": "thaw", "stages": {"one": ["mean"], "two": ["expand"]}, "thaw_at": [0.5]},
            "'transfer': there are 2 stages, but 1 shares in thaw_at",
        ),
        ({"strategy": "thaw", "stages": {}}, "'transfer.stages': dictionary should have at least 1 item"),
        ({"strategy": "thaw", "stages": {"one": []}}, "'transfer.stages.one': tuple should have at least 1 item"),
        (
            {"thaw_at": [0.5]},
            "'transfer': stages and thaw_at are for the strategy thaw, and this one is simultaneous",
        ),
        (
            {"strategy": "frozen-core", "stages": {"one": ["mean"]}},
            "'transfer': stages and thaw_at are for the strategy thaw, and this one is frozen-core",
        ),
        ({"first": "both"}, "'transfer.first': input should be 'drawn' or 'natural'"),
        ({"first": "drawn", "first_share": 1.0}, "'transfer.first_share': input should be less than 1"),
        ({"first": "drawn", "first_share": float("nan")}, "'transfer.first_share': input should be a finite number"),
        ({"strateggy": "thaw"}, "'transfer.strateggy' is no setting; did you mean 'transfer.strategy'?"),
        (5, "'transfer': holds settings of its own, one per line"),
    ],
    ids=str,
)
def test_a_mistake_is_one_line_that_names_the_setting(transfer, line):
    with pytest.raises(ConfigError) as caught:
        make_configuration({"method": "twin-vae", "transfer": transfer}, file="run.yaml")
    assert str(caught.value).startswith(f"run.yaml: {line}")
    assert caught.value.cure and "\n" not in str(caught.value)


def test_it_cannot_be_changed():
    with pytest.raises(ValidationError):
        TransferConfig().strategy = "thaw"
