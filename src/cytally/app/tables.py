"""What a project has to show for itself: counts.csv and report.html."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from importlib.metadata import version

import imagecodecs

from cytally.app.answers import ProjectAnswer
from cytally.app.points import result_folder
from cytally.app.projects import now
from cytally.app.workspace import Workspace
from cytally.report.html import ReportFailure
from cytally.report.overlays import encode_png, thumbnail
from cytally.report.page import INLINE_IMAGES, ReportData, ReportRow, ReportTable, render_report
from cytally.tasks.count_row import COLUMNS, CountRow
from cytally.tasks.plane_files import find_file

COUNTED = (*COLUMNS, "corrected", "reviewed")
"""Columns of counts.csv: those of `cytally count`, the corrected count (empty: not corrected), and 0 or 1."""


def counts_csv(workspace: Workspace, project: str) -> str:
    """The counts of a project, as text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COUNTED, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in _rows(workspace, project):
        cells = json.loads(row["cells"]) if row["cells"] else dict.fromkeys(COLUMNS, "")
        corrected = "" if row["corrected_count"] is None else str(row["corrected_count"])
        if row["cells"] or corrected:
            own = {"image": row["name"], "model": row["model"] or "", "corrected": corrected}
            writer.writerow(cells | own | {"reviewed": str(row["reviewed"])})
    return text.getvalue()


def report_html(workspace: Workspace, project: ProjectAnswer) -> str:
    """The report of a project: one page that needs no network."""
    rows = _rows(workspace, project.id)
    counted = [row for row in rows if row["cells"]]
    corrected = [row for row in rows if row["corrected_count"] is not None]
    models = sorted({row["model"] for row in counted})
    notes = []
    if corrected:
        notes.append(
            f"The points of {len(corrected)} image{'s' * (len(corrected) > 1)} were corrected by hand; the second "
            "table has both counts. The first table and the histogram show what the model counted."
        )
    table = ReportTable(
        ("image", "counted", "corrected", "reviewed"),
        tuple(
            (row["name"], row["count"], row["corrected_count"], "yes" if row["reviewed"] else "no") for row in corrected
        ),
    )
    inline = len(counted) <= INLINE_IMAGES
    return render_report(
        ReportData(
            title=project.name,
            model=" and ".join(models) or project.model,
            description=f"{len(counted)} of {len(rows)} images are counted, {project.reviewed} reviewed.",
            rows=tuple(_report_row(workspace, row, inline) for row in counted),
            failures=tuple(ReportFailure(row["name"], row["error"]) for row in rows if row["state"] == "failed"),
            samples=table if corrected else None,
            notes=tuple(notes),
            facts={"cytally": version("cytally"), "date": now(), "made by": "cytally app"},
        )
    )


def _rows(workspace: Workspace, project: str) -> list[sqlite3.Row]:
    return workspace.store.rows("SELECT * FROM images WHERE project = ? ORDER BY added", project)


def _report_row(workspace: Workspace, row: sqlite3.Row, inline: bool) -> ReportRow:
    count = CountRow.from_cells(json.loads(row["cells"]))
    folder = result_folder(workspace, row) if inline else None
    drawn = None if folder is None else find_file(folder, "overlays", row["stem"])
    return ReportRow(
        image=row["name"],
        count=count.count,
        lower=count.lower,
        upper=count.upper,
        area_mm2=count.area_mm2,
        density_per_mm2=count.density_per_mm2,
        flags=count.flags,
        thumbnail=None if drawn is None else encode_png(thumbnail(imagecodecs.imread(drawn))),
    )
