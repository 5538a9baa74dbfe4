"""Searches on functions whose optimum is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from cytally.tasks.search_space import Parameter
from cytally.tasks.strategies import Bayesian, OneAtATime, Proposal, Strategy, find_strategy
from cytally.tasks.study import Trial, best_trial
from cytally.tasks.tune_config import TuneConfig, make_tune_config

RATE = Parameter("rate", 1e-5, 1e-1, log=True)
BATCH = Parameter("batch", 1, 32, integer=True)
START = {"rate": 1e-4, "batch": 16}


def config(**settings: Any) -> TuneConfig:
    return make_tune_config({"configuration": {}, "search": {"a": {"low": 0, "high": 1}}, **settings})


def bowl(settings: dict[str, Any]) -> float:
    """Least, 1, at a rate of 1e-3, and hardly moved by the batch."""
    return 1 + (math.log10(settings["rate"]) + 3) ** 2 + 0.001 * settings["batch"]


def search(strategy: Strategy, judge: Callable[[dict[str, Any]], float | None], most: int = 99) -> list[Trial]:
    trials: list[Trial] = []
    while len(trials) < most and (proposal := strategy.next(trials)) is not None:
        value = judge(proposal.settings)
        state = "failed" if value is None else "complete"
        trials.append(Trial(len(trials), state, value, proposal.settings, 0.0, varied=proposal.varied))
    return trials


def test_bayesian_optimisation_finds_the_bottom_and_repeats_itself() -> None:
    settings = config(trials=14, startup_trials=5, seed=1)
    trials = search(find_strategy(settings, (RATE, BATCH), START), bowl)
    assert len(trials) == 14 and trials[0].settings == START
    best = best_trial(trials, "mae")
    assert best is not None and 5e-4 < best.settings["rate"] < 2e-3
    assert min(trial.value or 99 for trial in trials[5:]) < min(trial.value or 99 for trial in trials[:5])
    assert all(isinstance(trial.settings["batch"], int) for trial in trials)
    resumed = Bayesian((RATE, BATCH), START, settings)
    for done in (1, 6, 13):
        assert resumed.next(trials[:done]) == Proposal(trials[done].settings), "what follows, follows from the trials"
    assert resumed.next(trials) is None
    assert Bayesian((RATE, BATCH), START, config(seed=2)).next(trials[:3]) != Proposal(trials[3].settings)


def test_bayesian_optimisation_keeps_away_from_where_trials_fail() -> None:
    settings = config(trials=14, startup_trials=6)
    trials = search(
        Bayesian((RATE,), {"rate": 1e-4}, settings), lambda at: None if at["rate"] > 3e-3 else -math.log10(at["rate"])
    )
    assert any(trial.state == "failed" for trial in trials)
    assert sum(trial.state == "failed" for trial in trials[6:]) <= 4
    best = best_trial(trials, "mae")
    assert best is not None and best.settings["rate"] > 1e-3


def test_a_start_out_of_range_is_not_tried() -> None:
    for start in (1.0, None, "auto"):
        first = Bayesian((RATE,), {"rate": start}, config()).next([])
        assert first is not None and RATE.contains(first.settings["rate"])


def test_one_at_a_time_by_hand() -> None:
    """Best: rate 1e-3, then batch 1. The grids are 1e-5, 1e-3, 1e-1 and 1, 16, 32; the start is not tried twice."""
    strategy = find_strategy(config(strategy="one-at-a-time", points=3), (RATE, BATCH), START)
    trials = search(strategy, bowl)
    tried = [(trial.settings["rate"], trial.settings["batch"], trial.varied) for trial in trials]
    assert tried == [
        (1e-4, 16, None),
        (1e-5, 16, "rate"),
        (1e-3, 16, "rate"),
        (1e-1, 16, "rate"),
        (1e-3, 1, "batch"),
        (1e-3, 32, "batch"),
    ]
    assert strategy.trials == 6 and best_trial(trials, "mae") is trials[4]


def test_one_at_a_time_about_the_start() -> None:
    strategy = OneAtATime((RATE, BATCH), START, config(strategy="one-at-a-time", points=3, keep_best=False))
    trials = search(strategy, bowl)
    assert [trial.settings["rate"] for trial in trials if trial.varied == "batch"] == [1e-4, 1e-4]
    few = OneAtATime((RATE, BATCH), START, config(strategy="one-at-a-time", points=3, trials=2))
    assert few.trials == len(search(few, bowl)) == 2


def test_one_at_a_time_goes_on_where_trials_fail_and_where_the_start_is_no_number() -> None:
    strategy = OneAtATime((RATE, BATCH), {"rate": None, "batch": 16}, config(strategy="one-at-a-time", points=3))
    trials = search(strategy, lambda at: bowl(at) if at["rate"] == 1e-3 else None)
    assert len(trials) == strategy.trials == 6
    assert [trial.settings["rate"] for trial in trials if trial.varied == "batch"] == [1e-3, 1e-3]
    hopeless = search(strategy, lambda _: None)
    assert [trial.settings["rate"] for trial in hopeless if trial.varied == "batch"] == [None, None]


@pytest.mark.parametrize("objective", ["accuracy", "bias"])
def test_other_objectives_are_made_greatest_or_brought_to_0(objective: str) -> None:
    settings = config(strategy="one-at-a-time", points=5, objective=objective)
    width = Parameter("width", 0, 8)
    trials = search(OneAtATime((width,), {"width": 0.0}, settings), lambda at: at["width"] - 4)
    best = best_trial(trials, objective)  # type: ignore[arg-type]
    assert best is not None and best.settings["width"] == {"accuracy": 8.0, "bias": 4.0}[objective]
