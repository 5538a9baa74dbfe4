"""A search for settings as one YAML file: what is tuned, over which ranges, how, and by which number it is judged."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cytally.errors import ConfigError
from cytally.training.settings import read_settings

Objective = Literal[
    "mae", "rmse", "bias", "mre", "accuracy", "average_relative_error", "total_relative_error"
]  # the keys of `cytally.metrics.counting.counting_metrics` that judge counts alone


class Range(BaseModel):
    """From where to where a setting is searched."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    low: float = Field(description="Least value.")
    high: float = Field(description="Greatest value.")
    log: bool = Field(False, description="Whether equal factors, not equal differences, are equally far apart.")
    step: float | None = Field(None, gt=0, description="Distance of the values that may be taken, from `low` on.")
    integer: bool | None = Field(None, description="Whole numbers alone; `null`: as the setting's type has it.")

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) is not below high ({self.high:g})")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic range begins above 0, not at {self.low:g}")
        if self.log and self.step is not None:
            raise ValueError("a logarithmic range has no step")
        if self.integer and not all(value.is_integer() for value in (self.low, self.high, self.step or 1.0)):
            raise ValueError("low, high and step of a whole number are whole numbers")
        return self


class TuneConfig(BaseModel):
    """What `cytally tune` reads. Paths are relative to the file that they stand in."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    configuration: Path | dict[str, Any] = Field(
        description="What is tuned: the path of a training configuration, or its settings themselves."
    )
    data: Path | None = Field(None, description="Data folder; `--data` overrides it.")
    synthesize: dict[str, Any] | None = Field(
        None,
        description="Draw the images to tune on, as `cytally synthesize` with these settings would (`preset`, "
        "`images`, `seed`, …), into OUT/data; `--data` overrides it.",
    )
    search: dict[str, Range] = Field(
        min_length=1, description="Dotted names of numeric settings, each with `low`, `high`, `log`, `step`, `integer`."
    )
    strategy: Literal["bayesian", "one-at-a-time"] = Field(
        "bayesian",
        description="`bayesian`: Gaussian-process Bayesian optimisation. `one-at-a-time`: each setting is varied alone "
        "over a grid (Kenneweg, Stallmann & Hammer 2022).",
    )
    trials: int | None = Field(
        None, ge=1, description="How many trials; `null`: 30, or the whole grid of `one-at-a-time`."
    )
    minutes_per_trial: float | None = Field(
        None, gt=0, description="Budget of each training run, as `--minutes` of `cytally train`."
    )
    objective: Objective = Field(
        "mae",
        description="The number of the validation images that is made best: greatest for `accuracy`, nearest to 0 for "
        "`bias`, least for the others.",
    )
    seeds: int = Field(
        1,
        ge=1,
        description="Training runs per trial, whose mean is judged: with the configuration's seed and the next ones.",
    )
    seed: int = Field(0, ge=0, description="Decides which settings are tried.")
    startup_trials: int = Field(8, ge=1, description="`bayesian`: trials at random before the model is asked.")
    points: int = Field(5, ge=2, description="`one-at-a-time`: values of each setting, ends included.")
    keep_best: bool = Field(
        True,
        description="`one-at-a-time`: go on from the best value of each setting; false returns to the configuration's.",
    )
    pruning: bool = Field(
        True,
        description="End a trial whose validation error is worse than the median of the finished trials' at the same "
        "share of their runs.",
    )
    pruning_warm_up: float = Field(0.3, ge=0, le=1, description="Share of a run that is never cut off.")
    pruning_after: int = Field(4, ge=1, description="Finished trials without which no median is taken.")

    @model_validator(mode="after")
    def _one_source_of_images(self) -> Self:
        if self.data is not None and self.synthesize is not None:
            raise ValueError("give either data or synthesize")
        return self


def read_tune_config(path: Path) -> TuneConfig:
    """Read a YAML file; paths in it become relative to where we are.

    Raises
    ------
    ConfigError
        When the file is missing or no YAML, or a setting is unknown or out of range.
    """
    values = read_settings(path, "configuration: density.yaml")
    for key in ("configuration", "data"):
        if isinstance(values.get(key), str):
            values[key] = os.path.normpath(path.parent / values[key])
    return make_tune_config(values, file=path)


def make_tune_config(values: dict[str, Any], file: Path | None = None) -> TuneConfig:
    """Validate settings, turning the first complaint into one line.

    Raises
    ------
    ConfigError
        When a setting is unknown, missing or out of range.
    """
    try:
        return TuneConfig.model_validate({key: value for key, value in values.items() if value is not None})
    except ValidationError as error:
        complaint = error.errors()[0]
        place = list(complaint["loc"])
        if place and place[0] == "configuration":  # a union, which pydantic names by its types as well
            place, complaint["msg"] = place[:1], "give the path of a training configuration, or its settings"
        key = ".".join(map(str, place))
        if complaint["type"] == "extra_forbidden":
            known = Range.model_fields if len(place) > 1 else TuneConfig.model_fields
            close = difflib.get_close_matches(str(place[-1]), known, n=1)
            cure = f"did you mean '{close[0]}'?" if close else "remove it"
            raise ConfigError(f"'{key}' is no setting", file=file, cure=cure) from error
        if complaint["type"] == "missing":
            raise ConfigError(f"'{key}' is missing", file=file, cure=f"add '{key}'") from error
        text = complaint["msg"].removeprefix("Value error, ")
        where = f"'{key}': " if key else ""
        raise ConfigError(f"{where}{text[:1].lower()}{text[1:]}", file=file, cure="mend that setting") from error
