"""The loop over the trials of a search, and what is written after each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from cytally.files import write_text
from cytally.tasks.search_space import Parameter, start_values, with_values
from cytally.tasks.strategies import find_strategy
from cytally.tasks.study import Trial, best_trial, save_study, write_trials
from cytally.tasks.trial_run import TrialRun
from cytally.tasks.tune_config import TuneConfig
from cytally.tasks.what_mattered import write_importance
from cytally.training.configuration import Configuration

BEST = "best.yaml"

DRAW_SECONDS = 30.0
"""Least time between two drawings of importance.png before the end."""


@dataclass(frozen=True)
class TuningProgress:
    """Where a search stands: trials done, how many there are, the share of the search, the best trial so far."""

    number: int
    trials: int
    done: float
    best: Trial | None


class Search:
    """A search that runs.

    Parameters
    ----------
    folder
        Where to write.
    config, configuration, parameters
        How is searched, what is tuned, and which of its settings.
    deciding
        All that the search depends on, for study.json.
    trials
        Those of earlier sittings.
    on_progress
        Called while and after each trial.
    """

    def __init__(
        self,
        folder: Path,
        config: TuneConfig,
        configuration: Configuration,
        parameters: tuple[Parameter, ...],
        deciding: dict[str, Any],
        trials: list[Trial],
        on_progress: Callable[[TuningProgress], None],
    ) -> None:
        self.folder, self.config, self.configuration, self.parameters = folder, config, configuration, parameters
        self.deciding, self.trials, self.on_progress = deciding, trials, on_progress
        self.start = start_values(configuration, parameters)
        self.strategy = find_strategy(config, parameters, self.start)
        self.minutes: float | None = None
        self._drawn = time.monotonic()

    @property
    def best(self) -> Trial | None:
        """The best trial so far."""
        return best_trial(self.trials, self.config.objective)

    def run(self, trial_run: TrialRun, minutes: float | None) -> None:
        """Try one proposal after the other until none is left or the time is spent."""
        self.minutes = minutes
        self.write()
        while minutes is None or self._seconds() < 60 * minutes:
            proposal = self.strategy.next(self.trials)
            if proposal is None:
                break
            self.tell(0.0)
            finished = [trial.curve for trial in self.trials if trial.state == "complete"]
            trial = trial_run.run(proposal, len(self.trials), finished)
            if trial.state == "failed":
                trial_run.on_note(f"Trial {trial.number} failed: {trial.error}")
            self.trials.append(trial)
            self.write()
            self.tell(0.0)
            if time.monotonic() - self._drawn > DRAW_SECONDS:
                self.draw()

    def tell(self, share: float) -> None:
        """Tell where the search stands, when `share` of the trial that runs is done."""
        count = len(self.trials)
        done = (count + share) / self.strategy.trials
        if self.minutes is not None:
            done = max(done, self._seconds() / (60 * self.minutes))
        self.on_progress(TuningProgress(count, self.strategy.trials, min(1.0, done), self.best))

    def write(self) -> None:
        """Write study.json, trials.csv and best.yaml. The first is what a resumed search believes."""
        save_study(self.folder, self.deciding, self.trials)
        write_trials(self.folder, self.trials, [parameter.name for parameter in self.parameters])
        if self.best is not None:
            write_text(self.folder / BEST, self._best_yaml(self.best))

    def draw(self) -> None:
        """Write importance.csv and importance.png."""
        lines = self.config.strategy == "one-at-a-time"
        write_importance(self.folder, self.trials, self.parameters, self.config.objective, lines=lines)
        self._drawn = time.monotonic()

    def _seconds(self) -> float:
        return sum(trial.seconds for trial in self.trials)

    def _best_yaml(self, best: Trial) -> str:
        states = [trial.state for trial in self.trials]
        budget = self.config.minutes_per_trial
        lines = [
            f"Made by cytally {version('cytally')}: the best of {len(states)} trials "
            f"({states.count('pruned')} pruned, {states.count('failed')} failed; {self.config.strategy}).",
            f"Trial {best.number}: {self.config.objective} {best.value:.6g} on validation images"
            + (f", mean of {self.config.seeds} seeds" if self.config.seeds > 1 else ""),
            *(f"  {name}: {value} (was {self.start[name]})" for name, value in best.settings.items()),
            "cytally train best.yaml --data DATA -o MODEL" + (f" --minutes {budget:g}" if budget else ""),
        ]
        values = with_values(self.configuration, best.settings).model_dump(mode="json")
        settings = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
        return "".join(f"# {line}\n" for line in lines) + settings
