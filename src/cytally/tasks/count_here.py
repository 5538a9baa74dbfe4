"""Counting inputs in this process: while the network sees one, the next is prepared and the files of the last written.

The network itself takes one picture at a time, as not every back end takes several, on one thread of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cytally.inference.backend import Backend
from cytally.models.model import Model
from cytally.tasks.count_input import CountedInput, InputCounter, Job
from cytally.workers.crew import Done

AT_A_TIME = 2
"""Inputs in the making, besides one whose files are being written."""

LARGEST_AT_A_TIME = 33_554_432
"""Bytes of a file up to which another may be in the making beside it."""

OFTEN = 0.1
"""Seconds between two looks at how much of an input is done."""

Begun = Future[Callable[[], CountedInput]]


def count_here(counter: InputCounter, jobs: Iterable[Job]) -> Iterator[Done[Job, CountedInput]]:
    """Count inputs, a few small ones at a time.

    Parameters
    ----------
    counter
        How to count one. Its `on_share` is called by the calling thread.
    jobs
        The inputs; taken one by one.

    Yields
    ------
    Done
        One per input, in order, once all its files are written. Ctrl-C is raised after those that were in the making
        have been yielded.
    """
    with _threads(1, "write") as writer, _threads(AT_A_TIME, "count") as makers, _in_turns(counter.model.get()):
        making: deque[_Making] = deque()
        try:
            for job in jobs:
                small = _is_small(job)
                while making and not small:
                    yield _oldest(making)
                if small:
                    making.append(_Making(counter, job, writer, makers))
                else:
                    yield _done(job, lambda job=job: counter(job))  # type: ignore[misc]  # called right here
                if len(making) > AT_A_TIME:
                    yield _oldest(making)
            while making:
                yield _oldest(making)
        except KeyboardInterrupt:
            while making:
                yield _oldest(making)
            raise


class _Making:
    """An input that is counted on another thread."""

    def __init__(self, counter: InputCounter, job: Job, writer: Executor, makers: Executor) -> None:
        self._job, self._tell = job, counter.on_share
        self._shares: deque[float] = deque()
        self._begun: Begun = makers.submit(replace(counter, on_share=self._shares.append).begin, job, writer)

    def done(self) -> Done[Job, CountedInput]:
        """Wait for it, and tell meanwhile how much is done."""
        waiting = True
        while waiting:
            waiting = bool(wait([self._begun], OFTEN).not_done)
            while self._shares:
                self._tell(self._shares.popleft())
        return _done(self._job, lambda: self._begun.result()())


def _oldest(making: deque[_Making]) -> Done[Job, CountedInput]:
    """Wait for the input that was begun first; it stays in the making where Ctrl-C comes meanwhile."""
    done = making[0].done()
    making.popleft()
    return done


def _done(job: Job, count: Callable[[], CountedInput]) -> Done[Job, CountedInput]:
    """What comes of one input: whatever it does, the others are counted."""
    try:
        return Done(job, count(), None)
    except Exception as error:  # noqa: BLE001 - as said above
        return Done(job, None, error)


def _is_small(job: Job) -> bool:
    try:
        return job.path.is_file() and job.path.stat().st_size <= LARGEST_AT_A_TIME
    except OSError:
        return False  # told when it is read


def _threads(number: int, name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(number, thread_name_prefix=name)


@contextmanager
def _in_turns(model: Model) -> Iterator[None]:
    """Let a model's back end be called from several threads."""
    before = model.run
    with _threads(1, "network") as thread:
        model.run = _InTurns(before, thread)
        try:
            yield
        finally:
            model.run = before


class _InTurns:
    """A back end that runs another one on a thread, picture after picture."""

    def __init__(self, backend: Backend, thread: Executor) -> None:
        self.name, self.device, self.dtype = backend.name, backend.device, backend.dtype
        self._backend, self._thread = backend, thread

    def __call__(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._thread.submit(self._backend, image).result()

    def many(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._thread.submit(self._backend.many, images).result()

    def prepare(self, shape: tuple[int, int]) -> None:
        self._thread.submit(self._backend.prepare, shape).result()
