"""Counting inputs in this process: the files of one are written while the network sees the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from cytally.tasks.count_input import CountedInput, InputCounter, Job
from cytally.workers.crew import Done


def count_here(counter: InputCounter, jobs: Iterable[Job]) -> Iterator[Done[Job, CountedInput]]:
    """Count inputs, one after the other.

    Parameters
    ----------
    counter
        How to count one.
    jobs
        The inputs; taken one by one.

    Yields
    ------
    Done
        One per input, in order, once all its files are written. Ctrl-C is raised after the one before has been
        yielded.
    """
    behind: tuple[Job, Callable[[], CountedInput]] | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="write") as writer:
        try:
            for job in jobs:
                begun = _begin(counter, job, writer)
                if behind is not None:
                    yield _end(*behind)
                behind = job, begun
        except KeyboardInterrupt:
            if behind is not None:
                yield _end(*behind)
            raise
        if behind is not None:
            yield _end(*behind)


def _begin(counter: InputCounter, job: Job, writer: ThreadPoolExecutor) -> Callable[[], CountedInput]:
    """Count one input; whatever goes wrong is raised when its result is asked for."""
    try:
        return counter.begin(job, writer)
    except Exception as error:  # noqa: BLE001 - whatever one file does, the others are counted
        failed = error

        def fail() -> CountedInput:
            raise failed

        return fail


def _end(job: Job, result: Callable[[], CountedInput]) -> Done[Job, CountedInput]:
    try:
        return Done(job, result(), None)
    except Exception as error:  # noqa: BLE001 - as above
        return Done(job, None, error)
