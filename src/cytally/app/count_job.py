"""Counting images of a project: `cytally count` into a folder of the workspace, told image by image."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock, Timer
from typing import Any

import numpy as np

from cytally.app.desk import Desk
from cytally.app.models import model_folder, named_model
from cytally.app.reachable import reachable
from cytally.app.records import touch
from cytally.app.refusal import Refusal
from cytally.app.running import Running
from cytally.tasks.count import count
from cytally.tasks.count_options import CountOptions
from cytally.tasks.count_row import BY_AREA, COLUMNS, CountRow
from cytally.tasks.inputs import Inputs
from cytally.tasks.rows import read_rows
from cytally.tasks.watch import Watch

OFTEN = 0.5
"""Seconds between two looks at the table that the count writes."""


def queue_count(desk: Desk, project: str, images: Sequence[str] | None, model: str) -> tuple[list[str], int]:
    """The images that a count of a project is about, and how many there are.

    Raises
    ------
    Refusal
        404 where one is none of the project's, 409 where there is none.
    """
    known = [row["id"] for row in desk.store.rows("SELECT id FROM images WHERE project = ? ORDER BY added", project)]
    model_folder(desk.workspace, model)
    if images is not None and not set(images) <= set(known):
        raise Refusal(404, "an image to count is not in this project", "reload the page")
    chosen = known if images is None else [each for each in known if each in set(images)]
    if not chosen:
        raise Refusal(409, "there is no image to count", "add images first")
    return chosen, len(chosen)


def mark_waiting(desk: Desk, project: str, job: str, images: Sequence[str]) -> None:
    """Show images as waiting for a job."""
    with desk.store.together():
        for image in images:
            desk.store.change("UPDATE images SET state = 'waiting', error = NULL, job = ? WHERE id = ?", job, image)
        touch(desk.store, project)


def run_count(running: Running) -> dict[str, Any]:
    """Count the images that were asked for; what an earlier server has counted of them stays."""
    desk, model = running.desk, running.asked["model"]
    wanted = set(running.asked["images"])
    rows = desk.store.rows("SELECT * FROM images WHERE project = ? ORDER BY added", running.project)
    told = _Told(running, [row for row in rows if row["id"] in wanted], model)
    out = running.folder / "counts" / running.id
    if told.inputs.paths:
        running.tell(0, len(wanted), "Loading the model", at_once=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        watch = Watch(on_images=told.on_images, on_note=told.notes.append, on_failure=told.on_failure)
        try:
            count(told.inputs.paths, out, named_model(desk.workspace, model), CountOptions(resume=True), watch)
        except BaseException:
            told.collect()
            raise
    told.collect(finished=True)
    told.note_channels()
    remove_unused(desk, running.project)
    total = sum(row.count for row in told.counted.values())
    return {"counted": len(told.counted), "failed": told.failed, "cells": round(total, 1), "notes": told.notes}


@dataclass
class _Told:
    """What is known so far of the images of a count."""

    running: Running
    rows: list[sqlite3.Row]
    model: str
    counted: dict[str, CountRow] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failed: int = 0
    _looked: float = 0.0
    _later: Timer | None = None
    _collecting: RLock = field(default_factory=RLock)

    def __post_init__(self) -> None:
        self.by_path: dict[Path, list[sqlite3.Row]] = defaultdict(list)
        there, gone = reachable(self.rows, self.running.desk.workspace.allowed)
        for row, refusal in gone:
            self._fail(row, f"{row['name']}: {refusal.error}; {refusal.cure}")
        for row, path in there:
            self.by_path[path].append(row)
        self.inputs = Inputs(list(self.by_path))
        pixels = [sum(row["width"] * row["height"] for row in rows) for rows in self.by_path.values()]
        self._work = np.cumsum([0, *pixels]) / max(1, sum(pixels))
        """Share of all pixels that the first so many files hold: a large one takes longer."""
        self.images = {
            self.inputs.name(path) + row["place"]: row for path, rows in self.by_path.items() for row in rows
        }

    @property
    def out(self) -> Path:
        return self.running.folder / "counts" / self.running.id

    def on_images(self, what: str, done: float, total: int) -> None:
        if time.monotonic() - self._looked > OFTEN:
            self.collect()
        elif self._later is None:  # the next image may be long
            self._later = Timer(OFTEN, self.collect)
            self._later.daemon = True
            self._later.start()
        share = float(np.interp(done / total, np.linspace(0, 1, len(self._work)), self._work)) if total else 1.0
        number = len(self.rows)
        of = f"{int(number * done / total) if total else number} of {number} image{'s' * (number != 1)}"
        self.running.tell(share * number, number, f"{what}: {of}")

    def on_failure(self, image: str, line: str) -> None:
        path = self.inputs.owner(image)
        rows = [self.images[image]] if image in self.images else self.by_path.get(path, []) if path else []
        for row in rows:
            self._fail(row, line.replace(str(path), row["name"]))

    def collect(self, *, finished: bool = False) -> None:
        """Take over the rows that the count has written so far."""
        with self._collecting:
            if self._later is not None:
                self._later.cancel()
                self._later = None
            self._collect(finished=finished)

    def note_channels(self) -> None:
        """Note the channel that each image was counted in, where it was one of several."""
        path = self.out / "run.json"
        details = json.loads(path.read_text(encoding="utf-8"))["images"] if path.is_file() else {}
        with self.running.desk.store.together():
            for name, detail in details.items():
                one = detail["channels"][0] if len(detail["channels"]) == 1 < detail["channels_in_file"] else None
                if name in self.counted:
                    self.running.desk.store.change(
                        "UPDATE images SET counted_in = ? WHERE id = ?", one, self.images[name]["id"]
                    )

    def _collect(self, *, finished: bool) -> None:
        self._looked = time.monotonic()
        table, store = self.out / "counts.csv", self.running.desk.store
        cells = read_rows(table, COLUMNS) or read_rows(table, BY_AREA)
        new = {each["image"]: CountRow.from_cells(each) for each in cells if each["image"] not in self.counted}
        with store.together():
            for name, row in new.items():
                if name in self.images:
                    self._count(self.images[name], name, row)
            self.counted |= {name: row for name, row in new.items() if name in self.images}
            waiting = "SELECT * FROM images WHERE job = ? AND state IN ('waiting', 'counting') ORDER BY added"
            left = store.rows(waiting, self.running.id)
            for image in left if finished else ():
                self._fail(image, f"{image['name']}: was not counted; the file may have changed, add it again")
            if left and not finished and left[0]["state"] == "waiting":
                store.change("UPDATE images SET state = 'counting' WHERE id = ?", left[0]["id"])
            if new or left:
                touch(store, self.running.project)

    def _count(self, image: sqlite3.Row, name: str, row: CountRow) -> None:
        workspace = self.running.desk.workspace
        self.running.desk.store.change(
            "UPDATE images SET state = 'counted', error = NULL, job = ?, count = ?, lower = ?, upper = ?, flags = ?,"
            " model = ?, cells = ?, folder = ?, stem = ? WHERE id = ?",
            *(self.running.id, row.count, row.lower, row.upper, ";".join(row.flags), self.model),
            *(json.dumps(row.cells()), self.out.relative_to(workspace.folder).as_posix()),
            *(self.inputs.file_stem(name), image["id"]),
        )

    def _fail(self, image: sqlite3.Row, line: str) -> None:
        self.failed += 1
        self.running.desk.store.change(
            "UPDATE images SET state = 'failed', error = ?, job = ? WHERE id = ?", line, self.running.id, image["id"]
        )
        touch(self.running.desk.store, self.running.project)


def remove_unused(desk: Desk, project: str) -> None:
    """Remove the results of counts all images of which have been counted again since, and of jobs that have ended."""
    folder = desk.workspace.project(project) / "counts"
    used = {row["folder"] for row in desk.store.rows("SELECT DISTINCT folder FROM images WHERE project = ?", project)}
    going = {
        row["id"]
        for row in desk.store.rows("SELECT id FROM jobs WHERE project = ? AND state IN ('waiting', 'running')", project)
    }
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.relative_to(desk.workspace.folder).as_posix() not in used and path.name not in going:
            shutil.rmtree(path, ignore_errors=True)
