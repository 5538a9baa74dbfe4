"""A job that is being done: it tells how far it is, and is told to stop."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from cytally.app.desk import Desk

OFTEN = 0.3
"""Seconds between two notes of how far a job is."""
SOON, SHARE, LATE = 3.0, 0.05, 20.0
"""The time left is told after so many seconds and such a share of the work, or after `LATE` seconds anyway."""
MOST_CURVE_POINTS = 400


class Stopped(BaseException):
    """A job shall end at once. No error, so that whoever goes on after errors does not."""


class Cancelled(Stopped):
    """The user does not want it any more."""


class Interrupted(Stopped):
    """The server ends; the job goes on when it runs again."""


@dataclass
class Running:
    """A job that is being done.

    Parameters
    ----------
    desk
        What it works with.
    id, project, asked
        Which job it is, of which project, and what was asked for.
    ending
        Set when the server ends.
    """

    desk: Desk
    id: str
    project: str
    asked: dict[str, Any]
    ending: Event
    _began: float = field(default_factory=time.monotonic)
    _began_at: float | None = None
    _first: bool = True
    _noted: float = 0.0
    _curves: list[dict[str, float | None]] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """The folder of its project."""
        return self.desk.workspace.project(self.project)

    @contextmanager
    def work_folder(self, kind: str) -> Iterator[Path]:
        """A folder of its own, removed when the job has ended; where the server ends first, it is gone on with."""
        folder = self.folder / kind / self.id
        folder.mkdir(parents=True, exist_ok=True)
        try:
            yield folder
        except Interrupted:
            raise
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)

    def check(self) -> None:
        """Stop here if it shall.

        Raises
        ------
        Stopped
            When it was cancelled, or the server ends.
        """
        if self.ending.is_set():
            raise Interrupted
        row = self.desk.store.row("SELECT cancel FROM jobs WHERE id = ?", self.id)
        if row is not None and row["cancel"]:
            raise Cancelled

    def tell(self, done: float, total: float, message: str, *, at_once: bool = False) -> None:
        """Note how far it is, now and then, and stop if it shall."""
        if self._began_at is None or (self._first and done > self._began_at):  # the first has waited for the model
            self._first = self._began_at is None
            self._began, self._began_at = time.monotonic(), done
        if not at_once and time.monotonic() - self._noted < OFTEN:
            return
        self._noted = time.monotonic()
        left = _left(self._noted - self._began, done - self._began_at, total - done)
        self.desk.store.change(
            "UPDATE jobs SET done = ?, total = ?, message = ?, seconds_left = ?, curves = ? WHERE id = ?",
            *(done, total, message, left, json.dumps(self._curves), self.id),
        )
        self.check()

    def curve(self, step: int, loss: float, validation: float) -> None:
        """Note a point of the curves of a training; of very many every second one is forgotten."""
        self._curves.append(
            {
                "step": step,
                "loss": loss if math.isfinite(loss) else None,
                "validation": validation if math.isfinite(validation) else None,
            }
        )
        if len(self._curves) > MOST_CURVE_POINTS:
            del self._curves[-2::-2]


def _left(seconds: float, gained: float, missing: float) -> float | None:
    """Seconds that the rest will take; None while that would be a mere guess.

    Examples
    --------
    >>> _left(2.0, 50, 50), _left(4.0, 1, 99), _left(4.0, 10, 90), _left(30.0, 1, 99), _left(30.0, 0, 100)
    (None, None, 36.0, 2970.0, None)
    """
    share = gained / (gained + missing) if gained > 0 else 0.0
    if share <= 0 or seconds < SOON or (share < SHARE and seconds < LATE):
        return None
    return max(0.0, seconds / gained * missing)
