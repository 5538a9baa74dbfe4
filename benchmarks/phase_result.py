"""The result files of phase.py, and their numbers as the cells of a table."""

from __future__ import annotations

import json
import statistics
from argparse import Namespace
from pathlib import Path

from phase_rows import command, from_command, lines_of, row_name
from result import MISSING
from seeded import Seeded

Results = dict[str, "Phase"]


class Phase(Seeded):
    """What phase.py wrote of one row."""

    @property
    def line(self) -> str:
        """The cell line that tests; of a mixed model the first."""
        return lines_of(from_command(self.values["command"]))[0]

    def mean(self, key: str, line: str | None = None) -> float:
        """A figure on the test half of a cell line, the mean over the seeds."""
        return statistics.mean(self.errors(key, line or self.line))

    @property
    def command_lines(self) -> list[str]:
        """A comment on where it comes from, and the command that repeats each run."""
        options = from_command(self.values["command"])
        return [self.origin, *(command(options, run["seed"]) for run in self.runs)]


def read_phase(folder: Path) -> Results:
    """All results of a folder by name."""
    read = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    return {name: Phase(name, values) for name, values in read.items()}


def found_of(results: Results, row: Namespace) -> Phase | None:
    """The result of a row, where there is one."""
    return results.get(row_name(row))


def cells_of(found: Phase | None, keys: dict[str, str], line: str | None = None) -> list[str]:
    """Figures of a row, each by its key and its form; or that nobody has measured it."""
    if found is None:
        return [MISSING, *["–"] * (len(keys) - 1)]
    return [found.cell(key, line or found.line, form) for key, form in keys.items()]
