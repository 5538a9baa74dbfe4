"""One result file of few_labels.py, and its numbers as the cells of a table."""

from __future__ import annotations

import json
import statistics
from argparse import Namespace
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from few_labels_rows import METHODS, command, from_command, row_settings, usual_name
from result import EXAMPLES, MISSING, machine_in_words, summarise
from rows import other_settings
from stand_ins import LABELLED

from cytally.errors import ConfigError
from cytally.training.configuration import read_configuration


@dataclass(frozen=True)
class FewLabels:
    """What few_labels.py wrote of one row, by the `name` of its file."""

    name: str
    values: dict[str, Any]

    @cached_property
    def options(self) -> Namespace:
        """The command line that made it."""
        return from_command(self.values["command"])

    @property
    def runs(self) -> list[dict[str, Any]]:
        """What each seed gave."""
        return list(self.values["runs"])

    @property
    def is_usual(self) -> bool:
        """Whether it is a row that shall be there: no setting was changed, and it bears no name of its own."""
        return not self.options.settings and self.name == usual_name(self.options)

    @property
    def method_in_words(self) -> str:
        """The method, and what was changed."""
        share = self.options.labelled
        changes = [f"`{setting}`" for setting in self.options.settings]
        changes += [f"{100 * share:g} % labelled"] if share != LABELLED else []
        return ", ".join([f"`{self.options.method}`", *changes])

    def errors(self, key: str = "mae", block: str = "test") -> list[float]:
        """A measure of every run that has it."""
        return [run[block][key] for run in self.runs if key in run.get(block, {})]

    def mae(self) -> float:
        """Mean absolute error, the mean over the runs."""
        return statistics.mean(self.errors())

    def cell(self, key: str, block: str = "test", form: str = ".2f") -> str:
        """Mean over the runs, with its standard deviation where there are several."""
        found = self.errors(key, block)
        return summarise(found, form) if found else "–"

    @property
    def origin_auc(self) -> str:
        """How well natural and drawn images are told apart by their latent means."""
        found = [run["origin_auc"] for run in self.runs if run.get("origin_auc") is not None]
        return summarise(found) if found else "–"

    @property
    def steps(self) -> str:
        """Steps of a run, on the average."""
        return (
            f"{statistics.mean(run['steps'] for run in self.runs):,.0f}" if METHODS[self.options.method].learns else "–"
        )

    @property
    def made_by(self) -> str:
        """Kind of machine, and minutes of a run."""
        machines = dict.fromkeys(machine_in_words(run["machine"]) for run in self.runs)
        minutes = statistics.mean(run["minutes"] for run in self.runs)
        return f"{' and '.join(machines)}, {minutes:.1f} min"

    @property
    def seeds(self) -> str:
        """The seeds of the runs."""
        return ", ".join(str(run["seed"]) for run in self.runs)

    @property
    def images(self) -> str:
        """How many images train, are labelled and test."""
        images = self.values["images"]
        return f"{images['train']} images train, {images['labelled']} of them labelled; {images['test']} test."

    @property
    def command_lines(self) -> list[str]:
        """A comment on where it comes from, and the command that repeats each run."""
        commits = ", ".join(dict.fromkeys(run["commit"] for run in self.runs))
        days = ", ".join(dict.fromkeys(run["made_by"]["created"][:10] for run in self.runs))
        changed = self.changed_since()
        since = f"; since changed: {', '.join(changed)}" if changed else ""
        lines = [command(self.options, run["seed"]) for run in self.runs]
        return [f"# {self.name}: commit {commits}, {days}{since}", *lines]

    def changed_since(self) -> list[str]:
        """Settings of the configuration in examples/ that are no longer those it was made with."""
        source = EXAMPLES / METHODS[self.options.method].configuration
        try:
            return other_settings(self.values["configuration"], read_configuration(source, row_settings(self.options)))
        except ConfigError as error:
            return [error.message]


def read_few_labels(folder: Path) -> list[FewLabels]:
    """All results of a folder, sorted by name."""
    return [
        FewLabels(path.stem, json.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.json"))
    ]


def find(results: list[FewLabels], row: Namespace) -> FewLabels | None:
    """The result of a row that shall be there."""
    return next((each for each in results if each.is_usual and each.name == usual_name(row)), None)


def factor(one: FewLabels | None, other: FewLabels | None) -> str:
    """How large the error of `one` is beside that of the `other`."""
    return MISSING if one is None or other is None or other.mae() == 0 else f"{one.mae() / other.mae():.2f}"
