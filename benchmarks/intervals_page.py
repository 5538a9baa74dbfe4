"""The section on intervals of docs/benchmarks.md: the table of what intervals.py wrote."""

from __future__ import annotations

from pathlib import Path

from intervals import MOST_WIDE
from labels_page import read_json
from result import MISSING, block, table
from volumes_result import Values, answer, origin

COMMAND = "python benchmarks/intervals.py WORK --data ../shared/data"
WORDS = {
    "vgg_cells": "VGG cells",
    "mbm": "MBM",
    "dsb2018_fluo": "BBBC038v1",
    "dsb2018_fluo-own": "BBBC038v1, more of them",
}
HEAD = ("Images", "Counted by", "Not trained on", "MAE (bias)", "Coverage, pooled", "Aim: 99 % band", "Reached")
HEADS = (*HEAD, "Over 2,000 splits", "Median width", "Residuals' 5–95 % range", "Ratio", "Aim", "Reached")
TOTALS = "Totals held, 20 and 2,000 splits"


def intervals_table(found: Values) -> str:
    """Coverage and width of each set, beside what is aimed at."""
    lines = []
    for name, values in found.get("sets", {}).items():
        low, high = values["band"]
        ratio = values["median_width"] / values["residual_range"]
        own = values["model"].endswith(".yaml")
        words = f"`{values['model']}`" + (f", {values['trained_on']} images, {values['steps']:,} steps" if own else "")
        lines.append(
            [
                WORDS[name],
                words,
                f"{values['images']}, {values['calibrated_on']} calibrate",
                f"{values['mae']:.1f} ({values['bias']:+.1f})",
                f"{values['coverage']:.3f} of {values['pooled']}",
                f"{low:.3f} to {high:.3f}",
                answer(low <= values["coverage"] <= high),
                f"{values['long_run']['coverage']:.3f}",
                f"{values['median_width']:.1f}",
                f"{values['residual_range']:.1f}",
                f"{ratio:.2f}",
                f"at most {MOST_WIDE:g}",
                answer(ratio <= MOST_WIDE),
                f"{values['totals_held']:.2f}, {values['long_run']['totals_held']:.2f}",
            ]
        )
    return table((*HEADS, TOTALS), lines) if lines else MISSING


def intervals_texts(folder: Path) -> dict[str, str]:
    """The texts for the places of this section."""
    found = read_json(folder / "intervals.json")
    commands = block(
        [
            *(origin(values["about"], f"{COMMAND} --only {name}") for name, values in found.get("sets", {}).items()),
            COMMAND,
        ]
    )
    return {"intervals": intervals_table(found), "intervals commands": commands}


PLACES = ("intervals", "intervals commands")
"""What benchmarks.md.in has to have a place for."""
