"""Rules of the house that no linter knows; which floor may import which is checked by `lint-imports`."""

from __future__ import annotations

from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "cytally"
MODULES = sorted(SOURCE.rglob("*.py"))
VAGUE = {"util", "utils", "helper", "helpers", "misc", "common"}
LONGEST = 400


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_every_module_is_named_after_its_one_idea_and_is_short(module: Path) -> None:
    assert not VAGUE & set(module.relative_to(SOURCE).with_suffix("").parts), "name it after what is in it"
    assert len(module.read_text(encoding="utf-8").splitlines()) <= LONGEST, "split it"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_every_module_says_what_it_is_for(module: Path) -> None:
    first = module.read_text(encoding="utf-8").lstrip()
    assert first.startswith('"""'), "begin with a docstring"
    assert not first.startswith('"""TODO'), "say what it is for"


def test_the_architecture_page_names_every_floor() -> None:
    page = (SOURCE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    packages = sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))
    assert packages, "the package has no floors"
    assert [name for name in packages if f"`{name}/`" not in page] == []
