"""The result files of transfer.py, and their numbers as the cells of a table."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

from result import MISSING, summarise
from seeded import Seeded
from transfer_rows import command, from_command, row_name


class Transfer(Seeded):
    """What transfer.py wrote of one row."""

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
    def command_lines(self) -> list[str]:
        """A comment on where it comes from, and the command that repeats each run."""
        options = from_command(self.values["command"])
        return [self.origin, *(command(options, run["seed"]) for run in self.runs)]


def read_transfers(folder: Path) -> dict[str, Transfer]:
    """All results of a folder by name."""
    read = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    return {name: Transfer(name, values) for name, values in read.items()}


def cell_of(results: dict[str, Transfer], row: Namespace, key: str = "mae", form: str = ".2f") -> str:
    """A measure of a row, or that nobody has measured it."""
    found = results.get(row_name(row))
    return MISSING if found is None else found.cell(key, form=form)
