"""What the report of a count shows of slides: their heat maps, what each region holds, and what took how long."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

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
                " ".join(_sentences(about, row.area_mm2, find_file(files.folder, "regions", str(stem)))),
                picture.read_bytes(),
                f"Heat map of the cells of {row.image}, with the densest and the sparsest place marked",
            )
        )
    return found


def slide_notes(files: CountFiles) -> list[str]:
    """A sentence for each slide of which a part is damaged: how large it is."""
    told = ((row.image, damage(files.details[row.image], row.area_mm2)) for row in files.rows)
    return [f"{image}: {words}" for image, words in told if words]


def damage(about: dict[str, Any], area_mm2: float | None) -> str:
    """How much of a slide is damaged, in words; empty where nothing is.

    Parameters
    ----------
    about
        What run.json tells of it.
    area_mm2
        The area that was counted in; None where unknown.

    Examples
    --------
    >>> about = {"shape": [1000, 2000], "tissue_share": 0.5, "damaged_pixels": 65536}
    >>> damage(about, 0.25)
    '65,536 damaged pixels (0.0164 mm²) are left out, 6.2 % of what there was to count in.'
    """
    damaged = about.get("damaged_pixels", 0)
    if not damaged:
        return ""
    counted = about["tissue_share"] * math.prod(about["shape"])
    size = f" ({area_mm2 * damaged / counted:.3g} mm²)" if area_mm2 and counted else ""
    share = 100 * damaged / (damaged + counted)
    places = 1 if share < 10 else 0
    return f"{damaged:,} damaged pixels{size} are left out, {share:.{places}f} % of what there was to count in."


def _sentences(about: dict[str, Any], area_mm2: float | None, regions: Path | None) -> list[str]:
    share = about.get("tissue_share")
    said = ["Colours tell how many cells there are per area; what is grey was not counted in."]
    if isinstance(share, float):
        said.append(f"Counted in {100 * share:.0f} % of the slide.")
    said += filter(None, [damage(about, area_mm2)])
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
