"""The section on phase contrast of docs/benchmarks.md: tables of what phase.py wrote."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from phase_data import FIELDS
from phase_result import Phase, Results, cells_of, found_of, read_phase
from phase_rows import (
    MIXED,
    all_rows,
    alpha_rows,
    command,
    line_rows,
    lines_of,
    main_rows,
    spoiled_rows,
)
from result import MISSING, block, table

AIM_F1, AIM_COUNT = 0.82, 0.08
THESIS_DICE = "0.964, 0.950, 0.869"
"""Object Dice of the thesis on its own images, by its lenient rule."""

FIGURES = {
    "f1_50": ".3f",
    "ap50": ".3f",
    "count_error": "+.3f",
    "area_error": "+.3f",
    "pixel_dice": ".3f",
    "pixel_iou": ".3f",
    "object_precision": ".3f",
    "object_recall": ".3f",
    "object_dice": ".3f",
}
HEAD = (
    "F1 at IoU 0.5",
    "AP50",
    "Count of objects: error",
    "Count by area: error",
    "Pixel Dice",
    "Pixel IoU",
    "Lenient: precision",
    "Lenient: recall",
    "Lenient: object Dice",
)
PICTURES = {
    "alpha": "Figures by the weight α of nuclei in the loss",
    "noise": "Figures by the share of training labels that are spoiled",
}
"""Each picture of the section, as images/phase-NAME.png, and what it shows."""

WAYS = {
    "ours": "`examples/nucleus-unet-small.yaml`",
    "thesis": "the same trained on plain masks and read by components, as in the thesis",
}


def picture(name: str) -> str:
    """A picture as Markdown, from the page's folder."""
    return f"![{PICTURES[name]}](images/phase-{name}.png)"


def with_picture(name: str, results: Results, rows: Iterable[Namespace], text: str) -> str:
    """A table below its picture, where any of its rows is measured."""
    return f"{picture(name)}\n\n{text}" if any(found_of(results, row) for row in rows) else text


def made_by(found: Phase | None) -> str:
    """Machine and minutes, and how many seeds."""
    return "–" if found is None else f"{found.made_by}, {len(found.runs)} seed{'s' * (len(found.runs) > 1)}"


def reached(found: Phase | None) -> str:
    """Whether both aims are."""
    if found is None:
        return MISSING
    f1, count = found.mean("f1_50") >= AIM_F1, abs(found.mean("count_error")) <= AIM_COUNT
    return f"F1 {'yes' if f1 else 'no'}, count {'yes' if count else 'no'}"


def main_table(results: Results) -> str:
    """What is aimed at: ours, the same weights by components, the thesis's way, and figures to compare with."""
    lines = []
    for name, row in main_rows().items():
        found = found_of(results, row)
        lines.append([WAYS[name], *cells_of(found, FIGURES), reached(found), made_by(found)])
        if name == "ours":
            components = f"{lines_of(row)[0]} by components"
            lines.append(["the same weights, read by components", *cells_of(found, FIGURES, components), "–", "–"])
    trial = ["0.756", "–", "-0.190", *["–"] * 5, "1.000"]
    lines.append(["an early trial: 16 filters, 12 minutes on two cores, components", *trial, "–", "–"])
    lines.append(["the thesis, three data sets of its own", *["–"] * 8, THESIS_DICE, "–", "–"])
    lines.append(["aimed at", str(AIM_F1), "–", f"±{AIM_COUNT}", *["–"] * 8])
    return table(("Network and read-out", *HEAD, "Reached", "Made by"), lines)


def line_table(results: Results) -> str:
    """A model of each cell line alone and one of both, on each test half."""
    lines, rows = [], line_rows()
    for line in FIELDS:
        for trained in (line, MIXED):
            found = found_of(results, rows[trained])
            words = "both" if trained == MIXED else "alone"
            lines.append([line, words, *cells_of(found, FIGURES, line), made_by(found)])
    return table(("Tested on", "Trained on", *HEAD, "Made by"), lines)


def alpha_table(results: Results) -> str:
    """The weight of nuclei in the loss."""
    keys = {
        "f1_50": ".3f",
        "count_error": "+.3f",
        "area_error": "+.3f",
        "pixel_precision": ".3f",
        "pixel_recall": ".3f",
        "pixel_dice": ".3f",
        "object_dice": ".3f",
    }
    head = (
        "`options.alpha`",
        "F1 at IoU 0.5",
        "Count of objects: error",
        "Count by area: error",
        "Pixel precision",
        "Pixel recall",
        "Pixel Dice",
        "Lenient: object Dice",
        "Made by",
    )
    found = {alpha: found_of(results, row) for alpha, row in alpha_rows().items()}
    lines = [[f"{alpha:g}", *cells_of(each, keys), made_by(each)] for alpha, each in found.items()]
    return with_picture("alpha", results, alpha_rows().values(), table(head, lines))


NOISE = {"missing": "missing nuclei", "leaking": "leaking nuclei"}


def noise_table(results: Results) -> str:
    """Spoiled training labels, from none on."""
    keys = {"f1_50": ".3f", "count_error": "+.3f", "area_error": "+.3f", "pixel_dice": ".3f", "object_dice": ".3f"}
    head = (
        "Spoiled by",
        "Share",
        "Nuclei left in training labels",
        "F1 at IoU 0.5",
        "Count of objects: error",
        "Count by area: error",
    )
    lines, rows = [], []
    for kind, words in NOISE.items():
        for share, row in spoiled_rows(kind).items():
            found = found_of(results, row)
            left = "–" if found is None else str(found.runs[0]["images"]["nuclei"])
            lines.append([words, f"{100 * share:g} %", left, *cells_of(found, keys), made_by(found)])
            rows.append(row)
    text = table((*head, "Pixel Dice", "Lenient: object Dice", "Made by"), lines)
    return with_picture("noise", results, rows, text)


def commands(results: Results) -> str:
    """The command of every row, measured or not."""
    lines = []
    for row in all_rows():
        found = found_of(results, row)
        lines += found.command_lines if found else [f"# {MISSING}", command(row)]
    return block(lines)


TABLES = {
    "phase figures": main_table,
    "phase lines": line_table,
    "phase alpha": alpha_table,
    "phase noise": noise_table,
    "phase commands": commands,
}
PLACES = (*TABLES,)


def phase_texts(folder: Path) -> dict[str, str]:
    """What stands in each place of the page, by the results in `folder`."""
    results = read_phase(folder / "phase")
    return {name: make(results) for name, make in TABLES.items()}
