"""The trials of a search, kept so that a kill at any moment costs no more than the trial that ran.

study.json is written whole after each trial and is all that a resumed search knows. What is tried next follows from it
and the seed alone, so that a search that was killed and resumed tries what an undisturbed one would.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from cytally.errors import UsageError
from cytally.files import whole_file, write_text
from cytally.tasks.tune_config import Objective

STUDY, TRIALS = "study.json", "trials.csv"


@dataclass(frozen=True)
class Trial:
    """One choice of settings and what came of it.

    Parameters
    ----------
    number
        From 0.
    state
        ``complete``; ``pruned`` when it was cut off as hopeless; ``failed``.
    value
        The objective: a mean over seeds. Of a pruned trial the best so far where that is known, else None.
    settings
        The searched settings by dotted name.
    seconds
        How long it took.
    best_epoch
        Of the first seed's run.
    error
        Why it failed.
    varied
        Which setting it varied, in a one-at-a-time search.
    curve
        Share of the first seed's run and best validation error so far, wherever that fell.
    """

    number: int
    state: Literal["complete", "pruned", "failed"]
    value: float | None
    settings: dict[str, Any]
    seconds: float
    best_epoch: int | None = None
    error: str = ""
    varied: str | None = None
    curve: list[tuple[float, float]] = field(default_factory=list)


def loss(trial: Trial, objective: Objective) -> float | None:
    """What a search makes least: the value, its distance from 0 for `bias`, its negative for `accuracy`."""
    if trial.value is None:
        return None
    return -trial.value if objective == "accuracy" else abs(trial.value) if objective == "bias" else trial.value


def supposed_losses(trials: Sequence[Trial], objective: Objective) -> list[float]:
    """The loss of each trial, the worst of all where a trial has none: so that a search learns to keep away.

    Examples
    --------
    >>> trials = [Trial(0, "complete", 3.0, {}, 1.0), Trial(1, "failed", None, {}, 1.0)]
    >>> supposed_losses(trials, "mae")
    [3.0, 3.0]
    """
    losses = [loss(trial, objective) for trial in trials]
    worst = max((each for each in losses if each is not None), default=0.0)
    return [worst if each is None else each for each in losses]


def best_trial(trials: Sequence[Trial], objective: Objective) -> Trial | None:
    """The complete trial of the least loss, the earliest of equals; None when none is complete."""
    losses = {trial.number: loss(trial, objective) for trial in trials if trial.state == "complete"}
    least = min((value for value in losses.values() if value is not None), default=None)
    return next((trial for trial in trials if least is not None and losses.get(trial.number) == least), None)


def save_study(folder: Path, settings: dict[str, Any], trials: Sequence[Trial]) -> None:
    """Write study.json."""
    values = {"settings": settings, "trials": [asdict(trial) for trial in trials]}
    write_text(folder / STUDY, json.dumps(values, indent=1) + "\n")


def load_study(folder: Path, settings: dict[str, Any]) -> list[Trial]:
    """The trials of an earlier sitting.

    Raises
    ------
    UsageError
        When the study cannot be read, or was begun with other settings; names the first.
    """
    path = folder / STUDY
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        before = values["settings"]
        trials = [Trial(**{**each, "curve": [tuple(point) for point in each["curve"]]}) for each in values["trials"]]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UsageError("cannot be read", file=path, cure="search anew with --overwrite") from error
    now = json.loads(json.dumps(settings))
    for name in [*before, *now]:
        if before.get(name) != now.get(name):
            raise UsageError(
                f"was begun with other settings ({name} was {before.get(name)} and is {now.get(name)} now)",
                file=folder,
                cure="resume with what it began with, or search anew with --overwrite",
            )
    return trials


def write_trials(folder: Path, trials: Sequence[Trial], names: Sequence[str]) -> None:
    """Write trials.csv: one row per trial, one column per searched setting."""
    rows = [
        {
            "number": trial.number,
            "state": trial.state,
            "value": trial.value,
            **{name: trial.settings.get(name) for name in names},
            "seconds": round(trial.seconds, 2),
            "best_epoch": trial.best_epoch,
            "error": trial.error,
        }
        for trial in trials
    ]
    columns = ["number", "state", "value", *names, "seconds", "best_epoch", "error"]
    table = pd.DataFrame(rows, columns=columns, dtype=object)  # whole numbers stay whole beside empty cells
    with whole_file(folder / TRIALS) as temporary:
        table.to_csv(temporary, index=False)
