"""A result file of which each run has a seed of its own, and its numbers as the cells of a table."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from result import machine_in_words, summarise


@dataclass(frozen=True)
class Seeded:
    """What a script wrote of one row, by the `name` of its file."""

    name: str
    values: dict[str, Any]

    @property
    def runs(self) -> list[dict[str, Any]]:
        """What each seed gave."""
        return list(self.values["runs"])

    def errors(self, key: str = "mae", block: str = "test") -> list[float]:
        """A measure of every run that has it."""
        return [run[block][key] for run in self.runs if key in run.get(block, {})]

    def mae(self) -> float:
        """Mean absolute error, the mean over the runs."""
        return statistics.mean(self.errors())

    def cell(self, key: str = "mae", block: str = "test", form: str = ".2f") -> str:
        """Mean over the runs, with its standard deviation where there are several."""
        found = self.errors(key, block)
        return summarise(found, form) if found else "–"

    @property
    def made_by(self) -> str:
        """Kind of machine, and minutes of a run."""
        machines = dict.fromkeys(machine_in_words(run["machine"]) for run in self.runs)
        minutes = statistics.mean(run["minutes"] for run in self.runs)
        return f"{' and '.join(machines)}, {minutes:.1f} min"

    @property
    def origin(self) -> str:
        """A comment on where it comes from."""
        commits = ", ".join(dict.fromkeys(run["commit"] for run in self.runs))
        days = ", ".join(dict.fromkeys(run["made_by"]["created"][:10] for run in self.runs))
        return f"# {self.name}: commit {commits}, {days}"
