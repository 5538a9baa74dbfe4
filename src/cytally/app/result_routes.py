"""Routes: what a project has to show: tables, report, suggestions, the data folder of what was reviewed."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from cytally.app.answers import Exported, Suggestions
from cytally.app.asking import CONFLICT, REFUSALS, At, Project
from cytally.app.export import export, pack
from cytally.app.projects import find_project
from cytally.app.suggest_job import read_suggestions
from cytally.app.tables import counts_csv, report_html

router = APIRouter(prefix="/api/projects/{project}", responses=REFUSALS, tags=["results"])

REPORT_POLICY = (
    "sandbox allow-scripts allow-popups; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; frame-ancestors 'self'"
)
"""The report has its styles and scripts in itself; in a sandbox it cannot call this server."""


def _file(kind: str, binary: bool = False) -> dict[str, Any]:
    schema = {"type": "string", "format": "binary"} if binary else {"type": "string"}
    return {"response_class": Response, "responses": {200: {"content": {kind: {"schema": schema}}}}}


@router.get("/suggestions")
def suggestions(desk: At, project: Project) -> Suggestions:
    """What to label next."""
    return read_suggestions(desk, project)


@router.get("/counts.csv", **_file("text/csv"))
def counts(desk: At, project: Project) -> Response:
    """The counts of all images, with those after correction."""
    headers = {"Content-Disposition": 'attachment; filename="counts.csv"'}
    return Response(counts_csv(desk.workspace, project), media_type="text/csv", headers=headers)


@router.get("/report.html", **_file("text/html"))
def report(desk: At, project: Project) -> Response:
    """The report of all images."""
    with desk.pictures.heavy:
        text = report_html(desk.workspace, find_project(desk.store, project))
    return Response(text, media_type="text/html", headers={"Content-Security-Policy": REPORT_POLICY})


@router.get("/export.zip", response_class=Response, responses=CONFLICT | _file("application/zip", True)["responses"])
def export_zip(desk: At, project: Project) -> Response:
    """The reviewed images as a data folder, in a ZIP file."""
    with desk.pictures.heavy:
        path = pack(desk.workspace, project)
    return FileResponse(
        path, media_type="application/zip", filename="export.zip", background=BackgroundTask(path.unlink, True)
    )


@router.post("/export", responses=CONFLICT)
def export_folder(desk: At, project: Project) -> Exported:
    """Write the reviewed images as a data folder into the workspace."""
    with desk.pictures.heavy:
        return export(desk.workspace, project)
