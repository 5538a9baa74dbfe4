"""The cells of an image: what a model found, and what a person made of it."""

from __future__ import annotations

import csv
import json
import math
import sqlite3
from pathlib import Path

from cytally.app.answers import PointsAnswer, SavedPoints
from cytally.app.questions import NewPoints
from cytally.app.records import find_image, touch
from cytally.app.refusal import Refusal
from cytally.app.workspace import Workspace
from cytally.tasks.plane_files import find_file

DIGITS = 2
"""Places of a pixel that corrections are kept to."""


def read_points(workspace: Workspace, project: str, image: str) -> PointsAnswer:
    """The points of an image."""
    row = find_image(workspace.store, project, image)
    return PointsAnswer(
        model=model_points(workspace, row),
        corrected=corrected_points(row),
        reviewed=bool(row["reviewed"]),
        revision=row["revision"],
    )


def model_points(workspace: Workspace, row: sqlite3.Row) -> list[tuple[float, float, float]]:
    """y, x and score of what the model found; none where it has not counted, or gives no points."""
    folder = result_folder(workspace, row)
    if folder is None:
        return []
    path = find_file(folder, "points", row["stem"])
    if path is None:
        return []
    with path.open(newline="", encoding="utf-8") as file:
        found = [tuple(map(float, line)) for line in list(csv.reader(file))[1:]]
    return [(y, x, score) for y, x, score in found if math.isfinite(y + x + score)]


def corrected_points(row: sqlite3.Row) -> list[tuple[float, float]] | None:
    """y and x of the points after correction; None where nobody has corrected them."""
    return None if row["corrected"] is None else [(y, x) for y, x in json.loads(row["corrected"])]


def final_points(workspace: Workspace, row: sqlite3.Row) -> list[tuple[float, float]]:
    """What a reviewed image holds: the corrected points, or the model's, which were found right."""
    corrected = corrected_points(row)
    return [(y, x) for y, x, _ in model_points(workspace, row)] if corrected is None else corrected


def save_points(workspace: Workspace, project: str, image: str, new: NewPoints) -> SavedPoints:
    """Replace the corrected points of an image, or (None) take its correction back.

    Raises
    ------
    Refusal
        400 where a point lies outside of the image; 409 where somebody else saved since the revision that was
        corrected, with what is there now, or where what was never counted shall be right as it is.
    """
    store = workspace.store
    with store.together():
        row = find_image(store, project, image)
        if row["revision"] != new.revision:
            raise Refusal(
                409,
                "the points were changed meanwhile, in another tab or by somebody else",
                "look at the points as they are now, and correct them again",
                current={
                    "points": corrected_points(row),
                    "reviewed": bool(row["reviewed"]),
                    "revision": row["revision"],
                },
            )
        outside = next(((y, x) for y, x in new.points or () if y > row["height"] - 0.5 or x > row["width"] - 0.5), None)
        if outside is not None:
            raise Refusal(
                400,
                f"the point {outside[0]:g}, {outside[1]:g} lies outside of the image of {row['height']} rows and "
                f"{row['width']} columns",
                "leave it out",
            )
        if new.reviewed and new.points is None and row["count"] is None:
            raise Refusal(409, "the image has not been counted, so it has no points to be right", "count it first")
        points = None if new.points is None else [(round(y, DIGITS), round(x, DIGITS)) for y, x in new.points]
        number = None if points is None else len(points)
        kept = None if points is None else json.dumps(points, separators=(",", ":"))
        store.change(
            "UPDATE images SET corrected = ?, corrected_count = ?, reviewed = ?, revision = revision + 1 WHERE id = ?",
            *(kept, number, new.reviewed, image),
        )
        touch(store, project)
    return SavedPoints(revision=new.revision + 1, corrected=number)


def result_folder(workspace: Workspace, row: sqlite3.Row) -> Path | None:
    """Where the files of an image's count lie; None where it has not been counted."""
    return None if row["folder"] is None else workspace.folder / row["folder"]
