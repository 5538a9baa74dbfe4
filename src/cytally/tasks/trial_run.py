"""One trial of a search: train with some settings, cut off what promises nothing, and say what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from cytally.errors import CytallyError, DataError, ModelError, OutputError, UsageError
from cytally.inference.torch_backend import Device
from cytally.models.model import Model
from cytally.tasks.pruning import Curve, Pruned, hopeless
from cytally.tasks.search_space import with_values
from cytally.tasks.strategies import Proposal
from cytally.tasks.study import Trial
from cytally.tasks.train import train
from cytally.tasks.tune_config import TuneConfig
from cytally.tasks.watch import Watch
from cytally.training.configuration import Configuration
from cytally.training.state import TrainingProgress

FAILURES = (CytallyError, MemoryError, RuntimeError, ValueError, ArithmeticError)
"""What training with settings that do not suit may raise: torch tells of most with a RuntimeError or ValueError."""


@dataclass(frozen=True)
class TrialRun:
    """Everything that all trials of a search share.

    Parameters
    ----------
    config
        The search.
    configuration
        What is tuned.
    data
        The data folder. Trials are judged on the validation images that training keeps aside from it.
    device
        Where to train.
    on_note
        Called with what training notes.
    on_share
        Called with the share of the trial that is done.
    """

    config: TuneConfig
    configuration: Configuration
    data: Path
    device: Device
    on_note: Callable[[str], None]
    on_share: Callable[[float], None]

    def run(self, proposal: Proposal, number: int, finished: Sequence[Curve]) -> Trial:
        """Train with the proposed settings, once per seed.

        Parameters
        ----------
        proposal
            What to try.
        number
            The trial's number.
        finished
            Curves of the complete trials, for pruning.

        Raises
        ------
        DataError, ModelError, UsageError
            In trial 0, where they are no fault of the settings that are tried.
        OutputError
            When no disk space is left.
        """
        course = _Course(self, finished)
        started = time.monotonic()
        values: list[float] = []
        best_epoch, error, state, value = None, "", "complete", None
        try:
            configuration = with_values(self.configuration, proposal.settings)
            for seed in range(self.config.seeds):
                course.seed = seed
                model = self._train(configuration, configuration.seed + seed, course)
                values.append(_value(model, self.config.objective))
                best_epoch = model.card.provenance.get("best_epoch") if best_epoch is None else best_epoch
            value = fmean(values)
        except Pruned:
            state = "pruned"
            told = self.config.objective == "mae" and self.configuration.training.judge_by == "count"
            value = course.best if told else None
        except FAILURES as failure:
            if isinstance(failure, OutputError):
                raise
            if number == 0 and isinstance(failure, DataError | ModelError | UsageError):
                raise
            state, error = "failed", failure_words(failure)
        seconds = time.monotonic() - started
        return Trial(
            number,
            state,  # type: ignore[arg-type]
            value,
            proposal.settings,
            seconds,
            best_epoch,
            error,
            proposal.varied,
            course.curve,
        )

    def _train(self, configuration: Configuration, seed: int, course: _Course) -> Model:
        return train(
            configuration.model_copy(update={"seed": seed}),
            self.data,
            minutes=self.config.minutes_per_trial,
            device=self.device,
            watch=Watch(on_note=self.on_note, on_step=course.step),
        )


class _Course:
    """The curve of a trial as it runs; raises `Pruned` where that promises nothing."""

    def __init__(self, run: TrialRun, finished: Sequence[Curve]) -> None:
        self.config, self.on_share, self.finished = run.config, run.on_share, finished
        self.curve: list[tuple[float, float]] = []
        self.best, self.seed, self._looked = float("inf"), 0, -1

    def step(self, progress: TrainingProgress) -> None:
        self.on_share((self.seed + progress.done) / self.config.seeds)
        if self.seed > 0:  # curves are those of the first seed
            return
        if progress.best_error < self.best:
            self.best = progress.best_error
            self.curve.append((round(progress.done, 4), self.best))
        percent = int(100 * progress.done)
        if self.config.pruning and percent > self._looked:
            self._looked = percent
            warm_up, least = self.config.pruning_warm_up, self.config.pruning_after
            if hopeless(progress.done, self.best, self.finished, warm_up=warm_up, least=least):
                raise Pruned


def failure_words(error: BaseException) -> str:
    """Why a trial failed, in one line.

    Examples
    --------
    >>> failure_words(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"))
    'the memory did not suffice'
    >>> failure_words(ValueError("too\\nfew values"))
    'ValueError: too few values'
    """
    if isinstance(error, CytallyError):
        return error.line()
    if isinstance(error, MemoryError) or "memory" in str(error).lower():
        return "the memory did not suffice"
    return " ".join(f"{type(error).__name__}: {error}".split())


def _value(model: Model, objective: str) -> float:
    value = model.card.validation.get(objective)
    if value is None:
        raise CytallyError(f"the validation images do not tell '{objective}'", cure="choose another objective, as mae")
    return float(value)
