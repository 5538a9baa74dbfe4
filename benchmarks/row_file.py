"""The result file of a row, to which each seed adds a run."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rows import other_settings

from cytally.files import write_text
from cytally.training.configuration import Configuration


def open_row(
    path: Path, command: str, is_same: Callable[[str], bool], configuration: Configuration, cure: str = "move it away"
) -> dict[str, Any]:
    """What the file holds, or the beginning of it; exit where its runs are of another row, or had other settings."""
    if not path.is_file():
        return {"command": command, "runs": []}
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if not is_same(result["command"]):
        sys.exit(f"{path}: was made by another command ({result['command']}); {cure}")
    changed = other_settings(result.get("configuration", {}), configuration)
    if changed:
        sys.exit(f"{path}: its runs had other settings ({', '.join(changed)}); {cure}")
    return result


def has_run(result: dict[str, Any], seed: int) -> bool:
    """Whether a seed has been run."""
    return seed in [run["seed"] for run in result["runs"]]


def add_run(
    path: Path, result: dict[str, Any], run: dict[str, Any], configuration: Configuration, **facts: Any
) -> None:
    """Write the file with one more run, or one anew, in the order of the seeds, and with `facts` about the row."""
    others = [each for each in result["runs"] if each["seed"] != run["seed"]]
    runs = sorted([*others, run], key=lambda each: each["seed"])
    path.parent.mkdir(parents=True, exist_ok=True)
    values = result | {"runs": runs} | facts | {"configuration": configuration.model_dump(mode="json") | {"seed": 0}}
    write_text(path, as_json(values))


def as_json(result: dict[str, Any]) -> str:
    """The result as JSON, each list of numbers in one line."""
    text = json.dumps(result, indent=2)
    return re.sub(r"\[([\s\d.,e+-]+)\]", lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"
