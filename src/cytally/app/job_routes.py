"""Routes: work that takes a while."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from cytally.app.answers import Id, JobAnswer
from cytally.app.asking import CONFLICT, REFUSALS, At, Project
from cytally.app.count_job import mark_waiting, queue_count
from cytally.app.improve_job import queue_improvement
from cytally.app.projects import find_project
from cytally.app.questions import CountJob, ImproveJob, NewJob
from cytally.app.suggest_job import queue_suggestions

router = APIRouter(prefix="/api", responses=REFUSALS, tags=["jobs"])


@router.post("/projects/{project}/jobs", status_code=201, responses=CONFLICT)
def add_job(desk: At, project: Project, new: Annotated[NewJob, Body()]) -> JobAnswer:
    """Queue a job."""
    model = new.model or find_project(desk.store, project).model
    if isinstance(new, CountJob):
        images, total = queue_count(desk, project, new.images, model)
        with desk.store.together():
            job = desk.jobs.add(project, "count", {"images": images, "model": model}, total)
            mark_waiting(desk, project, job.id, images)
        return job
    if isinstance(new, ImproveJob):
        queue_improvement(desk, project, model)
        return desk.jobs.add(project, "improve", {"minutes": new.minutes, "model": model})
    queue_suggestions(desk, project, model)
    return desk.jobs.add(project, "suggest", {"model": model})


@router.get("/jobs")
def list_jobs(desk: At, project: Annotated[Id | None, Query()] = None) -> list[JobAnswer]:
    """The jobs of a project, or of all, the newest first."""
    return desk.jobs.list(project)


@router.post("/jobs/{job}/cancel", responses=CONFLICT)
def cancel_job(desk: At, job: Annotated[Id, Path()]) -> JobAnswer:
    """Stop a job; what it has finished stays."""
    return desk.jobs.cancel(job)
