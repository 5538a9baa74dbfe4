"""Settings as YAML files and command lines give them, before a class checks them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from cytally.errors import ConfigError

Settings = dict[str, Any]


def read_settings(path: Path, begin: str) -> Settings:
    """What a YAML file of settings holds.

    Parameters
    ----------
    path
        The file.
    begin
        A line that such a file may begin with, for the error of an empty one.

    Raises
    ------
    ConfigError
        When it is missing, no YAML, or holds anything but settings.
    """
    if not path.is_file():
        raise ConfigError(
            "there is no such configuration", file=path, cure="give the path of a YAML file, as in examples/"
        )
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"is no valid YAML ({str(error).splitlines()[0]})", file=path, cure="mend the file"
        ) from error
    if not isinstance(values, dict):
        raise ConfigError("holds no settings", file=path, cure=f"begin with a line like '{begin}'")
    return values


def apply_setting(settings: Settings, change: str, file: Path | None, example: str) -> None:
    """Apply one ``key=value``, whose key is dotted and whose value is YAML, in place.

    Parameters
    ----------
    settings
        What is changed.
    change
        As the command line gives it.
    file, example
        What errors name: the settings' file, and a change that makes sense.

    Raises
    ------
    ConfigError
        When there is no key or no value, a section of that name holds a value, or the value is no YAML.

    Examples
    --------
    >>> settings = {"seed": 0}
    >>> apply_setting(settings, "training.crop=[1, 2]", None, "training.batch_size=8")
    >>> settings
    {'seed': 0, 'training': {'crop': [1, 2]}}
    """
    key, equals, text = change.partition("=")
    if not equals or not all(key.strip().split(".")):
        raise ConfigError(
            f"the setting '{change}' has no key or no value",
            file=file,
            cure=f"write it as key=value, as --set {example}",
        )
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"the value of '{key}' is no valid YAML", file=file, cure="quote it") from error
    put(settings, key.strip(), value, file)


def put(settings: Settings, name: str, value: object, file: Path | None = None) -> None:
    """Change the setting of a dotted name in place, making sections that are missing.

    Raises
    ------
    ConfigError
        When a section of that name holds a value.
    """
    *sections, last = name.split(".")
    for section in sections:
        if settings.get(section) is None:
            settings[section] = {}
        settings = settings[section]
        if not isinstance(settings, dict):
            raise ConfigError(f"'{name}' is no setting", file=file, cure=f"'{section}' holds a value of its own")
    settings[last] = value
