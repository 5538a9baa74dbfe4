"""What the workspace knows, in one SQLite file: projects, images, corrections, jobs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from cytally.errors import DataError

VERSION = 2
SCHEMA = """
CREATE TABLE projects (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, created TEXT NOT NULL, model TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE images (
    id TEXT PRIMARY KEY, project TEXT NOT NULL REFERENCES projects (id), added INTEGER NOT NULL,
    name TEXT NOT NULL, path TEXT NOT NULL, place TEXT NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, channels TEXT NOT NULL, pixel_size REAL,
    depth INTEGER NOT NULL, ranges TEXT,
    state TEXT NOT NULL DEFAULT 'new', error TEXT, job TEXT,
    count REAL, lower REAL, upper REAL, flags TEXT NOT NULL DEFAULT '', model TEXT, cells TEXT,
    folder TEXT, stem TEXT,
    corrected TEXT, corrected_count INTEGER, reviewed INTEGER NOT NULL DEFAULT 0, revision INTEGER NOT NULL DEFAULT 0,
    UNIQUE (project, name)
);
CREATE INDEX images_of_project ON images (project, added);
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL REFERENCES projects (id),
    kind TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', asked TEXT NOT NULL, done REAL NOT NULL DEFAULT 0,
    total REAL NOT NULL DEFAULT 0, message TEXT NOT NULL DEFAULT '', created TEXT NOT NULL, finished TEXT,
    seconds_left REAL, curves TEXT NOT NULL DEFAULT '[]', result TEXT, cancel INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE suggestions (
    project TEXT PRIMARY KEY REFERENCES projects (id), created TEXT NOT NULL, items TEXT NOT NULL
);
"""
SINCE_1 = """
CREATE TABLE held_back (content TEXT PRIMARY KEY, held INTEGER NOT NULL);
ALTER TABLE images ADD COLUMN counted_in TEXT;
ALTER TABLE images ADD COLUMN bytes INTEGER;
ALTER TABLE images ADD COLUMN content TEXT;
"""
"""By the digest of a file, whether models are compared by it, or learn from it; the channel that an image was counted
in; size and digest of its file."""


class Store:
    """An SQLite file with one connection that threads share.

    Parameters
    ----------
    path
        The file; made where missing.

    Raises
    ------
    DataError
        When it is no such file, or of another version of cytally.
    """

    def __init__(self, path: Path) -> None:
        self._lock = RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        self._connection.row_factory = sqlite3.Row
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                self._connection.executescript(f"BEGIN; {SCHEMA} {SINCE_1} PRAGMA user_version = {VERSION}; COMMIT;")
                version = VERSION
            elif version == 1:
                self._connection.executescript(f"BEGIN; {SINCE_1} PRAGMA user_version = {VERSION}; COMMIT;")
                version = VERSION
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise DataError(f"is no database ({error})", file=path, cure="give another --workspace") from error
        if version != VERSION:
            self._connection.close()
            raise DataError(
                f"was written by another version of cytally (its layout is {version}, not {VERSION})",
                file=path,
                cure="use that version, or give another --workspace",
            )

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        with self._lock:
            found: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
            return found

    def change(self, sql: str, *values: Any) -> int:
        """Run one statement; how many rows it changed."""
        with self._lock:
            return self._connection.execute(sql, values).rowcount

    @contextmanager
    def together(self) -> Iterator[None]:
        """Changes that happen all or not at all, and that no other thread comes between."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Write everything out and let go of the file."""
        with self._lock:
            self._connection.close()
