"""The workspace: one folder that holds all the page knows, used by one server at a time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from cytally.app.store import Store
from cytally.errors import UsageError


class Workspace:
    """Folders of a workspace, and its database.

    ``workspace.db``, ``.lock``, ``cache/`` (may be removed), ``uploads/`` (what is not whole yet), and for every
    project ``projects/ID/`` with ``images/``, ``counts/JOB/``, ``models/JOB/``, ``exports/DATE/``.

    Parameters
    ----------
    folder
        Made where missing.
    allowed
        Further folders whose images may be linked.

    Raises
    ------
    UsageError
        When it cannot be written to, another server uses it, or an allowed folder is not there.
    """

    def __init__(self, folder: Path, allowed: Sequence[Path] = ()) -> None:
        for each in allowed:
            if not each.is_dir():
                raise UsageError("is no folder that could be allowed", file=each, cure="check --allow")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.folder = folder.resolve()
            self._lock = _lock(self.folder / ".lock")
            shutil.rmtree(self.uploads, ignore_errors=True)  # what a kill left half sent
            self.uploads.mkdir()
        except OSError as error:
            raise UsageError(
                f"cannot be written to ({error.strerror})", file=folder, cure="give another --workspace"
            ) from error
        self.allowed = (self.folder, *(each.resolve() for each in allowed))
        try:
            self.store = Store(self.folder / "workspace.db")
        except BaseException:
            os.close(self._lock)
            raise

    @property
    def uploads(self) -> Path:
        """Where files arrive."""
        return self.folder / "uploads"

    @property
    def cache(self) -> Path:
        """What can be made again: thumbnails and lower resolutions."""
        return self.folder / "cache"

    def project(self, project: str) -> Path:
        """The folder of a project."""
        return self.folder / "projects" / project

    def close(self) -> None:
        """Let another server use it."""
        self.store.close()
        os.close(self._lock)


def _lock(path: Path) -> int:
    """Hold a file that one process alone can hold; the system lets go of it when the process ends, however it does."""
    number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if os.name == "nt":  # pragma: no cover
            import msvcrt

            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(number)
        raise UsageError(
            "is in use by another 'cytally app'",
            file=path.parent,
            cure="open the page of that one, or give another --workspace",
        ) from error
    return number
