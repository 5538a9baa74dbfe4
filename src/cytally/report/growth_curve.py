"""Growth curves: counts over time with their intervals, and what was fitted to them."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cytally.report.palette import MARKERS, colours
from cytally.report.plots import GREY, figure_of, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

MANY_SERIES = 8
"""Beyond so many time-lapses the legend names conditions, and intervals are left away."""
MOST_RESIDUALS = 3
"""Beyond so many fits the residuals would hide each other."""
MANY_POINTS = 120
"""Beyond so many points intervals are one band: bars would be a grey wall."""
LOGARITHMIC_FROM = 10.0
"""Counts that grow so many times are shown on a logarithmic axis, where exponential growth is a straight line."""
MANY_DECADES = 1000.0
"""Times that a logarithmic axis spans from which only powers of ten are written on it."""
HIGHEST = 1.6
"""Times the highest count up to which intervals stretch the picture; what lies above is cut off."""
LETTERS_ACROSS = 96


@dataclass(frozen=True, eq=False)
class CurveSeries:
    """One time-lapse.

    Parameters
    ----------
    name
        What it is called.
    times
        (T,) time of each frame, in the unit of the picture.
    counts
        (T,) cells; not a number where a frame could not be counted.
    condition
        What it is a replicate of: time-lapses of one condition have one colour. Empty where there are none.
    lower, upper
        (T,) bounds of the true counts; None where the model is not calibrated.
    left_out
        (T,) frames that the fit did not see, such as black ones; None: none.
    fitted_times, fitted, fitted_low, fitted_high
        (N,) the fitted curve and its band; None where nothing was fitted.
    words
        What the legend says; its name where empty.
    """

    name: str
    times: Floats
    counts: Floats
    condition: str = ""
    lower: Floats | None = None
    upper: Floats | None = None
    left_out: NDArray[np.bool_] | None = None
    fitted_times: Floats | None = None
    fitted: Floats | None = None
    fitted_low: Floats | None = None
    fitted_high: Floats | None = None
    words: str = ""

    @property
    def kept(self) -> NDArray[np.bool_]:
        """(T,) frames that were counted and not left out."""
        counted = np.isfinite(self.counts)
        return counted if self.left_out is None else counted & ~self.left_out


def draw_growth_curve(series: Sequence[CurveSeries], *, unit: str = "hours") -> Figure:
    """Draw counts over time as points, frames left out as hollow ones, and fits as lines with their bands.

    Frames left out without a count stand on the axis, and those with one far off at the edge. Below, where there are
    few fits, is what remains between counts and fit.

    Parameters
    ----------
    series
        Time-lapses, each at the times of its own frames.
    unit
        Of all times: ``hours``, or ``frames`` where the interval is unknown.

    Returns
    -------
    matplotlib.figure.Figure
        For `cytally.report.vector.write_figure`.
    """
    from matplotlib.ticker import MaxNLocator

    fits = [each for each in series if each.fitted is not None]
    residuals = 0 < len(fits) <= MOST_RESIDUALS
    lines = sum(len(textwrap.wrap(each.words or each.name, LETTERS_ACROSS)) for each in series[:MANY_SERIES])
    figure = figure_of(8.0, 4.0 + 1.3 * residuals + 0.18 * lines)
    grid = figure.add_gridspec(1 + residuals, 1, height_ratios=(3.2, 1)[: 1 + residuals])
    axes = figure.add_subplot(grid[0])
    logarithmic = _logarithmic(series)
    if logarithmic:
        axes.set_yscale("log")
    looks = _looks(series)
    _set_range(axes, series, logarithmic)
    for each, look in zip(series, looks, strict=True):
        _draw_fit(axes, each, look, band=len(series) <= MANY_SERIES)
        _draw_counts(axes, each, look, many=len(series) > MANY_SERIES)
    axes.set_ylabel("cells (logarithmic)" if logarithmic else "cells")
    tidy(axes)
    _legend(figure, series, looks)
    if residuals:
        below = figure.add_subplot(grid[1], sharex=axes)
        axes.tick_params(labelbottom=False)
        _draw_residuals(below, series, looks)
    figure.axes[-1].set_xlabel("frame" if unit == "frames" else f"time ({unit})")
    if unit == "frames":
        figure.axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _looks(series: Sequence[CurveSeries]) -> list[tuple[str, str]]:
    """Colour and marker of each series: by condition where there are several, else each its own."""
    conditions = list(dict.fromkeys(each.condition for each in series))
    if len(conditions) > 1:
        chosen = colours(len(conditions))
        places = [conditions.index(each.condition) for each in series]
        return [(chosen[place], MARKERS[place % len(MARKERS)]) for place in places]
    chosen = colours(len(series))
    return [(chosen[place], MARKERS[place % len(MARKERS)]) for place in range(len(series))]


def _logarithmic(series: Sequence[CurveSeries]) -> bool:
    shown = [each.counts[each.kept] for each in series if each.kept.any()]
    shown += [each.fitted for each in series if each.fitted is not None and each.fitted.size]
    if not shown or min(values.min() for values in shown) <= 0:
        return False
    return any(values.max() / values.min() >= LOGARITHMIC_FROM for values in shown)


def _draw_counts(axes: Axes, each: CurveSeries, look: tuple[str, str], *, many: bool) -> None:
    colour, marker = look
    kept, few = each.kept, len(each.times) <= MANY_POINTS and not many
    times, counts = each.times[kept], each.counts[kept]
    if not many and each.lower is not None and each.upper is not None:
        low, high = each.lower[kept], each.upper[kept]
        if few:
            axes.vlines(times, low, high, color=colour, alpha=0.45, linewidth=1.1)
        else:
            axes.fill_between(times, low, high, color=colour, alpha=0.1, linewidth=0)
    size = (4.5 if few else 2.5) * (0.85 if marker in "sDP" else 1)  # these look larger than discs
    shown: dict[str, Any] = {
        "color": colour,
        "marker": marker,
        "linestyle": "none",
        "clip_on": False,
        "in_layout": False,
        "zorder": 3,
    }
    axes.plot(times, counts, markersize=size, markeredgewidth=0, alpha=1 if few else 0.6, **shown)
    out = ~kept if each.left_out is None else each.left_out
    bottom, top = axes.get_ylim()
    beside = np.clip(np.nan_to_num(each.counts[out], nan=bottom), bottom, top)  # what is far off stands at the edge
    axes.plot(each.times[out], beside, markersize=size + 1, markerfacecolor="white", **shown)


def _draw_fit(axes: Axes, each: CurveSeries, look: tuple[str, str], *, band: bool) -> None:
    if each.fitted is None or each.fitted_times is None:
        return
    if band and each.fitted_low is not None and each.fitted_high is not None:
        axes.fill_between(each.fitted_times, each.fitted_low, each.fitted_high, color=look[0], alpha=0.18, linewidth=0)
    axes.plot(each.fitted_times, each.fitted, color=look[0], linewidth=1.6)


def _set_range(axes: Axes, series: Sequence[CurveSeries], logarithmic: bool) -> None:
    """From the counts and the fits; intervals stretch it a little, and frames left out not at all."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    shown = [each.counts[each.kept] for each in series] + [each.fitted for each in series if each.fitted is not None]
    values = np.concatenate([np.empty(0), *shown])
    values = values[np.isfinite(values)]
    if not values.size:
        axes.set_ylim(0, 1)
        return
    top = float(values.max())
    bounds = [bound for each in series for bound in (each.upper, each.fitted_high) if bound is not None and bound.size]
    high = max([top, *(min(HIGHEST * top, float(np.nanmax(bound))) for bound in bounds if np.isfinite(bound).any())])
    if logarithmic:
        bottom = float(values.min()) / 1.4
        axes.set_ylim(bottom, 1.2 * high)
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < MANY_DECADES * bottom else (1,)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(0, 1.05 * high or 1)


def _draw_residuals(axes: Axes, series: Sequence[CurveSeries], looks: Sequence[tuple[str, str]]) -> None:
    axes.axhline(0, color=GREY, linewidth=1)
    for each, (colour, marker) in zip(series, looks, strict=True):
        if each.fitted is None or each.fitted_times is None or not each.fitted.size:
            continue
        kept = each.kept & (each.times >= each.fitted_times.min()) & (each.times <= each.fitted_times.max())
        rest = each.counts[kept] - np.interp(each.times[kept], each.fitted_times, each.fitted)
        axes.plot(each.times[kept], rest, marker, color=colour, markersize=3, markeredgewidth=0)
    axes.set_ylabel("counted\n− fitted", fontsize="small")
    tidy(axes)


def _legend(figure: Figure, series: Sequence[CurveSeries], looks: Sequence[tuple[str, str]]) -> None:
    from matplotlib.lines import Line2D

    if len(series) <= MANY_SERIES:
        named = [(textwrap.fill(each.words or each.name, LETTERS_ACROSS), each.fitted is not None) for each in series]
        entries = [(words, look, fitted) for (words, fitted), look in zip(named, looks, strict=True)]
    else:
        conditions = Counter(each.condition for each in series)
        look_of = {each.condition: look for each, look in zip(series, looks, strict=True)}
        entries = [
            (f"{condition or 'all'}: {number} time-lapses", look_of[condition], True)
            for condition, number in conditions.items()
        ]
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="-" if fitted else "none", markersize=4.5, label=words)
        for words, (colour, marker), fitted in entries
    ]
    if any((~each.kept).any() for each in series):
        hollow = {"color": GREY, "marker": "o", "markerfacecolor": "white", "markersize": 5.5}
        handles.append(Line2D([], [], linestyle="none", label="frame left out", **hollow))  # type: ignore[arg-type]
    if handles:
        longest = max(len(str(handle.get_label())) for handle in handles)
        columns = 1 if longest > 45 else 2
        figure.legend(handles=handles, frameon=False, fontsize="small", loc="outside upper left", ncols=columns)
