"""The form in which experts score triplets, as it is handed out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from cytally.errors import UsageError
from cytally.files import whole_file
from cytally.tasks.spreadsheet import read_spreadsheet

FORM, KEY = "experts.csv", "triplets.csv"
"""The form that experts fill in, and beside it which triplet shows which image."""

COLUMNS = ("triplet", "image", "expert", "score", "missed", "false", "comment")
NEEDED = ("triplet", "expert", "score")
KEY_COLUMNS = ("triplet", "image")

SCALE = {1: "unusable", 2: "poor", 3: "fair", 4: "good", 5: "perfect"}
"""What scores mean; those between are allowed."""

RANGE = f"{min(SCALE)} ({SCALE[min(SCALE)]}) to {max(SCALE)} ({SCALE[max(SCALE)]})"


def write_form(folder: Path, images: Sequence[str]) -> None:
    """Write the empty form and its key, experts.csv and triplets.csv.

    Parameters
    ----------
    folder
        Where they go.
    images
        Names of the images, that of triplet 1 first.
    """
    rows = [(str(number), image) for number, image in enumerate(images, start=1)]
    blank = [""] * (len(COLUMNS) - len(KEY_COLUMNS))
    _write(folder / KEY, [KEY_COLUMNS, *rows])
    _write(folder / FORM, [COLUMNS, *((*row, *blank) for row in rows)])


def refuse_filled_form(folder: Path) -> None:
    """Refuse to replace a form in which an expert has written.

    Raises
    ------
    UsageError
        When the folder's experts.csv holds more than the empty form did, or is not to be read.
    """
    path = folder / FORM
    if not path.is_file():
        return
    rows = read_spreadsheet(path, NEEDED)
    if any(row.cells.get(column) for row in rows for column in COLUMNS if column not in KEY_COLUMNS):
        raise UsageError(
            "is a form that an expert has written in", file=path, cure="move it to another folder, or give another -o"
        )


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    # Without the mark, Excel takes the names for another encoding, and they come back spoiled.
    encoding = "utf-8" if text.getvalue().isascii() else "utf-8-sig"
    with whole_file(path) as temporary:
        temporary.write_bytes(text.getvalue().encode(encoding))
