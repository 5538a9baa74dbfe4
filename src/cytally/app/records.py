"""The images of a project, as the database has them."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from cytally.app.answers import FlagAnswer, ImageAnswer, Images
from cytally.app.entry import Entry
from cytally.app.names import unique_name
from cytally.app.refusal import not_found
from cytally.app.store import Store
from cytally.report.words import sentence

Sort = Literal["name", "count", "width", "flags", "reviewed", "added"]
Only = Literal["flagged", "failed", "reviewed", "unreviewed"]
ORDERED_BY = {
    "name": "name COLLATE NOCASE",
    "count": "COALESCE(corrected_count, count)",
    "width": "COALESCE(upper - lower, -1)",
    "flags": "LENGTH(flags) - LENGTH(REPLACE(flags, ';', '')) + (flags <> '')",
    "reviewed": "reviewed",
    "added": "added",
}
"""`width` is that of the interval."""
SHOWN = {
    None: "1",
    "flagged": "flags <> ''",
    "failed": "state = 'failed'",
    "reviewed": "reviewed = 1",
    "unreviewed": "reviewed = 0",
}


def new_id() -> str:
    """A name that nobody guesses and no one else has."""
    return secrets.token_hex(6)


def touch(store: Store, project: str) -> None:
    """Let those who watch know that a project changed."""
    store.change("UPDATE projects SET revision = revision + 1 WHERE id = ?", project)


def add_images(
    store: Store,
    project: str,
    name: str,
    path: Path,
    entries: Sequence[Entry],
    content: tuple[int | None, str | None] = (None, None),
) -> list[str]:
    """Note the planes of a file; their identifiers.

    Parameters
    ----------
    name
        What to call it; a number is added where another image is called so.
    content
        Size and digest of the file, as far as known.
    """
    with store.together():
        taken = {row["name"].casefold() for row in store.rows("SELECT name FROM images WHERE project = ?", project)}
        row = store.row("SELECT COALESCE(MAX(added), 0) AS last FROM images WHERE project = ?", project)
        last, ids = 0 if row is None else row["last"], []
        for number, entry in enumerate(entries, start=1):
            own = unique_name(name + entry.place, taken)
            taken.add(own.casefold())
            ids.append(new_id())
            ranges = None if entry.ranges is None else json.dumps([each.as_dict() for each in entry.ranges])
            store.change(
                "INSERT INTO images (id, project, added, name, path, place, width, height, channels, pixel_size, depth,"
                " ranges, bytes, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(ids[-1], project, last + number, own, str(path), entry.place, entry.width, entry.height),
                *(json.dumps(entry.channels), entry.pixel_size, entry.depth, ranges, *content),
            )
        touch(store, project)
    return ids


def find_image(store: Store, project: str, image: str) -> sqlite3.Row:
    """The row of an image.

    Raises
    ------
    Refusal
        404 where there is none.
    """
    row = store.row("SELECT * FROM images WHERE id = ? AND project = ?", image, project)
    if row is None:
        raise not_found("image")
    return row


def list_images(
    store: Store, project: str, *, offset: int, limit: int, sort: Sort, order: str, text: str, only: Only | None
) -> Images:
    """Some images of a project, in the order asked for."""
    where = f"project = ? AND {SHOWN[only]} AND INSTR(LOWER(name), LOWER(?)) > 0"
    direction = "DESC" if order == "desc" else "ASC"
    with store.together():
        total = store.rows(f"SELECT COUNT(*) AS n FROM images WHERE {where}", project, text)[0]["n"]
        rows = store.rows(
            f"SELECT * FROM images WHERE {where} ORDER BY {ORDERED_BY[sort]} {direction}, added LIMIT ? OFFSET ?",
            *(project, text, limit, offset),
        )
        revision = store.rows("SELECT revision FROM projects WHERE id = ?", project)[0]["revision"]
    return Images(total=total, revision=revision, items=[image_answer(row) for row in rows])


def image_answer(row: sqlite3.Row) -> ImageAnswer:
    """An image as the page gets it."""
    flags = [word for word in row["flags"].split(";") if word]
    return ImageAnswer(
        id=row["id"],
        name=row["name"],
        width=row["width"],
        height=row["height"],
        channels=json.loads(row["channels"]),
        pixel_size=row["pixel_size"],
        state=row["state"],
        error=row["error"],
        count=row["count"],
        lower=row["lower"],
        upper=row["upper"],
        flags=[FlagAnswer(word=word, sentence=sentence(word)) for word in flags],
        model=row["model"],
        corrected=row["corrected_count"],
        reviewed=bool(row["reviewed"]),
    )
