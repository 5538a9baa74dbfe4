"""The result files of the benchmarks on volumes, and their numbers as the cells of a table."""

from __future__ import annotations

import json
import statistics
from argparse import Namespace
from pathlib import Path
from typing import Any

from result import MISSING, summarise
from seeded import Seeded
from volumes_rows import command, from_command, row_name

Values = dict[str, Any]
Results = dict[str, "Volumes"]

FORMS = {"seg": ".3f", "det": ".3f", "mean_iou": ".4f", "peseg": ".4f", "parameters": ",.0f"}


class Volumes(Seeded):
    """What volumes.py wrote of one row."""

    @property
    def options(self) -> Namespace:
        """Of the command that made it."""
        return from_command(self.values["command"])

    def mean(self, key: str, block: str = "linked") -> float | None:
        """A figure, the mean over the seeds; None where no run has it."""
        found = self.errors(key, block)
        return statistics.mean(found) if found else None

    def cells(self, keys: tuple[str, ...], block: str = "linked") -> list[str]:
        """Figures of a way that objects arise, or that it has not been measured."""
        if not self.errors(keys[0], block):
            return not_measured(keys)
        return [self.figure(key, block) for key in keys]

    def figure(self, key: str, block: str) -> str:
        """Mean, and deviation; of parameters their number alone."""
        if key == "parameters":
            return ", ".join(dict.fromkeys(f"{each:,.0f}" for each in self.errors(key, block)))
        return self.cell(key, block, FORMS[key])

    def above(self, other: Volumes, key: str = "mean_iou", block: str = "linked") -> list[float]:
        """How much higher a figure is than another row's, for each seed that both have."""
        ours, theirs = ({run["seed"]: run[block][key] for run in each.runs} for each in (self, other))
        return [ours[seed] - theirs[seed] for seed in ours if seed in theirs]

    @property
    def trained(self) -> str:
        """Kind of machine, minutes, steps and seeds."""
        steps = " or ".join(dict.fromkeys(f"{run['steps']:,}" for run in self.runs))
        return f"{self.made_by}, {steps} steps, {len(self.runs)} seed{'s' * (len(self.runs) > 1)}"

    @property
    def minutes(self) -> str:
        """Minutes of training."""
        return summarise([run["minutes"] for run in self.runs], ".1f")

    @property
    def command_lines(self) -> list[str]:
        """A comment on where it comes from, and the command that repeats each run."""
        return [self.origin, *(command(self.options, run["seed"]) for run in self.runs)]


def read_volumes(folder: Path) -> Results:
    """All results of a folder by name."""
    read = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    return {name: Volumes(name, values) for name, values in read.items()}


def found_of(results: Results, row: Namespace) -> Volumes | None:
    """The result of a row, where there is one."""
    return results.get(row_name(row))


def not_measured(cells: tuple[str, ...]) -> list[str]:
    """As many cells that say that there is nothing."""
    return [MISSING, *["–"] * (len(cells) - 1)]


def lines_of(results: Results, rows: list[Namespace]) -> list[str]:
    """The commands of rows, measured or not."""
    lines = []
    for row in rows:
        found = found_of(results, row)
        lines += found.command_lines if found else [f"# {MISSING}", command(row)]
    return lines


def origin(measured: Values, name: str) -> str:
    """A comment on where a single result comes from."""
    if not measured:
        return f"# {MISSING}"
    return f"# {name}: commit {measured['commit']}, {measured['made_by']['created'][:10]}"


def answer(reached: bool | None) -> str:
    """In a word; None is not known."""
    return MISSING if reached is None else "yes" if reached else "no"
