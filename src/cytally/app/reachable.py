"""The images of a project whose files are still there, and may still be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from cytally.app.confine import confined
from cytally.app.refusal import Refusal


def reachable(
    rows: Iterable[sqlite3.Row], allowed: Sequence[Path]
) -> tuple[list[tuple[sqlite3.Row, Path]], list[tuple[sqlite3.Row, Refusal]]]:
    """Images with their files, and those that have none that may be read, with the reason; both in order.

    Parameters
    ----------
    rows
        Images.
    allowed
        As in `cytally.app.confine.confined`.
    """
    there, gone = [], []
    for row in rows:
        try:
            there.append((row, confined(row["path"], allowed)))
        except Refusal as refusal:
            gone.append((row, refusal))
    return there, gone
