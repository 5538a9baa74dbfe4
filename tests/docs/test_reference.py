"""The reference pages know every setting and every command of the code."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

import pytest
import typer
from pydantic import BaseModel, Field

import cytally
from cytally.cli.main import app

DOCS = Path(__file__).parents[2] / "docs"
CONFIGURED = ("cytally.images.", "cytally.datasets.", "cytally.methods.", "cytally.baselines.", "cytally.training.")
"""Floors whose settings a configuration file of `cytally train` holds."""


def load_hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_hooks", DOCS / "hooks.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOOKS = load_hooks()
PAGE = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8")
DOCUMENTED = {HOOKS.find_class(match["class"]): match["section"] or "" for match in HOOKS.FIELDS.finditer(PAGE)}


def settings_classes() -> list[type[BaseModel]]:
    """Every class of settings in the package that has any and is no mere base."""
    names = [module.name for module in pkgutil.walk_packages(cytally.__path__, "cytally.")]
    values = [vars(importlib.import_module(name)).values() for name in names if name.startswith(CONFIGURED)]
    classes = {value: None for module in values for value in module if isinstance(value, type)}
    settings = [one for one in classes if issubclass(one, BaseModel) and one.model_fields]
    leaves = [one for one in settings if not any(one in other.__bases__ for other in settings)]
    return [one for one in leaves if one.__name__.endswith(("Config", "Configuration"))]


@pytest.mark.parametrize("model", settings_classes(), ids=lambda model: model.__name__)
def test_every_setting_is_on_the_page(model: type[BaseModel]) -> None:
    assert model in DOCUMENTED, "ask for its table in docs/reference/configuration.md"
    rendered = HOOKS.on_page_markdown(PAGE)
    section = DOCUMENTED[model]
    for name, field in model.model_fields.items():
        if section:
            assert f"| `{section}.{name}" in rendered
        elif HOOKS.is_section(field):
            assert f"## {name}: " in rendered and name in DOCUMENTED.values()
        else:
            assert f"| `{name}` |" in rendered


def test_every_command_is_on_the_page() -> None:
    rendered = HOOKS.on_page_markdown("<!-- commands -->")
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert {"count", "train", "evaluate", "models", "doctor", "demo"} <= set(commands)
    for name, command in commands.items():
        assert f"## cytally {name}\n" in rendered
        assert (command.help or "").strip(), f"cytally {name} does not say what it does"
        for parameter in command.params:
            assert getattr(parameter, "hidden", False) or parameter.help or "--help" in parameter.opts, parameter.name


class Nested(BaseModel):
    depth: int = Field(3, description="Levels.")


class Sample(BaseModel):
    kind: Literal["a", "b"] = Field("a", description="Either | or.")
    size: Annotated[float, Field(gt=0)] | Literal["auto"] | None = Field(None, description="In <px>.")
    sides: tuple[int, ...] = Field((1, 2), description="Two\n sides.")
    inner: Nested = Field(default_factory=Nested)
    wanted: bool = Field(description="Yes?")


def test_a_table_of_fields() -> None:
    assert "`inner" not in HOOKS.fields_table(Sample), "at the top, sections have tables of their own"
    assert HOOKS.fields_table(Sample, "s").splitlines()[2:] == [
        r"| `s.kind` | `a` or `b` | `a` | Either \| or. |",
        "| `s.size` | number, `auto` or none | none | In &lt;px>. |",
        "| `s.sides` | list of whole number | `[1, 2]` | Two sides. |",
        "| `s.inner.depth` | whole number | `3` | Levels. |",
        "| `s.wanted` | true or false | must be given | Yes? |",
    ]


def test_a_setting_without_a_description_is_refused() -> None:
    class Silent(BaseModel):
        depth: int = 3

    with pytest.raises(ValueError, match=r"Silent\.depth"):
        HOOKS.fields_table(Silent)
    with pytest.raises(TypeError, match="not a pydantic class"):
        HOOKS.find_class("pathlib.Path")


def test_commands_of_any_shape() -> None:
    toy = typer.Typer()
    group = typer.Typer(help="A group.")

    @toy.callback()
    def root(verbose: Annotated[bool, typer.Option("--verbose", help="Say all.")] = False) -> None:
        """A toy."""

    @toy.command()
    def paint(
        inputs: Annotated[list[str], typer.Argument(help="What to paint.")],
        out: Annotated[Path, typer.Option("-o", "--out", help="Where to.")],
        colour: Annotated[str, typer.Option(help="Red | blue.")] = "red",
        secret: Annotated[Any, typer.Option(hidden=True, parser=str)] = None,
    ) -> None:
        """Paint."""

    @group.command("list")
    def show() -> None:
        """List them."""

    toy.add_typer(group, name="things")
    text = "\n\n".join(HOOKS.command_sections("toy", typer.main.get_command(toy)))
    assert "## toy\n\nA toy.\n\n| Argument or option" in text
    assert "| `--verbose` |  | Say all. |" in text
    assert "| `INPUTS` | must be given | What to paint. |" in text
    assert "| `-o`, `--out` | must be given | Where to. |" in text
    assert r"| `--colour` | `red` | Red \| blue. |" in text
    assert "## toy things list\n\nList them." in text and "secret" not in text
