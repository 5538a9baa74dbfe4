"""Routes: what this server is, and its projects."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter

from cytally.app import projects
from cytally.app.answers import About, ProjectAnswer
from cytally.app.asking import REFUSALS, At, Project
from cytally.app.models import list_models, model_folder
from cytally.app.questions import NewProject, ProjectChange
from cytally.workers.cores import usable_cores

router = APIRouter(prefix="/api", responses=REFUSALS, tags=["projects"])


@router.get("/about")
def about(desk: At) -> About:
    """Version, workspace, models and limits."""
    return About(
        version=version("cytally"),
        workspace=str(desk.workspace.folder),
        models=list_models(desk.workspace),
        upload_limit_bytes=desk.upload_limit,
        cores=usable_cores(),
    )


@router.get("/projects")
def list_projects(desk: At) -> list[ProjectAnswer]:
    """All projects, the oldest first."""
    return projects.list_projects(desk.store)


@router.post("/projects", status_code=201)
def add_project(desk: At, new: NewProject) -> ProjectAnswer:
    """Make a project."""
    return projects.add_project(desk.store, new.name)


@router.patch("/projects/{project}")
def change_project(desk: At, project: Project, change: ProjectChange) -> ProjectAnswer:
    """Rename a project, or choose its model."""
    if change.model is not None:
        model_folder(desk.workspace, change.model)
    return projects.change_project(desk.store, project, change.name, change.model)
