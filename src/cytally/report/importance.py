"""The picture of a search for settings: how much each mattered, and the error over its values."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#777777"
WIDE = 30.0
"""Greatest over least value from which an axis is logarithmic."""
METHODS = {"anova": "share of the variation explained", "range": "share of the ranges of the lines"}


@dataclass(frozen=True)
class Tried:
    """What came of the values of one setting.

    Parameters
    ----------
    name
        The setting.
    settings, values
        One of each per trial (N,), in the order of the trials.
    finished
        Whether each trial came to its end; others are drawn hollow.
    log
        Whether the setting's axis is logarithmic.
    joined
        Whether nothing else varied, so that a line may join the points.
    """

    name: str
    settings: Sequence[float]
    values: Sequence[float]
    finished: Sequence[bool]
    log: bool = False
    joined: bool = False


def importance_picture(
    shares: Mapping[str, float], tried: Sequence[Tried], *, objective: str = "mae", method: str = "anova"
) -> bytes:
    """Bars of importance above, a panel of value over setting for each setting below.

    Parameters
    ----------
    shares
        How much each setting mattered; NaN where that is not known.
    tried
        The panels.
    objective, method
        Names for the axes.

    Returns
    -------
    bytes
        A PNG file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(3, max(1, len(tried)))
    rows = math.ceil(len(tried) / columns)
    bars = 0.9 + 0.3 * len(shares)
    figure = Figure(figsize=(max(5.0, 3.2 * columns), bars + 2.6 * rows), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(1 + rows, columns, height_ratios=[bars, *[2.6] * rows])
    _bars(figure.add_subplot(grid[0, :]), shares, METHODS.get(method, method))
    for place, each in enumerate(tried):
        _panel(figure.add_subplot(grid[1 + place // columns, place % columns]), each, objective)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return buffer.getvalue()


def _bars(axes: Axes, shares: Mapping[str, float], label: str) -> None:
    known = {name: share for name, share in shares.items() if np.isfinite(share)}
    axes.spines[["top", "right"]].set_visible(False)
    if not known:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "too few trials to say what mattered", ha="center", va="center", color=GREY)
        return
    axes.barh(list(known), list(known.values()), color=BLUE, height=0.6)
    axes.invert_yaxis()  # the most important on top
    axes.set_xlim(0, 1)
    axes.set_xlabel(label)


def _panel(axes: Axes, tried: Tried, objective: str) -> None:
    settings, values = np.asarray(tried.settings, float), np.asarray(tried.values, float)
    finished = np.asarray(tried.finished, bool)
    if tried.joined:
        order = np.argsort(settings[finished])
        axes.plot(settings[finished][order], values[finished][order], color=GREY, linewidth=1)
    axes.scatter(settings[finished], values[finished], s=18, color=BLUE, alpha=0.8, linewidth=0)
    axes.scatter(settings[~finished], values[~finished], s=18, facecolor="none", edgecolor=GREY, linewidth=0.8)
    if finished.any():
        judged = np.abs(values[finished]) * (-1 if objective == "accuracy" else 1)
        best = int(np.argmin(judged))
        axes.scatter(settings[finished][best], values[finished][best], s=50, color=ORANGE, marker="*", zorder=3)
    if tried.log and settings.size and settings.min() > 0:
        axes.set_xscale("log")
    if values.size and values.min() > 0 and values.max() > WIDE * values.min():
        axes.set_yscale("log")
    axes.set_xlabel(tried.name, fontsize=9)
    axes.set_ylabel(objective.replace("_", " ").replace("mae", "MAE (cells)"), fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.tick_params(labelsize=8)
