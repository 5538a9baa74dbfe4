"""A whole training run as one YAML file: the method, what it sees, and how it learns."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from cytally.datasets.augment import AugmentationConfig
from cytally.errors import ConfigError, UsageError
from cytally.images.prepare import InputConfig
from cytally.inference.config import CountingConfig
from cytally.methods.method import Method, MethodConfig
from cytally.methods.picture_method import PictureMethod
from cytally.methods.registry import find_method
from cytally.methods.volume_method import VolumeMethod
from cytally.training.config import TrainingConfig
from cytally.training.drawn import DrawnConfig
from cytally.training.settings import apply_setting, read_settings
from cytally.training.transfer import TransferConfig


class Configuration(BaseModel):
    """What `cytally train` reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str = Field(description="Name of the method, as `density`.")
    seed: int = Field(0, ge=0, description="Decides everything that is random.")
    input: InputConfig = Field(default_factory=InputConfig, description="What the network sees of an image.")
    options: SerializeAsAny[MethodConfig] = Field(
        default_factory=MethodConfig, validate_default=True, description="Settings of the method."
    )
    drawn: DrawnConfig = Field(
        default_factory=DrawnConfig, description="Drawn images that the network sees beside the natural ones."
    )
    augmentation: AugmentationConfig = Field(
        default_factory=AugmentationConfig, description="How crops vary in training."
    )
    training: TrainingConfig = Field(default_factory=TrainingConfig, description="How the network is trained.")
    transfer: TransferConfig | None = Field(
        None, description="How a trained model is carried over to these images, by `cytally transfer`."
    )
    counting: CountingConfig = Field(default_factory=CountingConfig, description="How the trained model counts.")

    @model_validator(mode="before")
    @classmethod
    def _as_the_method_has_it(cls, values: Any) -> Any:
        """What is not given is as in the method's own paper, where that differs from the section's defaults."""
        if not isinstance(values, dict) or not isinstance(values.get("method"), str):
            return values
        given, method = dict(values), find_method(values["method"])
        for usual in (method.defaults, method.transfer_defaults if values.get("transfer") is not None else {}):
            for section, defaults in usual.items():
                wanted = values.get(section, {})
                if isinstance(wanted, dict):
                    given[section] = {**(given.get(section) or {}), **defaults, **wanted}
        return given

    @model_validator(mode="after")
    def _mosaics_show_something(self) -> Self:
        crop, context = self.training.crop, self.training.context
        if self.augmentation.mosaic and crop is not None and 4 * context >= crop:
            raise ValueError(
                f"a training.context of {context} on each side leaves nothing of a mosaic's quarter, {crop // 2} pixels"
            )
        return self

    @model_validator(mode="after")
    def _counts_are_learnt_before_patience_ends(self) -> Self:
        delay = getattr(self.options, "regressor_delay", 0)
        if delay and self.training.patience <= delay:
            raise ValueError(
                f"a training.patience of {self.training.patience} epochs ends before counts are learnt, which an "
                f"options.regressor_delay of {delay} epochs puts off"
            )
        return self

    @model_validator(mode="after")
    def _what_is_seen_first_can_be(self) -> Self:
        first = self.transfer.first if self.transfer is not None else None
        if first is not None and not issubclass(find_method(self.method), PictureMethod):
            raise ValueError(
                f"the method {self.method} sees no pictures in turn, so that none can be first; leave out "
                "transfer.first"
            )
        if first is not None and self.drawn.ratio == 0:
            raise ValueError(
                f"with a drawn.ratio of 0 nothing is drawn, and {first} pictures cannot be first; leave "
                "out transfer.first"
            )
        return self

    @model_validator(mode="after")
    def _volumes_are_seen_as_the_method_sees_them(self) -> Self:
        if not issubclass(find_method(self.method), VolumeMethod):
            return self
        unused = {
            "input.normalisation": self.input.normalisation != "none",
            "input.object_diameter": self.input.object_diameter is not None,
            "drawn.ratio": self.drawn.ratio > 0,
            "augmentation.mosaic": self.augmentation.mosaic > 0,
        }
        for name in [name for name, given in unused.items() if given]:
            raise ValueError(f"the method {self.method} sees volumes and has no use for {name}; leave it out")
        if self.input.channels == "all" or (self.input.channels != "one" and len(self.input.channels) > 1):
            raise ValueError(f"the method {self.method} sees one channel; name it in input.channels, as [0]")
        return self

    @field_validator("options", mode="before")
    @classmethod
    def _options_of_the_method(cls, options: Any, info: ValidationInfo) -> Any:
        """Read `options` by the method's own class."""
        if "method" not in info.data:  # which has been complained of
            return MethodConfig()
        settings = find_method(info.data["method"]).Config
        return settings.model_validate({} if type(options) is MethodConfig else options)

    def build(self, in_channels: int) -> Method:
        """The method with these options for pictures of `in_channels` channels."""
        return find_method(self.method)(self.options, in_channels)


def read_configuration(path: Path, settings: Sequence[str] = (), *, transfer: bool = False) -> Configuration:
    """Read a YAML file and apply ``key=value`` settings, whose keys are dotted (`training.batch_size=8`).

    For a `transfer` it has a section of that name, and the method's defaults for it, whether the file has one or not.

    Raises
    ------
    ConfigError
        When the file is missing or no YAML, or a setting is unknown or out of range; names the first such setting.
    """
    values = read_settings(path, "method: density")
    for setting in settings:
        apply_setting(values, setting, path, "training.batch_size=8")
    if transfer and values.get("transfer") is None:
        values["transfer"] = {}
    return make_configuration(values, file=path)


def as_configuration(config: Configuration | dict[str, Any] | str | Path, *, transfer: bool = False) -> Configuration:
    """A configuration from itself, from a dictionary of the same, or from the path of a YAML file.

    For a `transfer` as in `read_configuration`; a `Configuration` then has to have the section.

    Raises
    ------
    ConfigError
        As `read_configuration` and `make_configuration` do.
    UsageError
        When a `Configuration` lacks the section of a transfer.
    """
    if isinstance(config, str | Path):
        return read_configuration(Path(config), transfer=transfer)
    if isinstance(config, dict):
        return make_configuration({**config, "transfer": config.get("transfer") or {}} if transfer else config)
    if transfer and config.transfer is None:
        raise UsageError("the configuration has no section 'transfer'", cure="make it with one, which may be empty")
    return config


def make_configuration(values: dict[str, Any], file: str | Path | None = None) -> Configuration:
    """Validate settings, turning the first complaint into one line. A section that is None takes its defaults.

    Raises
    ------
    ConfigError
        When there is no such method, or a setting is unknown or out of range.
    """
    values = {key: value for key, value in values.items() if value is not None}
    try:
        return Configuration.model_validate(values)
    except ValidationError as error:
        complaint = error.errors()[0]
        key = _key(values, complaint["loc"])
        if complaint["type"] == "extra_forbidden":
            raise ConfigError(f"'{key}' is no setting", file=file, cure=_suggestion(key, values)) from error
        if complaint["type"] == "missing":
            raise ConfigError(f"'{key}' is missing", file=file, cure=f"add '{key}'") from error
        if complaint["type"] in {"model_type", "dict_type", "model_attributes_type"}:
            message = "holds settings of its own, one per line"
        else:
            same = [each["msg"] for each in error.errors() if _key(values, each["loc"]) == key]  # one per alternative
            texts = [text.removeprefix("Value error, ") for text in dict.fromkeys(same)]
            message = ", or ".join(text[:1].lower() + text[1:] for text in texts)
        where = f"'{key}': " if key else ""
        raise ConfigError(f"{where}{message}", file=file, cure="mend that setting") from error
    except UsageError as error:
        raise ConfigError(error.message, file=file, cure=error.cure) from error


def flat_settings(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting with its dotted name.

    Examples
    --------
    >>> list(flat_settings({"seed": 0, "training": {"steps": 5}}))
    [('seed', 0), ('training.steps', 5)]
    """
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flat_settings(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _key(values: Any, location: tuple[int | str, ...]) -> str:
    """The dotted name of the setting at `location`, without what pydantic adds to it inside unions."""
    names = []
    for part in location:
        inside = isinstance(values, dict)
        if inside or (isinstance(values, list) and isinstance(part, int) and part < len(values)):
            names.append(str(part))
            values = values.get(part) if inside else values[int(part)]
    return ".".join(names)


def _suggestion(key: str, values: dict[str, Any]) -> str:
    """What to do about a setting that does not exist."""
    sections: dict[str, type[BaseModel]] = {"": Configuration}
    for name, field in Configuration.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            sections[f"{name}."] = field.annotation
    sections["transfer."] = TransferConfig  # which may be absent
    sections["options."] = find_method(values["method"]).Config
    known = {prefix + name: name for prefix, section in sections.items() for name in section.model_fields}
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.8)
    if not close:
        names = difflib.get_close_matches(key.rpartition(".")[2], known.values(), n=1)
        close = [full for full, name in known.items() if name in names]
    return f"did you mean '{close[0]}'?" if close else "remove it"
