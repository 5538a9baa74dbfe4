"""One trial: what is judged, when it is cut off, and what becomes of one that fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cytally.errors import CytallyError, DataError, OutputError
from cytally.tasks import trial_run
from cytally.tasks.strategies import Proposal
from cytally.tasks.trial_run import TrialRun
from cytally.tasks.tune_config import make_tune_config
from cytally.training.configuration import Configuration, make_configuration
from cytally.training.state import TrainingProgress

CONFIGURATION = make_configuration({"method": "density", "seed": 3, "training": {"steps": 10}})
TRIED = Proposal({"training.learning_rate": 1e-3}, "training.learning_rate")


def trained(metrics: dict[str, float]) -> Any:
    return SimpleNamespace(card=SimpleNamespace(validation=metrics, provenance={"best_epoch": 4}))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., TrialRun]:
    """``run(train, **settings)``: a trial that trains by the function `train`."""

    def make(train: Callable[..., Any], shares: list[float] | None = None, **settings: Any) -> TrialRun:
        monkeypatch.setattr(trial_run, "train", train)
        config = make_tune_config({"configuration": {}, "search": {"a": {"low": 0, "high": 1}}, **settings})
        told: list[float] = [] if shares is None else shares
        return TrialRun(config, CONFIGURATION, Path("data"), "cpu", lambda _: None, told.append)

    return make


def progress(step: int, error: float) -> TrainingProgress:
    return TrainingProgress(step / 10, step, step, 0.0, 1.0, error, error)


def test_the_mean_over_seeds_is_judged(run: Callable[..., TrialRun]) -> None:
    seen: list[tuple[int, float, float | None]] = []

    def train(configuration: Configuration, data: Path, *, minutes: float | None, watch: Any, **_: Any) -> Any:
        seen.append((configuration.seed, configuration.training.learning_rate, minutes))
        for step in range(1, 11):
            watch.on_step(progress(step, 9.0 - configuration.seed))
        return trained({"mae": 2.0, "accuracy": 0.1 * configuration.seed})

    shares: list[float] = []
    trial = run(train, shares, seeds=2, objective="accuracy", minutes_per_trial=5).run(TRIED, 7, [])
    assert seen == [(3, 1e-3, 5.0), (4, 1e-3, 5.0)]
    assert (trial.number, trial.state, trial.value, trial.best_epoch) == (7, "complete", pytest.approx(0.35), 4)
    assert trial.varied == "training.learning_rate" and trial.curve == [(0.1, 6.0)]
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) == 20


@pytest.mark.parametrize(("objective", "value"), [("mae", 5.0), ("accuracy", None)])
def test_what_promises_nothing_is_cut_off(run: Callable[..., TrialRun], objective: str, value: float | None) -> None:
    steps: list[int] = []

    def train(*_: Any, watch: Any, **__: Any) -> Any:
        for step in range(1, 11):
            steps.append(step)
            watch.on_step(progress(step, 5.0))
        return trained({"mae": 5.0, "accuracy": 0.0})

    finished = [[(0.1, 9.0), (0.5, 1.0)]] * 4
    trial = run(train, objective=objective).run(TRIED, 5, finished)
    assert (trial.state, trial.value, steps) == ("pruned", value, [1, 2, 3, 4, 5])
    assert run(train, pruning=False).run(TRIED, 5, finished).state == "complete"
    assert run(train).run(TRIED, 5, finished[:3]).state == "complete"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (CytallyError("the loss is no longer a number at step 3", cure="lower it"), "no longer a number"),
        (MemoryError(), "the memory did not suffice"),
        (RuntimeError("CUDA out of memory"), "the memory did not suffice"),
        (ValueError("too few\nvalues"), "ValueError: too few values"),
    ],
)
def test_a_failure_is_a_row(run: Callable[..., TrialRun], error: Exception, says: str) -> None:
    def train(*_: Any, **__: Any) -> Any:
        raise error

    for number in (0, 3):
        trial = run(train).run(TRIED, number, [])
        assert trial.state == "failed" and trial.value is None and says in trial.error and "\n" not in trial.error


def test_what_no_setting_mends_ends_the_search(run: Callable[..., TrialRun]) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise DataError("no image has a cell", file="data")

    def full(*_: Any, **__: Any) -> Any:
        raise OutputError("can no longer be written to")

    with pytest.raises(DataError):
        run(broken).run(TRIED, 0, [])
    assert run(broken).run(TRIED, 1, []).state == "failed"
    with pytest.raises(OutputError):
        run(full).run(TRIED, 1, [])
    forbidden = run(broken).run(Proposal({"training.learning_rate": -1.0}), 1, [])
    assert forbidden.state == "failed" and "training.learning_rate" in forbidden.error


def test_an_objective_that_the_images_do_not_tell(run: Callable[..., TrialRun]) -> None:
    trial = run(lambda *_, **__: trained({"mae": 1.0}), objective="mre").run(TRIED, 0, [])
    assert trial.state == "failed" and "do not tell 'mre'" in trial.error
