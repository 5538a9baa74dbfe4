"""What the report of a count shows of slides: their heat maps, what each region holds, and what took how long."""

from __future__ import annotations

import csv
from pathlib import Path

from cytally.report.html import ReportFigure
from cytally.tasks.count_files import CountFiles
from cytally.tasks.plane_files import find_file

MOST = 12
"""So many heat maps lie in the page; all are files beside it."""


def slide_figures(files: CountFiles) -> list[ReportFigure]:
    """One figure for each of the first slides."""
    found: list[ReportFigure] = []
    for row in files.rows:
        stem = files.inputs.file_stem(row.image)
        picture = None if stem is None else find_file(files.folder, "heatmaps", stem)
        if picture is None or len(found) >= MOST:
            continue
        about = files.details[row.image]
        found.append(
            ReportFigure(
                f"heat-map-{len(found) + 1}",
                f"Heat map of {row.image}",
                " ".join(_sentences(about, find_file(files.folder, "regions", str(stem)))),
                picture.read_bytes(),
                f"Heat map of the cells of {row.image}, with the densest and the sparsest place marked",
            )
        )
    return found


def _sentences(about: dict[str, object], regions: Path | None) -> list[str]:
    share = about.get("tissue_share")
    said = ["Colours tell how many cells there are per area; what is grey was not counted in."]
    if isinstance(share, float):
        said.append(f"Counted in {100 * share:.0f} % of the slide.")
    if regions is not None:
        with regions.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        said.append("Cells by region: " + "; ".join(f"{row['name']} {float(row['count']):,.0f}" for row in rows[:20]))
        said[-1] += f" and {len(rows) - 20} more." if len(rows) > 20 else "."
    timings = about.get("timings")
    if isinstance(timings, dict):
        spent = ", ".join(
            f"{name} {seconds:.0f} s" for name, seconds in sorted(timings.items(), key=lambda one: -one[1])
        )
        said.append(f"Time by the clock of each step, which overlap: {spent}.")
    return said
