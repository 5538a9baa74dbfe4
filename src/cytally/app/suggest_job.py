"""Which images to label next, by `cytally suggest`."""

from __future__ import annotations

import json
from typing import Any

from cytally.app.answers import Suggestions
from cytally.app.desk import Desk
from cytally.app.export import write_data_folder
from cytally.app.models import model_folder, named_model
from cytally.app.projects import now
from cytally.app.reachable import reachable
from cytally.app.records import touch
from cytally.app.refusal import Refusal
from cytally.app.running import Running
from cytally.tasks.inputs import Inputs
from cytally.tasks.suggest import suggest
from cytally.tasks.suggest_options import SuggestOptions
from cytally.tasks.watch import Watch


def queue_suggestions(desk: Desk, project: str, model: str) -> None:
    """Refuse where nothing can be suggested.

    Raises
    ------
    Refusal
        404 where there is no such model; 409 where every image is reviewed.
    """
    model_folder(desk.workspace, model)
    if not desk.store.row("SELECT 1 FROM images WHERE project = ? AND reviewed = 0", project):
        raise Refusal(409, "there is no image that is not reviewed", "add images first")


def run_suggestions(running: Running) -> dict[str, Any]:
    """Rank the images that nobody has reviewed by what labelling them is expected to gain."""
    workspace, store, model = running.desk.workspace, running.desk.store, running.asked["model"]
    rows = store.rows("SELECT * FROM images WHERE project = ? ORDER BY added", running.project)
    there, gone = reachable(rows, workspace.allowed)
    notes = [f"Left out: {row['name']}: {refusal.error}; {refusal.cure}" for row, refusal in gone]
    reviewed = [row for row, _ in there if row["reviewed"]]
    waiting = [(row, path) for row, path in there if not row["reviewed"]]
    if not waiting:
        raise Refusal(404, "no image that is not reviewed can be read", "add the images again")
    inputs = Inputs(list(dict.fromkeys(path for _, path in waiting)))
    ids = {inputs.name(path) + row["place"]: row for row, path in waiting}
    names = {path: row["name"] for row, path in waiting}

    def on_failure(image: str, line: str) -> None:
        path = inputs.owner(image)
        notes.append(f"Left out: {line if path is None else line.replace(str(path), names[path])}")

    with running.work_folder("suggest") as work:
        if reviewed:
            write_data_folder(workspace, reviewed, work / "labelled", link=True)
        found = suggest(
            inputs.paths,
            work / "out",
            named_model(workspace, model),
            SuggestOptions(resume=True, labelled=work / "labelled" if reviewed else None),
            Watch(on_images=lambda what, done, total: running.tell(done, total, what), on_failure=on_failure),
        )
    told = [each.as_dict() for each in found.suggestions]
    items = [
        {
            "image": ids[each["image"]]["id"],
            "name": ids[each["image"]]["name"],
            "region": each["region"],
            "gain": each["gain"],
            "why": each["why"],
        }
        for each in told
        if each["image"] in ids
    ]
    with store.together():
        store.change(
            "INSERT OR REPLACE INTO suggestions (project, created, items) VALUES (?, ?, ?)",
            *(running.project, now(), json.dumps(items)),
        )
        touch(store, running.project)
    return {"suggested": len(items), "notes": [*notes, *found.notes]}


def read_suggestions(desk: Desk, project: str) -> Suggestions:
    """What was suggested last; images that were reviewed or removed since are left out."""
    row = desk.store.row("SELECT * FROM suggestions WHERE project = ?", project)
    if row is None:
        return Suggestions(created=None, items=[])
    waiting = {
        each["id"] for each in desk.store.rows("SELECT id FROM images WHERE project = ? AND reviewed = 0", project)
    }
    items = [each for each in json.loads(row["items"]) if each["image"] in waiting]
    return Suggestions(created=row["created"], items=items)
