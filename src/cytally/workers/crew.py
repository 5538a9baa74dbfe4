"""Workers that share items among them: in this process, in processes of this machine, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from cytally.errors import UsageError, WorkerError

Item = TypeVar("Item")
Result = TypeVar("Result")

TRIES = 3
"""How often an item is tried whose worker dies."""


class CrewLostError(WorkerError):
    """All workers are out of reach, as where a scheduler goes away: no other item can be worked on either."""


@dataclass(frozen=True)
class Done(Generic[Item, Result]):
    """What came of one item.

    Parameters
    ----------
    item
        As it was given.
    result
        What the function returned; None where there is an error.
    error
        What the function raised, or a `cytally.errors.WorkerError` where the worker died again and again.
    """

    item: Item
    result: Result | None
    error: Exception | None


class Crew(Protocol):
    """Workers that run a function on items.

    A context manager: leaving it ends the workers. Within it, `run` may be called as often as wanted, once at a time.
    """

    @property
    def workers(self) -> int:
        """How many items are worked on at a time."""
        ...

    def run(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Done[Item, Result]]:
        """Run `function` on every item, yielding what came of each as soon as it is known.

        Parameters
        ----------
        function
            Called with one item. What it raises is `Done.error`, and the other items go on. For crews outside this
            process, it is pickled and sent once to each worker.
        items
            Taken one by one as workers become free, so there may be millions. Pickled for crews outside this process.

        Yields
        ------
        Done
            One for every item, in the order in which they end.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def find_crew(workers: int = 1, scheduler: str | None = None) -> Crew:
    """The crew that was asked for.

    Parameters
    ----------
    workers
        Processes on this machine, which share its cores; 1 is this process itself.
    scheduler
        Address of a Dask scheduler, as ``tcp://host:8786``, whose workers are taken instead.

    Raises
    ------
    UsageError
        When `workers` is less than 1, both are asked for, Dask is not installed, or the scheduler cannot be reached.
    """
    if workers < 1:
        raise UsageError(f"{workers} workers cannot work", cure="give --workers 1 or more")
    if scheduler is not None:
        if workers > 1:
            raise UsageError(
                "--workers is for this machine, --scheduler for the workers of a cluster", cure="give one of them"
            )
        from cytally.workers.dask_crew import DaskCrew

        return DaskCrew(scheduler)
    if workers == 1:
        from cytally.workers.here import Here

        return Here()
    from cytally.workers.processes import Processes

    return Processes(workers)
