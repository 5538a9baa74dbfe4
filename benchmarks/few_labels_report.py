"""The section on few labels of docs/benchmarks.md: tables of what few_labels.py and training_speed.py wrote."""

from __future__ import annotations

import json
import statistics
from argparse import Namespace
from pathlib import Path
from typing import Any

from few_labels_result import FewLabels, factor, find, read_few_labels
from few_labels_rows import (
    CURVE_METHODS,
    CURVE_SHARES,
    METHODS,
    all_rows,
    command,
    curve_rows,
    set_rows,
    usual_name,
    wanted,
)
from result import MISSING, block, machine_in_words, table
from training_speed import OURS, PLAIN, ratios

PICTURE = Path("images") / "few-labels.png"
"""Where the page has the curve, from its own folder."""

COLUMNS = (
    "Method",
    "What it is",
    "MAE",
    "MRE",
    "Accuracy",
    "Bias",
    "Drawn: MAE",
    "Drawn: MRE",
    "Drawn: accuracy",
    "Origin AUC",
    "Steps",
    "Made by",
    "Seeds",
)
PAPER = {"natural-only": "0.56", "efficientnet-b0": "0.36", "watershed": "–"}
"""The paper's error of the Twin-VAE over that of others."""

GPU = "python benchmarks/training_speed.py --device cuda"


def set_table(data: str, results: list[FewLabels]) -> str:
    """All methods on one stand-in: the rows that shall be there, then others."""
    rows = set_rows(data)
    found = [find(results, row) for row in rows]
    curve = {each.name for row in curve_rows() if (each := find(results, row))}
    shown = {each.name for each in found if each}
    others = [each for each in results if each.options.set == data and each.name not in shown | curve]
    lines = [_line(row, each) for row, each in zip(rows, found, strict=True)]
    lines += [_line(each.options, each) for each in others]
    images = next((each.images for each in found if each), None)
    return f"{images}\n\n{table(COLUMNS, lines)}" if images else table(COLUMNS, lines)


def _line(row: Namespace, result: FewLabels | None) -> list[str]:
    about = METHODS[row.method].about
    if result is None:
        return [f"`{row.method}`", about, MISSING, *["–"] * (len(COLUMNS) - 3)]
    measures = [("mae", ".2f"), ("mre", ".3f"), ("accuracy", ".3f")]
    natural = [result.cell(key, "test", form) for key, form in [*measures, ("bias", "+.2f")]]
    drawn = [result.cell(key, "drawn", form) for key, form in measures]
    made = [result.origin_auc, result.steps, result.made_by, result.seeds]
    return [result.method_in_words, about, *natural, *drawn, *made]


def factor_table(results: list[FewLabels]) -> str:
    """The error of the Twin-VAE over that of others, beside the paper's."""
    lines = []
    for other, paper in PAPER.items():
        ours = [factor(*(find(results, wanted(data, method)) for method in ("twin-vae", other))) for data in "AC"]
        lines.append([f"`{other}`", *ours, paper])
    return table(("MAE of `twin-vae` over that of", "A", "C", "Paper"), lines)


def regressor_table(results: list[FewLabels]) -> str:
    """The count read from the latent vector, or from the shared decoder."""
    lines = []
    for words, method in (("`latent`", "twin-vae"), ("`decoder`", "twin-vae-decoder")):
        found = [find(results, wanted(data, method)) for data in "AC"]
        cells = [[each.cell("mae"), each.cell("accuracy", form=".3f")] if each else [MISSING, "–"] for each in found]
        lines.append([words, *cells[0], *cells[1]])
    return table(("`options.regressor`", "A: MAE", "A: accuracy", "C: MAE", "C: accuracy"), lines)


Curve = dict[str, list[FewLabels | None]]


def curve_of(results: list[FewLabels]) -> Curve:
    """The results of each method of the curve, one for each share, None where there is none."""
    return {method: [find(results, wanted("A", method, share)) for share in CURVE_SHARES] for method in CURVE_METHODS}


def is_measured(curve: Curve) -> bool:
    """Whether there is any point to draw."""
    return any(each is not None for row in curve.values() for each in row)


def curve_table(results: list[FewLabels]) -> str:
    """The picture, where there is anything to draw, and its numbers."""
    curve, lines = curve_of(results), []
    for method, found in curve.items():
        cells = [each.cell("mae") if each else MISSING for each in found]
        if METHODS[method].needs_labels:
            cells[CURVE_SHARES.index(0)] = "needs labels"
        lines.append([f"`{method}`", *cells])
    numbers = table(("MAE on A, labelled:", *(f"{100 * share:g} %" for share in CURVE_SHARES)), lines)
    picture = f"![Mean absolute error by the share of labelled images]({PICTURE.as_posix()})\n\n"
    return picture * is_measured(curve) + numbers


def commands(results: list[FewLabels]) -> str:
    """The command of every row, measured or not."""
    lines = []
    for row in all_rows():
        result = find(results, row)
        lines += result.command_lines if result else [f"# {MISSING}", command(row)]
    shown = {usual_name(row) for row in all_rows()}
    lines += [line for each in results if each.name not in shown for line in each.command_lines]
    return block(lines)


def speed_table(measured: dict[str, Any]) -> str:
    """Seconds of a training step, and ours over the plain one's: the median, and the range over the rounds."""
    head = ("Where", "Ours, float32", "Ours, bfloat16", "Plain", "float32 over plain", "bfloat16 over plain", "Made by")
    lines = []
    for device, words in (("cpu", "processor"), ("cuda", "graphics card")):
        if device not in measured:
            lines.append([words, MISSING, *["–"] * 5])
            continue
        facts = measured[device]
        seconds = facts["seconds"]
        times = [f"{statistics.median(seconds[name]):.3g} s" for name in (*OURS, PLAIN)]
        found = ratios(seconds)
        over = [f"{statistics.median(found[n]):.2f} ({min(found[n]):.2f}–{max(found[n]):.2f})" for n in OURS]
        load = f", load {facts['load']:.1f} on {facts['made_by']['cores']} cores" if facts["load"] is not None else ""
        made_by = f"{machine_in_words(facts['machine'])}{load}, {len(seconds[PLAIN])} rounds, commit {facts['commit']}"
        lines.append([f"{words}, {facts['batch']} + {facts['batch']} pictures", *times, *over, made_by])
    block = [
        "```text",
        "python benchmarks/training_speed.py",
        *([] if "cuda" in measured else [f"# {MISSING}"]),
        GPU,
        "```",
    ]
    return table(head, lines) + "\n\n" + "\n".join(block)


TABLES = {
    "few labels A": lambda results: set_table("A", results),
    "few labels B": lambda results: set_table("B", results),
    "few labels C": lambda results: set_table("C", results),
    "few labels factors": factor_table,
    "few labels regressor": regressor_table,
    "few labels curve": curve_table,
    "few labels commands": commands,
}
SPEED = "training speed"
PLACES = (*TABLES, SPEED)


def texts(folder: Path) -> dict[str, str]:
    """What stands in each place of the page, by the results in `folder`."""
    results = read_few_labels(folder / "few-labels")
    speed = folder / "training-speed.json"
    measured = json.loads(speed.read_text(encoding="utf-8")) if speed.is_file() else {}
    return {name: make(results) for name, make in TABLES.items()} | {SPEED: speed_table(measured)}
