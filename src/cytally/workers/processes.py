"""A crew of processes on this machine, each with its share of the cores."""

from __future__ import annotations

import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self

from cytally.errors import WorkerError
from cytally.workers import worker
from cytally.workers.cores import usable_cores
from cytally.workers.crew import TRIES, Done, Item, Result

THREADS = (
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS"),
)
"""Variables that libraries read, as they are loaded, for how many threads to use."""


@dataclass(eq=False)
class _Task(Generic[Item]):
    """An item, and how many workers have died of it."""

    item: Item
    pickled: bytes
    deaths: int = 0


class Processes:
    """Processes that are started anew, each of which works on one item at a time.

    A worker that dies, be it killed for want of memory, is replaced, and its item tried again. Interrupted or left,
    the crew kills its processes; they also end by themselves once this process is gone.

    Parameters
    ----------
    workers
        How many. They are started when they are first needed.

    Notes
    -----
    Functions and items are pickled. The main module is not imported in the workers, so nothing has to be kept under
    ``if __name__ == "__main__"``; functions have to lie in modules that can be imported.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.threads = threads_each(workers)
        self._idle: list[_Process] = []
        self._busy: dict[_Process, _Task[Any]] = {}
        self._arrived: queue.SimpleQueue[tuple[_Process, bytes | None]] = queue.SimpleQueue()

    def run(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Done[Item, Result]]:
        """As `Crew.run`."""
        pickled, source, again = pickle.dumps(function), iter(items), deque[_Task[Item]]()
        finished: Done[Item, Result] | None = None
        try:
            while True:
                self._hand_out(pickled, source, again)  # before the caller looks at what is finished
                if finished is not None:
                    yield finished
                if not self._busy:
                    return
                finished = self._next(again)
        finally:
            self._kill(list(self._busy))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._kill([*self._busy, *self._idle])

    def _hand_out(self, function: bytes, source: Iterator[Item], again: deque[_Task[Item]]) -> None:
        """Give an item to every worker that has none, as long as there are any."""
        while len(self._busy) < self.workers:
            task = again.popleft() if again else next((_Task(item, pickle.dumps(item)) for item in source), None)
            if task is None:
                return
            process = self._idle.pop() if self._idle else _Process(self.threads, self._arrived)
            self._busy[process] = task
            process.give(function, task.pickled)

    def _next(self, again: deque[_Task[Any]]) -> Done[Any, Any] | None:
        """What came of an item; None where there is something else to hand out now."""
        process, frame = self._arrived.get()
        if process not in self._busy:
            if process in self._idle:
                self._kill([process])  # it died while it had nothing to do
            return None
        if frame is None:
            return self._bury(process, again)
        try:
            kind, content = pickle.loads(frame)
        except Exception as error:  # noqa: BLE001 - whatever the classes of a result do
            kind, content = worker.ERROR, error
        if kind == worker.LOG:
            _log(content)
            return None
        task = self._busy.pop(process)
        self._idle.append(process)
        return Done(task.item, *((content, None) if kind == worker.RESULT else (None, content)))

    def _bury(self, process: _Process, again: deque[_Task[Any]]) -> Done[Any, Any] | None:
        """Have the item of a worker that died tried again, if it is not the worker's death for good."""
        task = self._busy.pop(process)
        task.deaths += 1
        reason = process.cause_of_death()
        if task.deaths < TRIES:
            again.append(task)
            return None
        return Done(
            task.item,
            None,
            WorkerError(
                f"{TRIES} workers died of it ({reason})",
                cure="look whether the memory suffices and take fewer --workers, or leave it out",
            ),
        )

    def _kill(self, processes: list[_Process]) -> None:
        for process in processes:
            process.kill()
        for process in processes:
            process.reap()
            self._busy.pop(process, None)
            if process in self._idle:
                self._idle.remove(process)


class _Process:
    """One worker, and the thread that listens to it."""

    def __init__(self, threads: int, arrived: queue.SimpleQueue[tuple[_Process, bytes | None]]) -> None:
        command = [sys.executable, "-P", str(Path(worker.__file__))]
        environment = {**os.environ, **dict.fromkeys(THREADS, str(threads))}
        # In a session, or group, of its own: Ctrl-C is this process's to hear, which then kills its workers.
        apart: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self._popen: subprocess.Popen[bytes] = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, **apart
        )
        self._function: bytes | None = None
        self._send(worker.PATH, (sys.path, logging.getLogger().getEffectiveLevel()))
        self._listener = threading.Thread(target=self._listen, args=(arrived,), daemon=True)
        self._listener.start()

    def give(self, function: bytes, item: bytes) -> None:
        """Hand it an item, and the function where that is not the last one's."""
        if function != self._function:
            self._send(worker.FUNCTION, function)
            self._function = function
        self._send(worker.ITEM, item)

    def kill(self) -> None:
        """Have it stop at once."""
        with suppress(OSError):
            self._popen.kill()

    def reap(self) -> None:
        """Wait for its end, and let go of its pipes."""
        self._popen.wait()
        self._listener.join()
        for pipe in (self._popen.stdin, self._popen.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def cause_of_death(self) -> str:
        """How it died, in words; lets go of it."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(1.0)
        self.kill()  # it may have closed its pipe only
        self.reap()
        code = self._popen.returncode
        if code >= 0:
            return f"exit status {code}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        return f"{name}, as when memory runs out" if name == "SIGKILL" else name

    def _send(self, kind: str, content: Any) -> None:
        assert self._popen.stdin is not None
        with suppress(OSError):  # a dead worker is noticed by the thread that listens
            worker.write_frame(self._popen.stdin, pickle.dumps((kind, content)))

    def _listen(self, arrived: queue.SimpleQueue[tuple[_Process, bytes | None]]) -> None:
        assert self._popen.stdout is not None
        while (frame := worker.read_frame(self._popen.stdout)) is not None:
            arrived.put((self, frame))
        arrived.put((self, None))


def threads_each(workers: int) -> int:
    """Threads for each of so many workers: its share of the cores, or fewer where the environment says so."""
    share = max(1, usable_cores() // workers)
    told = os.environ.get("OMP_NUM_THREADS", "")
    return min(share, int(told)) if told.isdecimal() and int(told) > 0 else share


def _log(record: logging.LogRecord) -> None:
    """Show what a worker logged as if it had been logged here."""
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)
