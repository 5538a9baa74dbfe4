"""What a project has to show for itself: counts.csv and report.html."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from importlib.metadata import version

import imagecodecs

from cytally.app.answers import ProjectAnswer
from cytally.app.models import list_models, model_folder
from cytally.app.points import result_folder
from cytally.app.projects import now
from cytally.app.refusal import Refusal
from cytally.app.workspace import Workspace
from cytally.calibration.intervals import COVERAGE, Calibration
from cytally.errors import ModelError
from cytally.models.store import read_card
from cytally.report.html import ReportFailure
from cytally.report.overlays import encode_png, thumbnail
from cytally.report.page import INLINE_IMAGES, ReportData, ReportRow, ReportTable, render_report
from cytally.tasks.count_row import COLUMNS, CountRow
from cytally.tasks.count_total import total_of
from cytally.tasks.plane_files import find_file

COUNTED = (*COLUMNS, "corrected", "reviewed")
"""Columns of counts.csv: those of `cytally count`, the corrected count (empty: not corrected), and 0 or 1."""


def counts_csv(workspace: Workspace, project: str) -> str:
    """The counts of a project, as text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COUNTED, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    called = _names(workspace)
    for row in _rows(workspace, project):
        cells = json.loads(row["cells"]) if row["cells"] else dict.fromkeys(COLUMNS, "")
        corrected = "" if row["corrected_count"] is None else str(row["corrected_count"])
        if row["cells"] or corrected:
            own = {"image": row["name"], "model": called.get(row["model"], row["model"]) or "", "corrected": corrected}
            writer.writerow(cells | own | {"reviewed": str(row["reviewed"])})
    return text.getvalue()


def report_html(workspace: Workspace, project: ProjectAnswer) -> str:
    """The report of a project: one page that needs no network."""
    rows = _rows(workspace, project.id)
    counted = [row for row in rows if row["cells"]]
    corrected = [row for row in rows if row["corrected_count"] is not None]
    called = _names(workspace)
    models = sorted({row["model"] for row in counted})
    results = [CountRow.from_cells(json.loads(row["cells"])) for row in counted]
    calibrations = [_calibration(workspace, model) for model in models]
    coverages = {each.coverage for each in calibrations if each is not None}
    total = total_of(calibrations[0] if len(models) == 1 else None, results)
    notes = []
    if len(models) > 1:
        notes.append("Images were counted by several models, so that their total has no interval.")
    if len(coverages) > 1:
        shares = " and ".join(f"{100 * each:g} %" for each in sorted(coverages))
        notes.append(f"The models' intervals are of {shares}, whatever the head of the table says.")
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
            model=" and ".join(called.get(each, each) for each in models) or project.model,
            description=f"{len(counted)} of {len(rows)} images are counted, {project.reviewed} reviewed.",
            rows=tuple(_report_row(workspace, row, inline) for row in counted),
            failures=tuple(ReportFailure(row["name"], row["error"]) for row in rows if row["state"] == "failed"),
            samples=table if corrected else None,
            samples_title="Corrected by hand",
            notes=tuple(notes),
            coverage=min(coverages, default=COVERAGE),
            total_interval=total.interval,
            facts={"cytally": version("cytally"), "date": now(), "made by": "cytally app"},
        )
    )


def _names(workspace: Workspace) -> dict[str, str]:
    """What models are called in tables: improved ones by when, and by the folder in which they lie."""
    return {each.id: f"{each.name} ({each.id})" if each.project else each.id for each in list_models(workspace)}


def _calibration(workspace: Workspace, model: str) -> Calibration | None:
    try:
        return read_card(model_folder(workspace, model)).calibration
    except (Refusal, ModelError):  # it was removed since
        return None


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
