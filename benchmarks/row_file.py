"""The result file of a row, to which each seed adds a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from few_labels import as_json
from rows import other_settings

from cytally.files import write_text
from cytally.training.configuration import Configuration


def open_row(path: Path, command: str, is_same: Callable[[str], bool], configuration: Configuration) -> dict[str, Any]:
    """What the file holds, or the beginning of it; exit where its runs are of another row, or had other settings."""
    if not path.is_file():
        return {"command": command, "runs": []}
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if not is_same(result["command"]):
        sys.exit(f"{path}: was made by another command ({result['command']}); move it away")
    changed = other_settings(result.get("configuration", {}), configuration)
    if changed:
        sys.exit(f"{path}: its runs had other settings ({', '.join(changed)}); move it away")
    return result


def has_run(result: dict[str, Any], seed: int) -> bool:
    """Whether a seed has been run."""
    return seed in [run["seed"] for run in result["runs"]]


def add_run(path: Path, result: dict[str, Any], run: dict[str, Any], configuration: Configuration) -> None:
    """Write the file with one more run, in the order of the seeds."""
    runs = sorted([*result["runs"], run], key=lambda each: each["seed"])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(
        path, as_json(result | {"runs": runs, "configuration": configuration.model_dump(mode="json") | {"seed": 0}})
    )
