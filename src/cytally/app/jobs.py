"""Work that takes a while, done one job after the other by a thread; what waits or runs survives a restart."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

from cytally.app.answers import JobAnswer, WaitsFor
from cytally.app.desk import Desk
from cytally.app.projects import now
from cytally.app.records import new_id, touch
from cytally.app.refusal import Refusal, not_found, said
from cytally.app.running import Cancelled, Interrupted, Running
from cytally.errors import CytallyError
from cytally.tasks.failures import failure_line

logger = logging.getLogger(__name__)

Work = Callable[[Running], dict[str, Any] | None]
BEFORE = """
SELECT jobs.kind, jobs.project, projects.name FROM jobs JOIN projects ON projects.id = jobs.project
WHERE jobs.state IN ('running', 'waiting') AND jobs.number < ? ORDER BY jobs.number DESC LIMIT 1
"""
"""The job just before another in the queue."""
PAUSE = 5.0
"""Seconds before the queue is tried again, after not even a failure could be noted."""
PATIENCE = 20.0
"""Seconds that the end of the server waits for a job to stop at a good moment."""


class Jobs:
    """The queue of jobs.

    Parameters
    ----------
    desk
        What they work with.
    works
        What does a job of each kind.
    """

    def __init__(self, desk: Desk, works: dict[str, Work]) -> None:
        self._desk, self._works = desk, works
        self._ending, self._news = Event(), Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Take up what an earlier server left, and wait for more."""
        self._begin_again()
        self._ending.clear()
        self._news.set()
        self._thread = Thread(target=self._work, name="jobs", daemon=True)
        self._thread.start()

    def _begin_again(self) -> None:
        with suppress(sqlite3.Error):
            self._desk.store.change("UPDATE jobs SET state = 'waiting', seconds_left = NULL WHERE state = 'running'")

    def stop(self) -> None:
        """End at the next good moment; the job that is being done goes on when a server runs again."""
        self._ending.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def add(self, project: str, kind: str, asked: dict[str, Any], total: int = 0) -> JobAnswer:
        """Queue a job."""
        job = new_id()
        self._desk.store.change(
            "INSERT INTO jobs (id, project, kind, asked, total, created, message) VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(job, project, kind, json.dumps(asked), total, now(), "Waiting"),
        )
        self._news.set()
        return self.find(job)

    def find(self, job: str) -> JobAnswer:
        """One job.

        Raises
        ------
        Refusal
            404 where there is none.
        """
        row = self._desk.store.row("SELECT * FROM jobs WHERE id = ?", job)
        if row is None:
            raise not_found("job")
        return self._answer(row)

    def list(self, project: str | None) -> list[JobAnswer]:
        """The jobs of a project, or all; the newest first."""
        rows = self._desk.store.rows(
            "SELECT * FROM jobs WHERE ? IS NULL OR project = ? ORDER BY number DESC LIMIT 200", project, project
        )
        return [self._answer(row) for row in rows]

    def cancel(self, job: str) -> JobAnswer:
        """Stop a job, or take it out of the queue; what it has finished stays.

        Raises
        ------
        Refusal
            409 where it has ended already.
        """
        with self._desk.store.together():
            found = self.find(job)
            if found.state not in ("waiting", "running"):
                raise Refusal(409, f"the job has ended already ({found.state})", "start another one")
            self._desk.store.change("UPDATE jobs SET cancel = 1 WHERE id = ?", job)
            if found.state == "waiting":
                self._end(job, found.project, "cancelled", "Cancelled before it began")
        return self.find(job)

    def _work(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            while not self._ending.is_set():
                try:
                    row = self._desk.store.row("SELECT * FROM jobs WHERE state = 'waiting' ORDER BY number LIMIT 1")
                    if row is None:
                        break
                    self._do(row)
                except Exception:  # as where the disk is full, so that not even the failure can be noted
                    logger.exception("the queue is held up, and tried again in %g seconds", PAUSE)
                    self._ending.wait(PAUSE)
                    self._begin_again()
            if self._ending.is_set():
                return

    def _do(self, row: sqlite3.Row) -> None:
        job, project, store = row["id"], row["project"], self._desk.store
        store.change("UPDATE jobs SET state = 'running', message = 'Starting' WHERE id = ?", job)
        running = Running(self._desk, job, project, json.loads(row["asked"]), self._ending)
        try:
            running.check()
            result = self._works[row["kind"]](running)
        except Cancelled:
            self._end(job, project, "cancelled", "Cancelled; what was finished is kept")
        except Interrupted:
            store.change("UPDATE jobs SET state = 'waiting', message = 'Waiting' WHERE id = ?", job)
        except Refusal as refusal:
            self._end(job, project, "failed", "; ".join(filter(None, (refusal.error, refusal.cure))))
        except CytallyError as error:
            self._end(job, project, "failed", "; ".join(filter(None, said(error))))
        except Exception as error:  # whatever one job does, the others are done
            logger.exception("the job %s failed", job)
            self._end(job, project, "failed", failure_line(error, Path(row["kind"])))
        else:
            self._end(job, project, "done", "Done", result)

    def _end(self, job: str, project: str, state: str, message: str, result: dict[str, Any] | None = None) -> None:
        store = self._desk.store
        with store.together():
            done = "total" if state == "done" else "done"
            store.change(
                f"UPDATE jobs SET state = ?, message = ?, finished = ?, result = ?, seconds_left = NULL, done = {done}"
                " WHERE id = ?",
                *(state, message, now(), None if result is None else json.dumps(result), job),
            )
            store.change(  # what it did not get to is as before
                "UPDATE images SET job = NULL, state = CASE WHEN count IS NULL THEN 'new' ELSE 'counted' END"
                " WHERE job = ? AND state IN ('waiting', 'counting')",
                job,
            )
            touch(store, project)

    def _answer(self, row: sqlite3.Row) -> JobAnswer:
        values = {key: row[key] for key in JobAnswer.model_fields if key in row.keys()}  # noqa: SIM118 - rows need it
        values["curves"] = json.loads(row["curves"])
        values["result"] = None if row["result"] is None else json.loads(row["result"])
        before = self._desk.store.row(BEFORE, row["number"]) if row["state"] == "waiting" else None
        waits_for = None if before is None else WaitsFor(**before)
        return JobAnswer(**values, minutes=json.loads(row["asked"]).get("minutes"), waits_for=waits_for)
