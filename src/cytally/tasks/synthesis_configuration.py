"""A set of drawn images as one YAML file: the preset, how many, what differs from it, what natural images teach."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator

from cytally.errors import ConfigError
from cytally.synthesis.presets import Drawing
from cytally.tasks.natural_scene import FEW
from cytally.tasks.synthesis_drawing import find_drawing, things
from cytally.training.settings import apply_setting, read_settings

MOST = 100_000
"""Images of one folder, whose names have five digits."""


class CountsFrom(BaseModel):
    """Where the numbers of cells are learned."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    folder: Path = Field(alias="from", description="A data folder with annotated images.")


class SynthesisConfiguration(BaseModel):
    """What `cytally synthesize` reads. Paths are relative to the file that they stand in."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    preset: str = Field(
        description="What is drawn, as `cho-phase-contrast`; of volumes `mda231`, of time-lapses `timelapse-low`."
    )
    images: int = Field(200, ge=1, le=MOST, description="How many images, volumes or time-lapses.")
    seed: int = Field(0, ge=0, description="Decides everything that is random.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings in which it differs from the preset.")
    like: Path | None = Field(
        None,
        description="A data folder whose annotated images are imitated: in how many cells they hold, unless `counts` "
        "or `settings` tell, and with `background: natural` in what is behind them.",
    )
    counts: CountsFrom | None = Field(
        None, description="`{from: FOLDER}`: a data folder from which the number of cells alone is learned."
    )
    background: str | float | None = Field(
        None,
        description="`natural`: the mean of those annotated images of `like` that hold the fewest cells. A number is a "
        "grey level from 0 to 255, and a path is an image. `null`: as the preset has it.",
    )
    few: float = Field(
        FEW,
        gt=0,
        description="How many images make the natural background: below 1 a share of the annotated ones, else a "
        "number.",
    )

    _file: Path | None = PrivateAttr(None)

    @property
    def file(self) -> Path | None:
        """The YAML file that it was read from."""
        return self._file

    @field_validator("background", mode="before")
    @classmethod
    def _background(cls, given: Any) -> Any:
        """Say in one sentence what a background may be; pydantic would say it once per kind."""
        if given is None or isinstance(given, str | Path):
            return None if given is None else str(given)
        if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 255:
            raise ValueError("write natural, the path of an image, or a grey level from 0 to 255")
        return float(given)

    @field_validator("settings")
    @classmethod
    def _background_stands_above(cls, settings: dict[str, Any]) -> dict[str, Any]:
        if isinstance(settings.get("background"), str):
            raise ValueError("a background that is natural or a file stands at the top: background=natural")
        return settings

    @model_validator(mode="after")
    def _nature_is_at_hand(self) -> Self:
        if self.background == "natural" and self.like is None:
            raise ValueError("a natural background needs natural images: add 'like: FOLDER', or --like FOLDER")
        return self


def read_synthesis(
    path: Path, changes: Sequence[str] = (), given: Mapping[str, Any] | None = None
) -> SynthesisConfiguration:
    """Read a YAML file and apply ``key=value`` changes, whose keys are dotted (`settings.blur=1`).

    Parameters
    ----------
    path
        The file. Paths in it are relative to its folder.
    changes
        As if they stood in the file, paths included.
    given
        What overrides both, where it is not None: `images`, `seed`, `like`. Paths are as they are.

    Raises
    ------
    ConfigError
        When the file is missing or no YAML, there is no such preset, or a setting is unknown or out of range.
    """
    values = read_settings(path, "preset: cho-phase-contrast")
    for change in changes:
        apply_setting(values, change, path, "settings.blur=1")
    return make_synthesis(_located(values, path.parent) | _told(given), file=path)


def make_synthesis(values: Mapping[str, Any], file: str | Path | None = None) -> SynthesisConfiguration:
    """Validate settings, turning the first complaint into one line. A setting that is None takes its default.

    Raises
    ------
    ConfigError
        When there is no such preset, a setting is unknown or out of range, or volumes are to imitate natural images.
    """
    try:
        configuration = SynthesisConfiguration.model_validate(_told(values))
    except ValidationError as error:
        complaint = error.errors()[0]
        key = ".".join(str(part) for part in complaint["loc"])
        if complaint["type"] == "extra_forbidden":
            raise ConfigError(f"'{key}' is no setting", file=file, cure=_suggestion(key)) from error
        if complaint["type"] == "missing":
            raise ConfigError(f"'{key}' is missing", file=file, cure=f"add '{key}'") from error
        text = complaint["msg"].removeprefix("Value error, ")
        where = f"'{key}': " if key else ""
        raise ConfigError(f"{where}{text[:1].lower()}{text[1:]}", file=file, cure="mend that setting") from error
    if file is not None:
        configuration._file = Path(file)
    with naming(file):
        drawing = find_drawing(configuration.preset, configuration.settings)
        imitates = [name for name in ("like", "counts", "background") if getattr(configuration, name) is not None]
        if not isinstance(drawing, Drawing) and imitates:
            number = "count" if "count" in drawing.settings() else "cells"
            raise ConfigError(
                f"the preset '{configuration.preset}' draws {things(drawing)}, which imitate no natural images",
                cure=f"leave '{imitates[0]}' out, and set settings.{number} and settings.background",
            )
    return configuration


@contextmanager
def naming(file: str | Path | None) -> Iterator[None]:
    """Name the configuration file in complaints about settings that name none."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(error.message, file=error.file or file, cure=error.cure) from error


def _told(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (values or {}).items() if value is not None}


def _located(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The settings with paths that lead from here, not from `folder`."""

    def located(path: Any) -> Any:
        return os.path.normpath(folder / path) if isinstance(path, str) else path

    values = {**values, "like": located(values.get("like"))}
    if isinstance(values.get("counts"), dict) and "from" in values["counts"]:
        values["counts"] = {**values["counts"], "from": located(values["counts"]["from"])}
    if values.get("background") != "natural":
        values["background"] = located(values.get("background"))
    return values


def _suggestion(key: str) -> str:
    """What to do about a setting that does not exist."""
    close = difflib.get_close_matches(key, SynthesisConfiguration.model_fields, n=1)
    return f"did you mean '{close[0]}'?" if close else "remove it, or put it under 'settings' if it is the preset's"
