"""Reference tables that are made from the code while the site is built, so that they cannot drift from it.

A page asks for one with a comment on a line of its own:

    <!-- fields of cytally.training.config.TrainingConfig under training -->
    <!-- fields of cytally.training.configuration.Configuration at the top -->
    <!-- commands -->
    <!-- flags -->
"""

from __future__ import annotations

import importlib
import re
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

FIELDS = re.compile(r"^<!-- fields of (?P<class>[\w.]+) (?:under (?P<section>\w+)|at the top) -->$", re.MULTILINE)
COMMANDS = re.compile(r"^<!-- commands -->$", re.MULTILINE)
FLAGS = re.compile(r"^<!-- flags -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by MkDocs for each page: put the tables in."""
    markdown = FIELDS.sub(lambda match: fields_table(find_class(match["class"]), match["section"] or ""), markdown)
    markdown = COMMANDS.sub(lambda _match: commands_reference(), markdown)
    return FLAGS.sub(lambda _match: flags_table(), markdown)


def find_class(path: str) -> type[BaseModel]:
    """The class that a dotted path names."""
    module, _, name = path.rpartition(".")
    found = getattr(importlib.import_module(module), name)
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        raise TypeError(f"{path} is not a pydantic class")
    return found


def fields_table(model: type[BaseModel], section: str = "") -> str:
    """One row per setting of `model`, called `section.name`.

    Those of nested classes are included, except at the top of the file, whose sections have tables of their own.
    """
    rows = [
        f"| `{key}` | {type_words(field.annotation)} | {default_words(field)} | {cell(field.description or '')} |"
        for key, field in walk_fields(model, section)
    ]
    return "\n".join(["| Setting | Type | Default | Meaning |", "|---|---|---|---|", *rows])


def walk_fields(model: type[BaseModel], section: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Each setting's dotted name and what pydantic knows of it.

    Raises
    ------
    ValueError
        When a setting has no description.
    """
    for name, field in model.model_fields.items():
        key = f"{section}.{name}" if section else name
        if is_section(field):
            yield from walk_fields(field.annotation, key) if section else ()
            continue
        if not (field.description or "").strip():
            raise ValueError(f"{model.__name__}.{name} has no description")
        yield key, field


def is_section(field: FieldInfo) -> bool:
    """Whether the setting holds settings of its own."""
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def type_words(annotation: Any) -> str:
    """A type as a reader would say it: 'number or none', '`a`, `b` or `c`'."""
    words = {int: "whole number", float: "number", str: "text", bool: "true or false", type(None): "none"}
    if annotation in words:
        return words[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return alternatives([f"`{value}`" for value in arguments])
    if origin in (Union, types.UnionType):
        return alternatives([type_words(argument) for argument in arguments])
    if origin in (list, tuple):
        return "list of " + alternatives(list(dict.fromkeys(type_words(one) for one in arguments if one is not ...)))
    if origin is not None and hasattr(annotation, "__metadata__"):
        return type_words(arguments[0])
    return cell(getattr(annotation, "__name__", str(annotation)))


def alternatives(words: list[str]) -> str:
    """['a', 'b', 'c'] as 'a, b or c'."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def default_words(field: FieldInfo) -> str:
    """A setting's default, as YAML would have it."""
    if field.is_required():
        return "must be given"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, tuple):
        value = list(value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def commands_reference() -> str:
    """One section per command that `cytally --help` lists, with its arguments and options."""
    from cytally.cli.main import app

    return "\n\n".join(section for section in command_sections("cytally", typer.main.get_command(app)))


def command_sections(name: str, command: Any) -> Iterator[str]:
    """The section of `command`, then those of the commands below it."""
    help_text = " ".join((command.help or "").split("\f")[0].split())
    rows = [row for row in map(parameter_row, command.params) if row]
    table = ["", "| Argument or option | Default | Meaning |", "|---|---|---|", *rows] if rows else []
    yield "\n".join([f"## {name}", "", cell(help_text), *table])
    for child, below in getattr(command, "commands", {}).items():
        if not below.hidden:
            yield from command_sections(f"{name} {child}", below)


def parameter_row(parameter: Any) -> str | None:
    """One row of a command's table; None for what every command has or what is hidden."""
    if getattr(parameter, "hidden", False) or {"--help", "--install-completion", "--show-completion"} & set(
        parameter.opts
    ):
        return None
    argument = parameter.param_type_name == "argument"
    names = [parameter.metavar or parameter.name.upper()] if argument else parameter.opts + parameter.secondary_opts
    default = "must be given" if parameter.required else option_default(parameter.default)
    return f"| {', '.join(f'`{name}`' for name in names)} | {default} | {cell(parameter.help or '')} |"


def option_default(value: Any) -> str:
    """An option's default; empty for switches and for options that are off unless given."""
    return "" if value is None or value is False or value == [] or callable(value) else f"`{value}`"


def flags_table() -> str:
    """One row per flag that counts.csv can hold."""
    from cytally.report.words import SENTENCES

    rows = [f"| `{flag}` | {cell(sentence)} |" for flag, sentence in SENTENCES.items()]
    return "\n".join(["| Flag | Meaning |", "|---|---|", *rows])


def cell(text: str) -> str:
    """`text` on one line, safe inside a table."""
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;")
