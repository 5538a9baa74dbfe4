"""One result file of few_labels.py, and its numbers as the cells of a table."""

from __future__ import annotations

import json
import statistics
from argparse import Namespace
from functools import cached_property
from pathlib import Path

from few_labels_rows import METHODS, command, from_command, row_settings, usual_name
from result import EXAMPLES, MISSING, summarise
from rows import other_settings
from seeded import Seeded
from stand_ins import LABELLED

from cytally.errors import ConfigError
from cytally.training.configuration import read_configuration


class FewLabels(Seeded):
    """What few_labels.py wrote of one row."""

    @cached_property
    def options(self) -> Namespace:
        """The command line that made it."""
        return from_command(self.values["command"])

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
        changed = self.changed_since()
        since = f"; since changed: {', '.join(changed)}" if changed else ""
        lines = [command(self.options, run["seed"]) for run in self.runs]
        return [f"{self.origin}{since}", *lines]

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
