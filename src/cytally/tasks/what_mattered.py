"""Which of the searched settings mattered: a table and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from cytally.files import whole_file
from cytally.report.importance import Tried, importance_picture
from cytally.tasks.functional_anova import total_effects
from cytally.tasks.search_space import Parameter
from cytally.tasks.study import Trial, loss, supposed_losses
from cytally.tasks.tune_config import Objective

IMPORTANCE, PICTURE = "importance.csv", "importance.png"
COLUMNS = ["parameter", "importance", "method", "n", "correlation", "best_value"]

FEWEST = 6
"""Trials without which a model of them is not asked."""


def what_mattered(
    trials: Sequence[Trial], parameters: Sequence[Parameter], objective: Objective, *, lines: bool
) -> pd.DataFrame:
    """How much each searched setting mattered, the most important first.

    Parameters
    ----------
    trials
        In any state; those without a value count as the worst, but for `lines`.
    parameters
        The searched settings.
    objective
        What was made best.
    lines
        Whether the search varied one setting at a time.

    Returns
    -------
    DataFrame
        ``parameter``; ``importance``, which sums to 1, empty where nothing can be said; ``method``; ``n``, the trials
        that speak for it; ``correlation``, Spearman's rank correlation of setting and loss; ``best_value``.

        Methods: ``range``, how far the loss differs along a setting's line; ``anova``, the share of the loss's
        variation that a setting explains (`functional_anova`), from 6 trials on.
    """
    rows = []
    shares = np.full(len(parameters), np.nan) if lines else _explained(trials, parameters, objective)
    for parameter, explained in zip(parameters, shares, strict=True):
        seen, losses = _seen(trials, parameter, objective, lines=lines)
        along = float(np.ptp(losses)) if len(losses) > 1 else np.nan
        share, method = (along, "range") if lines else (float(explained), "anova")
        best = seen[int(np.argmin(losses))] if losses else np.nan
        rows.append((parameter.name, share, method, len(losses), _rank_correlation(seen, losses), best))
    table = pd.DataFrame(rows, columns=COLUMNS)
    total = table["importance"].sum()
    if total > 0:
        table["importance"] /= total
    return table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def write_importance(
    folder: Path, trials: Sequence[Trial], parameters: Sequence[Parameter], objective: Objective, *, lines: bool
) -> None:
    """Write importance.csv and importance.png."""
    table = what_mattered(trials, parameters, objective, lines=lines)
    with whole_file(folder / IMPORTANCE) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")
    places = {parameter.name: parameter for parameter in parameters}
    tried = []
    for name in table["parameter"]:
        parameter = places[name]
        shown = [each for each in _line(trials, name, lines=lines) if each.value is not None]
        shown = [each for each in shown if isinstance(each.settings[name], int | float)]
        tried.append(
            Tried(
                name,
                [float(each.settings[name]) for each in shown],
                [float(each.value or 0.0) for each in shown],
                [each.state == "complete" for each in shown],
                log=parameter.log,
                joined=lines,
            )
        )
    shares = dict(zip(table["parameter"], table["importance"], strict=True))
    method = str(table["method"].iloc[0])
    with whole_file(folder / PICTURE) as temporary:
        temporary.write_bytes(importance_picture(shares, tried, objective=objective, method=method))


def _explained(trials: Sequence[Trial], parameters: Sequence[Parameter], objective: Objective) -> NDArray[np.float64]:
    """The share of the loss's variation that each setting explains (D,); NaN for too few trials."""
    if len(trials) < max(FEWEST, 1 + len(parameters)):
        return np.full(len(parameters), np.nan)
    places = [[parameter.place(trial.settings[parameter.name]) for parameter in parameters] for trial in trials]
    return total_effects(places, supposed_losses(trials, objective))


def _line(trials: Sequence[Trial], name: str, *, lines: bool) -> list[Trial]:
    """The trials that speak for a setting: all, or those along its line with the one that the line begins at."""
    if not lines:
        return list(trials)
    own = [trial for trial in trials if trial.varied == name]
    if not own:
        return []
    others = {key: value for key, value in own[0].settings.items() if key != name}
    begun = [trial for trial in trials if trial.number < own[0].number]
    same = [trial for trial in begun if all(trial.settings.get(key) == value for key, value in others.items())]
    return [*same[-1:], *own]


def _seen(
    trials: Sequence[Trial], parameter: Parameter, objective: Objective, *, lines: bool
) -> tuple[list[float], list[float]]:
    """Values of a setting and the losses they came with."""
    line = _line(trials, parameter.name, lines=lines)
    if lines:  # along so few points a supposed value would be the greatest part of the range
        line = [trial for trial in line if trial.state == "complete" and loss(trial, objective) is not None]
    pairs = [
        (float(trial.settings[parameter.name]), value)
        for trial, value in zip(line, supposed_losses(line, objective), strict=True)
        if isinstance(trial.settings[parameter.name], int | float)
    ]
    return [setting for setting, _ in pairs], [value for _, value in pairs]


def _rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation, 0 where one of the two does not vary."""
    if len(set(first)) < 2 or len(set(second)) < 2:
        return 0.0
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])
