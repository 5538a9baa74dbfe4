"""The result files of transfer.py, and their numbers as the cells of a table."""

from __future__ import annotations

import json
import statistics
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from result import MISSING, machine_in_words, summarise
from transfer_rows import command, from_command, row_name


@dataclass(frozen=True)
class Transfer:
    """What transfer.py wrote of one row, by the `name` of its file."""

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
        """A measure: the mean, and the standard deviation where there are several runs."""
        found = self.errors(key, block)
        return summarise(found, form) if found else "–"

    @property
    def step_shares(self) -> tuple[str, str]:
        """Time of a step without the decoder, over the mean of those with it, and over one that decodes."""
        every = self.values["configuration"]["options"]["reconstruction_every"]
        found = [run["step_seconds"] for run in self.runs if run.get("step_seconds")]
        if not found:
            return "–", "–"
        times = [(each["without_decoder"], each["with_decoder"]) for each in found]
        decoding = [without + every * (usual - without) for without, usual in times]
        mean = [without / usual for without, usual in times]
        return summarise(mean), summarise([time[0] / each for time, each in zip(times, decoding, strict=True)])

    @property
    def made_by(self) -> str:
        """Kind of machine, and minutes of a run."""
        machines = dict.fromkeys(machine_in_words(run["machine"]) for run in self.runs)
        minutes = statistics.mean(run["minutes"] for run in self.runs)
        return f"{' and '.join(machines)}, {minutes:.1f} min"

    @property
    def command_lines(self) -> list[str]:
        """A comment on where it comes from, and the command that repeats each run."""
        commits = ", ".join(dict.fromkeys(run["commit"] for run in self.runs))
        days = ", ".join(dict.fromkeys(run["made_by"]["created"][:10] for run in self.runs))
        options = from_command(self.values["command"])
        return [f"# {self.name}: commit {commits}, {days}", *(command(options, run["seed"]) for run in self.runs)]


def read_transfers(folder: Path) -> dict[str, Transfer]:
    """All results of a folder by name."""
    read = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    return {name: Transfer(name, values) for name, values in read.items()}


def cell_of(results: dict[str, Transfer], row: Namespace, key: str = "mae", form: str = ".2f") -> str:
    """A measure of a row, or that nobody has measured it."""
    found = results.get(row_name(row))
    return MISSING if found is None else found.cell(key, form=form)
