"""What a tune file may hold, and what is told of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytally.errors import ConfigError
from cytally.tasks.tune_config import make_tune_config, read_tune_config

RATE = {"low": 1e-5, "high": 1e-2, "log": True}
GOOD = {"configuration": {"method": "density"}, "search": {"training.learning_rate": RATE}}


def refusal(**changes: object) -> str:
    with pytest.raises(ConfigError) as caught:
        make_tune_config({**GOOD, **changes}, file=Path("t.yaml"))
    line = caught.value.line()
    assert line.startswith("t.yaml: ") and "\n" not in line and "pydantic" not in line
    return line


def test_the_defaults() -> None:
    config = make_tune_config(GOOD)
    assert (config.strategy, config.objective, config.seeds, config.pruning) == ("bayesian", "mae", 1, True)
    assert config.search["training.learning_rate"].log


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"strateggy": "bayesian"}, "did you mean 'strategy'?"),
        ({"strategy": "grid"}, "'strategy'"),
        ({"objective": "f1"}, "'objective'"),
        ({"search": {}}, "'search'"),
        ({"search": {"training.steps": {"low": 5, "hihg": 9}}}, "'search.training.steps.h"),
        ({"search": {"training.steps": {"low": 9, "high": 5}}}, "low (9) is not below high (5)"),
        ({"search": {"training.steps": {"low": 0, "high": 5, "log": True}}}, "begins above 0"),
        ({"search": {"training.steps": {"low": 1, "high": 5, "log": True, "step": 2}}}, "has no step"),
        ({"search": {"training.steps": {"low": 1.5, "high": 5, "integer": True}}}, "whole numbers"),
        ({"configuration": 3}, "'configuration': give the path"),
        ({"data": "a", "synthesize": {"preset": "bacteria"}}, "either data or synthesize"),
        ({"trials": 0}, "'trials'"),
    ],
)
def test_what_is_wrong_is_one_line(changes: dict[str, object], says: str) -> None:
    assert says in refusal(**changes)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "tune.yaml"
    file.write_text("configuration: ../train.yaml\ndata: data\nsearch: {training.steps: {low: 1, high: 9}}\n")
    config = read_tune_config(file)
    assert config.configuration == tmp_path / "train.yaml" and config.data == tmp_path / "deep" / "data"


@pytest.mark.parametrize(
    ("text", "says"), [("a: [", "no valid YAML"), ("- 1\n", "holds no settings"), (None, "no such configuration")]
)
def test_a_file_that_is_none(text: str | None, says: str, tmp_path: Path) -> None:
    file = tmp_path / "tune.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=says):
        read_tune_config(file)
