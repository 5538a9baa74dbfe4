"""The picture of the error by the share of labelled images, drawn from the result files."""

from __future__ import annotations

import statistics
from pathlib import Path

from few_labels_report import Curve
from few_labels_rows import CURVE_SHARES
from matplotlib.figure import Figure
from pictures import save

COLOURS = ("#0072b2", "#d55e00", "#009e73")
MARKS = ("o", "s", "^")


def draw_curve(curve: Curve, path: Path) -> None:
    """Write a PNG: the same results give the same bytes, by one version of matplotlib."""
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    for (method, found), colour, mark in zip(curve.items(), COLOURS, MARKS, strict=True):
        points = [(place, each) for place, each in enumerate(found) if each is not None]
        places = [place for place, _ in points]
        means = [each.mae() for _, each in points]
        spreads = [statistics.stdev(each.errors()) if len(each.runs) > 1 else 0.0 for _, each in points]
        axes.errorbar(places, means, spreads, label=method, color=colour, marker=mark, capsize=3)
    axes.set_xticks(range(len(CURVE_SHARES)), [f"{100 * share:g} %" for share in CURVE_SHARES])
    axes.set_xlim(-0.3, len(CURVE_SHARES) - 0.7)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("labelled share of the training images")
    axes.set_ylabel("mean absolute error (cells per image)")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    save(figure, path)
