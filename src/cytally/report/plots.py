"""Plots: the histogram in the report, the curves of a training, predicted against true counts.

The histogram is written as SVG by hand, so that it takes the report's colours in the light and in the dark, and
counting does not wait for matplotlib. The others are matplotlib figures that never touch pyplot's global state.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cytally.files import whole_file

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#777777"
RUNNING = ("epoch", "step", "seconds")
"""What a training curve may run along, in order of preference."""


def histogram_of_counts(counts: Sequence[float]) -> str:
    """How many images have how many cells, as an SVG element to put into a page.

    Parameters
    ----------
    counts
        One count per image. Those that are not finite are left out.

    Returns
    -------
    str
        ``<svg>…</svg>`` with the classes ``bar``, ``grid`` and ``axis`` for the page to colour; empty without counts.
    """
    values = np.asarray([count for count in counts if np.isfinite(count)], float)
    if not values.size:
        return ""
    left, right, top, bottom = 56, 628, 12, 196
    edges = histogram_edges(values)
    heights, _ = np.histogram(values, edges)
    y_ticks = np.arange(0, heights.max() + 1, max(1, round_step(heights.max() / 4)))
    x = np.interp(edges, (edges[0], edges[-1]), (left, right))
    y = np.interp(heights, (0, heights.max()), (bottom, top))
    parts = [f"<title>Histogram of the cells per image in {values.size} images</title>"]
    for tick, height in zip(y_ticks, np.interp(y_ticks, (0, heights.max()), (bottom, top)), strict=True):
        parts.append(f'<path class="grid" d="M{left} {height:.1f}H{right}"/>')
        parts.append(f'<text class="axis" x="{left - 8}" y="{height + 4:.1f}" text-anchor="end">{tick:.0f}</text>')
    for index, images in enumerate(heights):
        words = f"{edges[index]:,.0f} to {edges[index + 1]:,.0f} cells: {images} image{'' if images == 1 else 's'}"
        parts.append(
            f'<rect class="bar" x="{x[index] + 1:.1f}" y="{y[index]:.1f}" width="{x[index + 1] - x[index] - 2:.1f}"'
            f' height="{bottom - y[index]:.1f}"><title>{words}</title></rect>'
        )
    for index in range(0, len(edges), 1 + len(edges) // 12):
        label = f"{edges[index]:,.0f}"
        parts.append(f'<text class="axis" x="{x[index]:.1f}" y="{bottom + 18}" text-anchor="middle">{label}</text>')
    middle = (top + bottom) / 2
    parts.append(f'<text class="axis" x="{(left + right) / 2}" y="{bottom + 40}" text-anchor="middle">cells</text>')
    parts.append(
        f'<text class="axis" x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">images</text>'
    )
    return f'<svg class="histogram" viewBox="0 0 660 244" role="img">{"".join(parts)}</svg>'


def histogram_edges(values: ArrayLike) -> NDArray[np.float64]:
    """Edges at multiples of 1, 2 or 5 times a power of ten, about three times the cube root of n of them.

    Examples
    --------
    >>> histogram_edges([3.0, 3.0])
    array([3., 4.])
    >>> histogram_edges([0.0, 9.0, 20.0])
    array([ 0.,  5., 10., 15., 20., 25.])
    """
    values = np.asarray(values, float)
    low, high = float(values.min()), float(values.max())
    bins = float(np.clip(3 * np.cbrt(values.size), 4, 24))
    step = max(1.0, round_step((high - low) / bins))
    first, last = np.floor(low / step), np.floor(high / step) + 1
    return np.arange(first, last + 1) * step


def round_step(step: float) -> float:
    """The next of 1, 2 and 5 times a power of ten that is not below `step`.

    Examples
    --------
    >>> [round_step(step) for step in (0.3, 2, 2.1, 51)]
    [0.5, 2.0, 5.0, 100.0]
    """
    if step <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(step))
    return float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * (1 - 1e-9)))


def training_curves(history: pandas.DataFrame, path: Path) -> None:
    """Draw loss, validation error and learning rate over a training, the best epoch marked.

    Parameters
    ----------
    history
        One row per epoch with any of the columns ``epoch``, ``step``, ``seconds``, ``train_loss``,
        ``validation_loss``, ``validation_mae``, ``learning_rate``. Panels without a column are left out. The best
        epoch has the least ``validation_loss``, where runs are judged by it, else the least ``validation_mae``.
    path
        Where to write; its ending names the format (``.png``, ``.svg``, ``.pdf``).
    """
    history = history.reset_index(drop=True)
    drawn = {name for name in history.columns if history[name].notna().any()}
    running = next((name for name in RUNNING if name in drawn), None)
    along = history[running] if running else history.index.to_series()
    panels = [
        [name for name in names if name in drawn]
        for names in (("train_loss", "validation_loss"), ("validation_mae",), ("learning_rate",))
    ]
    panels = [names for names in panels if names]
    figure = figure_of(7.0, 2.4 * max(1, len(panels)) + 0.4)
    judged = next((history[name] for name in ("validation_loss", "validation_mae") if name in drawn), None)
    best = None if judged is None else float(along.iloc[int(np.nanargmin(judged.to_numpy(float)))])
    for index, names in enumerate(panels):
        axes = figure.add_subplot(len(panels), 1, index + 1)
        for name, colour in zip(names, (BLUE, ORANGE), strict=False):
            shown = history[name].notna()
            marker = "o" if shown.sum() == 1 else None
            axes.plot(along[shown], history.loc[shown, name], color=colour, label=_words(name), marker=marker)
        if names == ["validation_mae"]:
            axes.set_ylim(bottom=0)
        elif all((history[name].dropna() > 0).all() for name in names):
            axes.set_yscale("log")
        axes.set_ylabel("loss" if len(names) == 2 else _words(names[0]))
        if best is not None:
            axes.axvline(best, color=GREY, linestyle="--", linewidth=1, label=f"best, {running or 'row'} {best:g}")
        tidy(axes)
        axes.legend(frameon=False, fontsize="small")
    if panels:
        figure.axes[-1].set_xlabel(running or "row")
    else:
        figure.text(0.5, 0.5, "nothing recorded yet", ha="center", va="center", color=GREY)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=120)


def predicted_against_true(true: ArrayLike, predicted: ArrayLike) -> bytes:
    """Scatter of predicted over true counts with the line of equality and a band of 10 % about it.

    Parameters
    ----------
    true, predicted
        One count per image (N,), in the same order.

    Returns
    -------
    bytes
        A PNG file.
    """
    true, predicted = np.asarray(true, float), np.asarray(predicted, float)
    figure = figure_of(5.0, 5.0)
    axes = figure.add_subplot()
    end = 1.05 * max(1.0, float(max(true.max(initial=0), predicted.max(initial=0))))
    axes.fill_between([0, end], [0, 0.9 * end], [0, 1.1 * end], color=GREY, alpha=0.15, linewidth=0, label="± 10 %")
    axes.plot([0, end], [0, end], color=GREY, linewidth=1, label="equal")
    axes.scatter(true, predicted, s=18, color=BLUE, alpha=0.7, linewidth=0)
    axes.set(xlim=(0, end), ylim=(0, end), aspect="equal", xlabel="true count", ylabel="predicted count")
    if true.size:
        axes.set_title(f"{true.size} images, mean absolute error {np.abs(predicted - true).mean():.2f}", fontsize=10)
    tidy(axes)
    axes.legend(frameon=False, fontsize="small", loc="upper left")
    return png_of(figure)


def figure_of(width: float, height: float) -> Figure:
    """An empty figure of so many inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def png_of(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return buffer.getvalue()


def tidy(axes: Axes) -> None:
    """Take the frame away, and lay a grid behind."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)


def _words(column: str) -> str:
    return column.replace("_", " ").replace("mae", "MAE (cells)")
