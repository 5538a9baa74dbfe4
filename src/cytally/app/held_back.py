"""Which reviewed images teach, and which are held back to compare models by; an image keeps its part for good.

It goes by what is in the file, so that copies of an image, and the planes of one file, are all on one side.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Sequence

from cytally.app.refusal import Refusal
from cytally.app.store import Store

FEWEST = 4
"""Reviewed images: two that teach, one that validates the training, one that is held back."""
HELD_BACK = 0.3
"""Share of the reviewed images that is held back."""


def split_reviewed(
    store: Store, contents: Sequence[tuple[sqlite3.Row, str]], learnt: Collection[str], empty: Collection[str] = ()
) -> tuple[list[sqlite3.Row], list[sqlite3.Row]]:
    """Images that may be learnt from, and those that are held back; noted in the database.

    Parameters
    ----------
    store
        Knows which part every image had before, in any project.
    contents
        Images, and the digest of each one's file.
    learnt
        Digests of the images that the model was trained on. None of them is held back.
    empty
        Digests of images without a cell. They are held back last: most models count these right.

    Raises
    ------
    Refusal
        409 where too few are left to teach, or none to compare by.
    """
    files: dict[str, list[sqlite3.Row]] = defaultdict(list)
    for row, content in contents:
        files[content].append(row)
    with store.together():
        before = {row["content"]: bool(row["held"]) for row in store.rows("SELECT * FROM held_back")}
        usable = {content: rows for content, rows in files.items() if not (before.get(content) and content in learnt)}
        held = {content for content in usable if before.get(content)}
        teach = {content for content in usable if before.get(content) is False or content in learnt}
        images = sum(map(len, usable.values()))
        least = 1 if images <= FEWEST else 2  # one image alone says little of which model is better
        wanted = max(least, int(HELD_BACK * images))
        new = sorted(usable.keys() - held - teach, key=lambda content: (content in empty, _shuffled(content)))
        for content in new:
            if sum(len(usable[each]) for each in held) + len(usable[content]) <= wanted:
                held.add(content)
        if not held and new:  # files of many planes each: the smallest
            held.add(min(new, key=lambda content: (content in empty, len(usable[content]))))
        teach |= usable.keys() - held
        taught = sum(len(usable[each]) for each in teach)
        if taught < FEWEST - 1 or not held:
            raise _too_few(taught, bool(held))
        for content in new:
            store.change("INSERT INTO held_back (content, held) VALUES (?, ?)", content, content in held)
    rows = [(row, content) for row, content in contents if content in usable]
    return [row for row, content in rows if content in teach], [row for row, content in rows if content in held]


def _shuffled(content: str) -> str:
    """An order that has nothing to do with the images, and is always the same."""
    return hashlib.sha256(content.encode()).hexdigest()


def _too_few(taught: int, compares: bool) -> Refusal:
    if compares:
        missing = FEWEST - 1 - taught
        what = f"{taught} image{'s' * (taught != 1)} may be learnt from besides those that are held back"
        return Refusal(409, f"{what}, and it takes {FEWEST - 1}", f"review {missing} more, of other files")
    return Refusal(
        409,
        "no image is left to compare the models by: all of one file stay together, and what was learnt from before "
        "is not compared by",
        "review images of other files",
    )
