"""Taking an image out of a project."""

from __future__ import annotations

import shutil
from pathlib import Path

from cytally.app.desk import Desk
from cytally.app.records import find_image, touch
from cytally.app.refusal import Refusal


def remove_image(desk: Desk, project: str, image: str) -> None:
    """Remove an image with its count and corrections; its file only where it was sent, and no other plane needs it.

    Raises
    ------
    Refusal
        404 where there is none, 409 while it is to be counted.
    """
    store = desk.store
    with store.together():
        row = find_image(store, project, image)
        if row["state"] in ("waiting", "counting"):
            raise Refusal(409, "the image is being counted", "cancel the count, or wait until it is done")
        store.change("DELETE FROM images WHERE id = ?", image)
        needed = store.row("SELECT 1 FROM images WHERE path = ?", row["path"])
        touch(store, project)
    path = Path(row["path"])
    if needed is None and path.parent == desk.workspace.project(project) / "images":
        path.unlink(missing_ok=True)
    desk.thumbnail(image).unlink(missing_ok=True)
    shutil.rmtree(desk.pictures.levels(image), ignore_errors=True)
