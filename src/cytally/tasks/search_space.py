"""Which settings are searched: names and ranges checked against the configuration before anything is trained."""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import numpy as np
from pydantic import BaseModel

from cytally.errors import ConfigError
from cytally.tasks.tune_config import Range
from cytally.training.configuration import Configuration, flat_settings, make_configuration
from cytally.training.settings import put

NOT_SEARCHED = {
    "seed": "a lucky seed is no setting; give 'seeds' to judge by the mean of several",
    "training.validation": "trials would be judged on different images",
}


@dataclass(frozen=True)
class Parameter:
    """A setting that is searched.

    Parameters
    ----------
    name
        Its dotted name in the configuration.
    low, high
        Least and greatest value, both included.
    log
        Whether equal factors are equally far apart.
    integer
        Whether it is a whole number.
    step
        Distance of the values that may be taken, from `low` on.
    """

    name: str
    low: float
    high: float
    log: bool = False
    integer: bool = False
    step: float | None = None

    def number(self, value: float) -> float | int:
        """`value` as the configuration wants it."""
        return round(value) if self.integer else float(value)

    def grid(self, points: int) -> list[float | int]:
        """At most `points` values from `low` to `high`, both included where `step` allows, without repeats.

        Examples
        --------
        >>> Parameter("training.learning_rate", 1e-4, 1e-2, log=True).grid(3)
        [0.0001, 0.001, 0.01]
        >>> Parameter("training.batch_size", 1, 3, integer=True).grid(5)
        [1, 2, 3]
        """
        spaced = np.geomspace if self.log else np.linspace
        values = [float(value) for value in spaced(self.low, self.high, points)]
        if self.step is not None:
            most = math.floor((self.high - self.low) / self.step + 1e-9)
            steps = [min(most, round((value - self.low) / self.step)) for value in values]
            values = [self.low + self.step * count for count in steps]
        if not self.integer:  # 0.001, where rounding within the logarithm gave 0.0010000000000000002
            values = [float(f"{value:.12g}") for value in values]
        return list(dict.fromkeys(map(self.number, values)))

    def place(self, value: float) -> float:
        """Where between `low`, 0, and `high`, 1, a value lies on the parameter's own scale.

        Examples
        --------
        >>> Parameter("training.learning_rate", 1e-4, 1e-2, log=True).place(1e-3)
        0.5
        """
        low, high, here = (math.log(each) if self.log else each for each in (self.low, self.high, value))
        return round((here - low) / (high - low), 12)

    def contains(self, value: object) -> bool:
        """Whether a search could have proposed `value`.

        Examples
        --------
        >>> width = Parameter("options.width", 2, 8, integer=True, step=2)
        >>> width.contains(4), width.contains(5), width.contains("auto"), width.contains(None)
        (True, False, False, False)
        """
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        step = self.step or (1.0 if self.integer and not self.log else None)
        if step is None:
            return not self.integer or float(value).is_integer()
        steps = (value - self.low) / step
        return math.isclose(steps, round(steps), abs_tol=1e-8)


def find_parameters(
    configuration: Configuration, search: Mapping[str, Range], file: Path | None = None
) -> tuple[Parameter, ...]:
    """The settings that `search` names, each checked to exist, to be a number, and to be allowed at both ends.

    Raises
    ------
    ConfigError
        Naming the first setting that is not, and one that may have been meant.
    """
    known = dict(_fields(type(configuration), configuration, ""))
    numeric = [name for name, kinds in known.items() if {int, float} & kinds]
    parameters = []
    for name, wanted in search.items():
        kinds = known.get(name, {float} if _is_free(name, known) else set())
        if name in NOT_SEARCHED:
            raise ConfigError(f"'{name}' cannot be searched: {NOT_SEARCHED[name]}", file=file, cure="remove it")
        if name not in known and not kinds:
            raise ConfigError(f"'search.{name}' is no setting", file=file, cure=_suggestion(name, numeric))
        if not {int, float} & kinds:
            raise ConfigError(f"'search.{name}' is no single number", file=file, cure="search numbers alone")
        integer = wanted.integer if wanted.integer is not None else float not in kinds
        bounds = [value for value in (wanted.low, wanted.high, wanted.step) if value is not None]
        if integer and not all(value.is_integer() for value in bounds):
            raise ConfigError(
                f"'search.{name}' is a whole number, and so are low, high and step", file=file, cure="mend its range"
            )
        parameter = Parameter(name, wanted.low, wanted.high, wanted.log, integer, wanted.step)
        _check_ends(configuration, parameter, file)
        parameters.append(parameter)
    return tuple(parameters)


def with_values(configuration: Configuration, values: Mapping[str, Any]) -> Configuration:
    """The configuration with settings of dotted names changed.

    Raises
    ------
    ConfigError
        When they are not allowed.
    """
    settings = configuration.model_dump(mode="json")
    for name, value in values.items():
        put(settings, name, value)
    return make_configuration(settings)


def start_values(configuration: Configuration, parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    """What the configuration itself says of the searched settings; None where it says nothing."""
    settings = dict(flat_settings(configuration.model_dump(mode="json")))
    return {parameter.name: settings.get(parameter.name) for parameter in parameters}


def _fields(model: type[BaseModel], instance: object, prefix: str) -> Iterator[tuple[str, set[Any]]]:
    """Every setting's dotted name and the types that it may have."""
    for name, field in model.model_fields.items():
        value, kinds = getattr(instance, name, None), set(_alternatives(field.annotation))
        sections = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if isinstance(value, BaseModel):  # `options` of the method's own class
            yield from _fields(type(value), value, f"{prefix}{name}.")
        elif sections:
            yield from _fields(sections[0], None, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", kinds


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The types that a union is of; dictionaries as ``dict``."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _alternatives(arguments[0])
    elif origin in (Union, types.UnionType):
        for argument in arguments:
            yield from _alternatives(argument)
    else:
        yield dict if origin is dict else annotation


def _is_free(name: str, known: Mapping[str, set[Any]]) -> bool:
    """Whether `name` lies in a section that takes any name, as the settings of a preset."""
    return any(dict in kinds and name.startswith(f"{section}.") for section, kinds in known.items())


def _suggestion(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    if not close:
        last = {each.rpartition(".")[2]: each for each in known}
        close = [last[each] for each in difflib.get_close_matches(name.rpartition(".")[2], last, n=1)]
    return f"did you mean '{close[0]}'?" if close else "remove it"


def _check_ends(configuration: Configuration, parameter: Parameter, file: Path | None) -> None:
    for end in (parameter.low, parameter.high):
        try:
            with_values(configuration, {parameter.name: parameter.number(end)})
        except ConfigError as error:
            raise ConfigError(
                f"'search.{parameter.name}' reaches {end:g}, which is not allowed ({error.message})",
                file=file,
                cure="mend its range",
            ) from error
