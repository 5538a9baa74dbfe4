"""Which settings to try next: Bayesian optimisation, or one setting at a time.

A strategy keeps nothing between two trials: the next one follows from those before and the seed.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from cytally.tasks.search_space import Parameter
from cytally.tasks.study import Trial, loss, supposed_losses
from cytally.tasks.tune_config import Objective, TuneConfig

if TYPE_CHECKING:
    import optuna

TRIALS = 30
"""Trials of a Bayesian search where none are given."""


@dataclass(frozen=True)
class Proposal:
    """Settings to try, and which of them is `varied` in a one-at-a-time search."""

    settings: dict[str, Any]
    varied: str | None = None


class Strategy(Protocol):
    """A way to search."""

    trials: int
    """How many trials it takes."""

    def next(self, trials: Sequence[Trial]) -> Proposal | None:
        """What to try after `trials`; None when there is nothing left."""


def find_strategy(config: TuneConfig, parameters: Sequence[Parameter], start: Mapping[str, Any]) -> Strategy:
    """The strategy that a configuration names, begun at the settings `start`."""
    if config.strategy == "bayesian":
        return Bayesian(parameters, start, config)
    return OneAtATime(parameters, start, config)


class Bayesian:
    """Gaussian-process Bayesian optimisation: a Matérn 5/2 kernel, log expected improvement (optuna's GPSampler).

    The first trial is the configuration as it is, if its settings lie within the ranges; trials at random follow, and
    from `startup_trials` on the model chooses. Trials without a value count as the worst of all, so that the search
    keeps away from where they were.
    """

    def __init__(self, parameters: Sequence[Parameter], start: Mapping[str, Any], config: TuneConfig) -> None:
        self.parameters, self.start, self.config = parameters, dict(start), config
        self.trials = config.trials or TRIALS

    def next(self, trials: Sequence[Trial]) -> Proposal | None:
        """The start, a point at random, or the greatest expected improvement."""
        number = len(trials)
        if number >= self.trials:
            return None
        if number == 0 and all(each.contains(self.start[each.name]) for each in self.parameters):
            return Proposal(self.start)
        from optuna.samplers import GPSampler

        # A seed per trial: a resumed search draws what an undisturbed one would have drawn.
        drawn = int(np.random.SeedSequence((self.config.seed, number)).generate_state(1)[0])
        sampler = GPSampler(seed=drawn, n_startup_trials=self.config.startup_trials, warn_independent_sampling=False)
        study = study_of(trials, self.parameters, self.config.objective, sampler)
        values = study.ask(distributions(self.parameters)).params
        return Proposal({each.name: each.number(values[each.name]) for each in self.parameters})


class OneAtATime:
    """Each setting varied alone over a grid while the others stay, as Kenneweg, Stallmann & Hammer (2022) searched.

    The first trial is the configuration as it is. With `keep_best` the best value of a setting is kept while the next
    one is varied (a greedy search along coordinates); without, all are varied about the start.
    """

    def __init__(self, parameters: Sequence[Parameter], start: Mapping[str, Any], config: TuneConfig) -> None:
        self.parameters, self.start, self.config = parameters, dict(start), config
        whole = 1 + sum(len(self._others(each, self.start)) for each in parameters)
        self.trials = min(config.trials or whole, whole)

    def next(self, trials: Sequence[Trial]) -> Proposal | None:
        """The next value of the setting whose turn it is."""
        if len(trials) >= self.trials:
            return None
        if not trials:
            return Proposal(self.start)
        earlier = iter(trials)
        standing, least = dict(self.start), _loss(next(earlier), self.config.objective)
        for parameter in self.parameters:
            best, lowest = standing[parameter.name], least
            for value in self._others(parameter, standing):
                trial = next(earlier, None)
                if trial is None:
                    return Proposal({**standing, parameter.name: value}, parameter.name)
                if _loss(trial, self.config.objective) < lowest:
                    best, lowest = value, _loss(trial, self.config.objective)
            if self.config.keep_best:
                standing[parameter.name], least = best, lowest
        return None

    def _others(self, parameter: Parameter, standing: Mapping[str, Any]) -> list[float | int]:
        """The grid without the value that the setting has."""
        value = standing[parameter.name]
        known = value if isinstance(value, int | float) else math.nan
        return [each for each in parameter.grid(self.config.points) if not math.isclose(each, known, rel_tol=1e-9)]


def study_of(
    trials: Sequence[Trial],
    parameters: Sequence[Parameter],
    objective: Objective,
    sampler: optuna.samplers.BaseSampler | None = None,
) -> optuna.study.Study:
    """The trials as optuna sees them: all complete, the least value the best."""
    import optuna

    logging.getLogger("optuna").setLevel(logging.ERROR)
    study = optuna.create_study(direction="minimize", sampler=sampler)
    space = distributions(parameters)
    for trial, value in zip(trials, supposed_losses(trials, objective), strict=True):
        study.add_trial(optuna.trial.create_trial(params=trial.settings, distributions=space, value=value))
    return study


def distributions(parameters: Sequence[Parameter]) -> dict[str, optuna.distributions.BaseDistribution]:
    """The search space as optuna writes it."""
    from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

    space: dict[str, BaseDistribution] = {}
    for each in parameters:
        if each.integer:
            low, high = round(each.low), round(each.high)
            space[each.name] = IntDistribution(low, high, log=each.log, step=round(each.step or 1))
        else:
            space[each.name] = FloatDistribution(each.low, each.high, log=each.log, step=each.step)
    return space


def _loss(trial: Trial, objective: Objective) -> float:
    """The loss of a trial that came to its end, else infinite."""
    value = loss(trial, objective) if trial.state == "complete" else None
    return math.inf if value is None else value
