"""The pictures of the section on transfer, drawn from the result files."""

from __future__ import annotations

import json
import statistics
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pictures import save
from transfer_page import FIFTH, LATENT, direction_rows
from transfer_result import Transfer, read_transfers
from transfer_rows import (
    DECODER_WEIGHTS,
    DIRECTIONS,
    HYPERPARAMETERS,
    NAMES,
    RATIOS,
    STRATEGIES,
    budget_rows,
    decoder_rows,
    hyperparameter_rows,
    ratio_rows,
    row_name,
    strategy_rows,
)

from cytally.report.error_by_count import error_by_count

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
Results = dict[str, Transfer]


def draw_all(results_folder: Path, images: Path) -> list[Path]:
    """Write every picture that there are numbers for; tell which."""
    results = read_transfers(results_folder / "transfer")
    written = []
    for name, draw in DRAWINGS.items():
        figure = draw(results)
        if figure is not None:
            written.append(save(figure, images / f"transfer-{name}.png"))
    latent = results_folder / LATENT
    if latent.is_file():
        written.append(save(umaps(json.loads(latent.read_text(encoding="utf-8"))), images / "transfer-umap.png"))
    return written


def axes_of(width: float = 6.4) -> tuple[Figure, Axes]:
    """One pair of axes for errors."""
    figure = Figure(figsize=(width, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.set_ylabel("mean absolute error\n(cells per image)")
    axes.grid(alpha=0.3, axis="y")
    return figure, axes


def spread(found: Transfer) -> float:
    """Standard deviation over the seeds; 0 for one."""
    return statistics.stdev(found.errors()) if len(found.runs) > 1 else 0.0


def line(
    axes: Axes, results: Results, rows: Sequence[Namespace], places: Sequence[float], colour: str, label: str | None
) -> bool:
    """Draw the rows that are measured; tell whether there is any."""
    found = [
        (place, results[row_name(row)]) for place, row in zip(places, rows, strict=True) if row_name(row) in results
    ]
    if found:
        errors, spreads = [each.mae() for _, each in found], [spread(each) for _, each in found]
        axes.errorbar([place for place, _ in found], errors, spreads, color=colour, marker="o", capsize=3, label=label)
    axes.set_ylim(bottom=0)
    return bool(found)


def directions(results: Results) -> Figure | None:
    """Bars: from scratch, carried over, carried over in a fifth of the steps, from scratch with all labels."""
    labels = {"scratch": "from scratch", "carried": "carried over", "fifth": f"carried over, {FIFTH} steps"}
    labels["all"] = "from scratch, all labels"
    figure, axes = axes_of(8)
    any_found = False
    for place, (name, label) in enumerate(labels.items()):
        for group, (here, there) in enumerate(DIRECTIONS):
            found = results.get(row_name(direction_rows(here, there)[name]))
            if found is not None:
                axes.bar(
                    group + 0.2 * (place - 1.5), found.mae(), 0.18, yerr=spread(found) or None, color=COLOURS[place]
                )
                any_found = True
        axes.bar(0, 0, color=COLOURS[place], label=label)
    axes.set_xticks(range(len(DIRECTIONS)), [f"{NAMES[here]} →\n{NAMES[there]}" for here, there in DIRECTIONS])
    axes.legend(frameon=False, ncols=2)
    return figure if any_found else None


def steps(results: Results) -> Figure | None:
    """Error by steps, and the error from scratch at the end as a line across."""
    figure, axes = axes_of()
    rows = budget_rows()
    drawn = [
        line(axes, results, each, [row.steps for row in each], colour, name)
        for (name, each), colour in zip(rows.items(), COLOURS, strict=False)
    ]
    end = results.get(row_name(rows["from scratch"][-1]))
    if end is not None:
        axes.axhline(end.mae(), color="grey", linewidth=1, linestyle="--")
    axes.relim()
    axes.autoscale(axis="y")
    axes.set_ylim(bottom=0)
    axes.set_xscale("log")
    ticks = [row.steps for row in rows["from scratch"]]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_xlabel("training steps")
    if not any(drawn):
        return None
    axes.legend(frameon=False)
    return figure


def strategies(results: Results) -> Figure | None:
    """A bar for each strategy."""
    figure, axes = axes_of()
    rows = [row for row in strategy_rows() if row_name(row) in results]
    for row in rows:
        place = strategy_rows().index(row)
        found = results[row_name(row)]
        axes.bar(place, found.mae(), 0.6, yerr=spread(found) or None, color=COLOURS[0])
    axes.set_xticks(range(len(STRATEGIES)), STRATEGIES)
    return figure if rows else None


def by_value(
    rows: Callable[[], list[Namespace]], values: Sequence[float], label: str
) -> Callable[[Results], Figure | None]:
    """A drawing of the error by the values of one setting, evenly spaced."""

    def draw(results: Results) -> Figure | None:
        figure, axes = axes_of()
        drawn = line(axes, results, rows(), range(len(values)), COLOURS[0], None)
        axes.set_xticks(range(len(values)), [f"{value:g}" for value in values])
        axes.set_xlabel(label)
        return figure if drawn else None

    return draw


def hyperparameters(results: Results) -> Figure | None:
    """One panel for each setting."""
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    panels = figure.subplots(1, len(HYPERPARAMETERS), sharey=True)
    drawn = []
    for axes, (name, rows) in zip(panels, hyperparameter_rows().items(), strict=True):
        values = HYPERPARAMETERS[name]
        drawn.append(line(axes, results, rows, range(len(values)), COLOURS[0], None))
        axes.set_xticks(range(len(values)), [f"{value:g}" for value in values])
        axes.set_xlabel(name.rpartition(".")[2].replace("_", " "))
        axes.grid(alpha=0.3, axis="y")
    panels[0].set_ylabel("mean absolute error\n(cells per image)")
    return figure if any(drawn) else None


def errors_by_count(results: Results) -> Figure | None:
    """Mean absolute error by true count in the direction of the paper."""
    figure, axes = axes_of()
    rows, drawn = direction_rows(*DIRECTIONS[2]), False
    for name, label, colour in (("scratch", "from scratch", COLOURS[1]), ("carried", "carried over", COLOURS[0])):
        found = results.get(row_name(rows[name]))
        if found is None:
            continue
        pairs = [
            (float(true), each)
            for run in found.runs
            for true, predicted in run["predicted_by_true_count"].items()
            for each in predicted
        ]
        errors = error_by_count(*np.array(pairs).T)
        middle = (errors["true_from"] + errors["true_to"]) / 2
        axes.plot(middle, errors["mae"], color=colour, marker="o", markersize=4, label=label)
        drawn = True
    axes.set_ylim(bottom=0)
    axes.set_xlabel("true count")
    if not drawn:
        return None
    axes.legend(frameon=False)
    return figure


def umaps(latent: dict[str, dict[str, list[float]]]) -> Figure:
    """Two rows, before and after the transfer: by origin, and by count."""
    figure = Figure(figsize=(8, 7), layout="constrained")
    panels = figure.subplots(len(latent), 2, squeeze=False)
    for (title, points), (left, right) in zip(latent.items(), panels, strict=True):
        x, y, drawn, count = (np.array(points[key]) for key in ("x", "y", "drawn", "count"))
        for origin, label, colour in ((0, "natural", COLOURS[0]), (1, "drawn", COLOURS[1])):
            left.scatter(x[drawn == origin], y[drawn == origin], 6, color=colour, label=label)
        shown = right.scatter(x, y, 6, c=count, cmap="viridis")
        figure.colorbar(shown, ax=right, label="cells")
        left.legend(frameon=False, markerscale=2)
        for axes in (left, right):
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_title(title, fontsize=10)
    return figure


DRAWINGS: dict[str, Callable[[Results], Figure | None]] = {
    "directions": directions,
    "steps": steps,
    "strategies": strategies,
    "decoder": by_value(decoder_rows, DECODER_WEIGHTS, "weight of the reconstruction (0: the decoder is off)"),
    "ratio": by_value(ratio_rows, RATIOS, "drawn images per natural one"),
    "hyperparameters": hyperparameters,
    "error-by-count": errors_by_count,
}
