"""The pictures of the section on phase contrast, drawn from the result files."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from phase_page import NOISE
from phase_result import Results, found_of, read_phase
from phase_rows import alpha_rows, spoiled_rows
from pictures import save

COLOURS = {"f1_50": "#0072b2", "pixel_dice": "#009e73", "object_dice": "#cc79a7", "count_error": "#d55e00"}
WORDS = {
    "f1_50": "F1 at IoU 0.5",
    "pixel_dice": "pixel Dice",
    "object_dice": "object Dice, lenient",
    "count_error": "count: relative error",
}


def draw_phase(results_folder: Path, images: Path) -> list[Path]:
    """Write every picture that there are numbers for; tell which."""
    results = read_phase(results_folder / "phase")
    groups: dict[str, dict[str, dict[float, Namespace]]] = {
        "alpha": {"α, the weight of nuclei in the loss": alpha_rows()},
        "noise": {f"share of {words}": spoiled_rows(kind) for kind, words in NOISE.items()},
    }
    written = []
    for name, panels in groups.items():
        figure = curves(results, panels)
        if figure is not None:
            written.append(save(figure, images / f"phase-{name}.png"))
    return written


def curves(results: Results, panels: dict[str, dict[float, Namespace]]) -> Figure | None:
    """One panel for each group of rows; None where no row is measured."""
    figure = Figure(figsize=(4.2 * len(panels) + 1, 3.8), layout="constrained")
    drawn = [
        curve(results, rows, axes, label)
        for axes, (label, rows) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True)
    ]
    figure.axes[0].legend(frameon=False, fontsize=8)
    return figure if any(drawn) else None


def curve(results: Results, rows: dict[float, Namespace], axes: Axes, label: str) -> bool:
    """Draw the rows that are measured by their value; tell whether there is any."""
    measured = {value: each for value, row in rows.items() if (each := found_of(results, row))}
    for key, colour in COLOURS.items():
        values = [each.mean(key) for each in measured.values()]
        axes.plot(list(measured), values, color=colour, marker="o", markersize=4, label=WORDS[key])
    axes.axhline(0, color="grey", linewidth=0.8)
    axes.set_xticks(list(rows), [f"{value:g}" for value in rows])
    axes.set_xlabel(label)
    axes.set_ylim(top=1.02)
    axes.grid(alpha=0.3, axis="y")
    return bool(measured)
