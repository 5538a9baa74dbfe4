"""Which settings can be searched, and over which values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.errors import ConfigError
from cytally.tasks.search_space import Parameter, find_parameters, start_values, with_values
from cytally.tasks.tune_config import Range
from cytally.training.configuration import Configuration, make_configuration

CONFIGURATION = make_configuration({"method": "density", "options": {"sigma": 3.0}, "training": {"steps": 5}})


def found(name: str, **bounds: Any) -> Parameter:
    (parameter,) = find_parameters(CONFIGURATION, {name: Range(**bounds)})
    return parameter


def test_the_type_of_a_setting_decides_whether_it_is_whole() -> None:
    assert not found("training.learning_rate", low=1e-5, high=1e-2, log=True).integer
    assert found("training.batch_size", low=1, high=8).integer
    assert found("training.crop", low=32, high=64, step=16).integer, "a whole number or none"
    assert not found("options.sigma", low=1, high=4).integer, "a number or 'auto', of the method's own settings"
    assert found("options.sigma", low=1, high=4, integer=True).integer
    assert not found("training.clip", low=0.5, high=2).integer


@pytest.mark.parametrize(
    ("name", "bounds", "says"),
    [
        ("training.learning_rat", (1e-5, 1e-2), "did you mean 'training.learning_rate'?"),
        ("learning_rate", (1e-5, 1e-2), "did you mean 'training.learning_rate'?"),
        ("options.count_wieght", (0, 1), "did you mean 'options.count_weight'?"),
        ("training.schedule", (0, 1), "no single number"),
        ("augmentation.flips", (0, 1), "no single number"),
        ("options.channels", (4, 8), "no single number"),
        ("training.averaging", (0.5, 1.0), "reaches 1, which is not allowed"),
        ("training.batch_size", (0, 8), "reaches 0, which is not allowed"),
        ("training.batch_size", (1.5, 8), "a whole number"),
        ("training.validation", (0.1, 0.5), "different images"),
        ("seed", (0, 5), "a lucky seed"),
    ],
)
def test_what_cannot_be_searched_is_told_before_anything_is_trained(
    name: str, bounds: tuple[float, float], says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        found(name, low=bounds[0], high=bounds[1])
    assert says in caught.value.line() and "\n" not in caught.value.line()


def test_settings_that_are_none_begin_nowhere() -> None:
    names = {"training.clip": Range(low=0.5, high=2), "options.sigma": Range(low=1, high=4)}
    parameters = find_parameters(CONFIGURATION, names)
    assert start_values(CONFIGURATION, parameters) == {"training.clip": None, "options.sigma": 3.0}
    assert [each.contains(None) for each in parameters] == [False, False]


def test_values_are_put_in_and_nothing_else_changes() -> None:
    changed = with_values(CONFIGURATION, {"training.clip": 1.0, "options.sigma": 2.0})
    assert isinstance(changed, Configuration) and changed.training.clip == 1.0
    assert changed.options.model_dump()["sigma"] == 2.0
    assert with_values(changed, {"training.clip": None, "options.sigma": 3.0}) == CONFIGURATION


@given(
    low=st.integers(1, 50),
    width=st.integers(1, 500),
    points=st.integers(2, 12),
    integer=st.booleans(),
    kind=st.sampled_from(["linear", "log", "step"]),
)
def test_a_grid_lies_in_the_range_and_could_have_been_proposed(
    low: int, width: int, points: int, integer: bool, kind: str
) -> None:
    step = 3.0 if kind == "step" else None
    parameter = Parameter("a.b", low, low + width, log=kind == "log", integer=integer, step=step)
    grid = parameter.grid(points)
    assert 1 <= len(grid) <= points and grid == sorted(set(grid))
    assert all(parameter.contains(value) for value in grid)
    assert grid[0] == low and (step is not None or grid[-1] == pytest.approx(low + width))
    assert all(isinstance(value, int) for value in grid) or not integer
    assert [parameter.place(value) for value in (low, low + width)] == [0, 1]
