"""Projects: a name, images, and the model that they are counted with."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from cytally.app.answers import ProjectAnswer
from cytally.app.records import new_id, touch
from cytally.app.refusal import not_found
from cytally.app.store import Store
from cytally.tasks.count import DEFAULT_MODEL

QUERY = """
SELECT projects.*, COUNT(images.id) AS images, COUNT(images.count) AS counted,
       COALESCE(SUM(images.reviewed), 0) AS reviewed
FROM projects LEFT JOIN images ON images.project = projects.id
"""


def now() -> str:
    """The time, as answers tell it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def list_projects(store: Store) -> list[ProjectAnswer]:
    """All projects, the oldest first."""
    return [_answer(row) for row in store.rows(f"{QUERY} GROUP BY projects.id ORDER BY projects.rowid")]


def check_project(store: Store, project: str) -> None:
    """Refuse where there is no such project, without counting its images: every tile and thumbnail asks this.

    Raises
    ------
    Refusal
        404 where there is none.
    """
    if store.row("SELECT 1 FROM projects WHERE id = ?", project) is None:
        raise not_found("project")


def find_project(store: Store, project: str) -> ProjectAnswer:
    """One project.

    Raises
    ------
    Refusal
        404 where there is none.
    """
    row = store.row(f"{QUERY} WHERE projects.id = ? GROUP BY projects.id", project)
    if row is None:
        raise not_found("project")
    return _answer(row)


def add_project(store: Store, name: str) -> ProjectAnswer:
    """Make a project."""
    project = new_id()
    store.change(
        "INSERT INTO projects (id, name, created, model) VALUES (?, ?, ?, ?)", project, name, now(), DEFAULT_MODEL
    )
    return find_project(store, project)


def change_project(store: Store, project: str, name: str | None, model: str | None) -> ProjectAnswer:
    """Rename a project, or count it with another model from now on."""
    find_project(store, project)
    store.change(
        "UPDATE projects SET name = COALESCE(?, name), model = COALESCE(?, model) WHERE id = ?", name, model, project
    )
    touch(store, project)
    return find_project(store, project)


def _answer(row: sqlite3.Row) -> ProjectAnswer:
    return ProjectAnswer(**{key: row[key] for key in ProjectAnswer.model_fields})
