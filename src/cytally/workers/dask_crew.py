"""A crew on a Dask cluster that exists already."""

from __future__ import annotations

import asyncio
import logging
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from types import TracebackType
from typing import Any, Self

from cytally.errors import UsageError, WorkerError
from cytally.workers.crew import CrewLostError, Done, Item, Result

logger = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds in which a scheduler has to answer."""
WINDOW = 4
"""Items that are submitted at a time for each that is worked on: as many as keep the workers busy, and no more."""
ASKED_EVERY = 2.0
"""Seconds after which it is looked again how many workers there are: clusters grow and shrink."""
COMPARED = ("cytally", "torch", "numpy")
"""Packages beside Python and Dask's own whose versions should be the same everywhere."""
NOISY = ("distributed", "distributed.client", "distributed.core", "distributed.comm")


class DaskCrew:
    """The workers of a Dask scheduler.

    A worker that dies is the scheduler's to replace; it gives the items that were lost to other workers, and gives up
    an item after `distributed.scheduler.allowed-failures` deaths, three unless told.

    Parameters
    ----------
    scheduler
        Its address, as ``tcp://host:8786``.

    Raises
    ------
    UsageError
        When Dask is not installed, the scheduler does not answer within `PATIENCE`, or a worker lacks cytally.
    """

    def __init__(self, scheduler: str) -> None:
        try:
            import distributed
        except ImportError as error:
            raise UsageError("--scheduler needs Dask", cure="pip install 'cytally[dask]'") from error
        for name in NOISY:
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is told in one line
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # versions that differ, which are told below
                self._client = _client_of(distributed)(scheduler, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TypeError, ImportError, RuntimeError) as error:
            raise UsageError(
                f"the scheduler '{scheduler}' cannot be reached",
                cure="start one with 'dask scheduler', and give the address that it shows, as tcp://host:8786",
            ) from error
        self.scheduler = scheduler
        try:
            self._compare_versions()
        except BaseException:
            self._client.close(timeout=1)
            raise

    @property
    def workers(self) -> int:
        """How many items are worked on at a time: threads of all workers there are now."""
        threads = sum(int(each["nthreads"]) for each in self._workers().values())
        return max(1, threads)

    def run(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Done[Item, Result]]:
        """As `Crew.run`. A `CrewLostError` is raised when the scheduler is lost on the way."""
        import distributed

        source, given = iter(items), dict[Any, Item]()
        completed: Any = distributed.as_completed
        arriving = completed(loop=self._client.loop)
        window, asked = 0, -ASKED_EVERY
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is large, as with the mask of a slide's tissue
            # A task of its own: sent to the scheduler once, handed from worker to worker, and made again where the
            # only worker that holds it dies.
            shipped = self._client.submit(_itself, function, pure=False)
        try:
            while True:
                if time.monotonic() - asked >= ASKED_EVERY:
                    window, asked = WINDOW * self.workers, time.monotonic()
                for item in islice(source, max(0, window - len(given))):
                    future = self._client.submit(_call, shipped, item, pure=False)
                    given[future] = item
                    arriving.add(future)
                if not given:
                    return
                batch = arriving.next_batch()
                for future, (result, error) in zip(batch, self._results(batch), strict=True):
                    yield Done(given.pop(future), result, error)
        finally:
            with suppress(Exception):
                self._client.cancel([*given, shipped], force=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with suppress(Exception):
            self._client.close(timeout=1)

    def _results(self, futures: Sequence[Any]) -> list[tuple[Any, Exception | None]]:
        """What came of futures that are done: all in one request where nothing is wrong, else one by one."""
        try:
            return [(result, None) for result in self._client.gather(list(futures))]
        except (Exception, asyncio.CancelledError) as error:  # of any of them
            if len(futures) > 1:
                return [self._results([future])[0] for future in futures]
            if futures[0].cancelled() or not isinstance(error, Exception):
                raise CrewLostError(
                    f"the scheduler '{self.scheduler}' was lost", cure="look at it, then go on with --resume"
                ) from error
            return [(None, _told(error))]

    def _workers(self) -> Mapping[str, Any]:
        known: Mapping[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        return known

    def _compare_versions(self) -> None:
        """Tell which versions differ between this process and the workers."""
        versions = self._client.get_versions(packages=list(COMPARED))
        here = _facts(versions["client"])
        for address, found in versions["workers"].items():
            there = _facts(found)
            if there.get("cytally") is None:
                raise UsageError(
                    f"the worker {address} of '{self.scheduler}' has no cytally",
                    cure=f"install cytally {here.get('cytally')} for every worker",
                )
            differ = [f"{name} {there[name]}, not {here[name]}" for name in here if there.get(name) != here[name]]
            if differ:
                logger.warning("The worker %s has %s as here; results may differ", address, "; ".join(differ))
        if not versions["workers"]:
            logger.warning("The scheduler '%s' has no workers yet; waiting for some", self.scheduler)


def _client_of(distributed: Any) -> Any:
    """Dask's client, but for its end: one that never reached its scheduler would wait for an answer for ten seconds, in
    whatever thread it is collected, and then show a traceback."""

    class Client(distributed.Client):  # type: ignore[misc]
        def __del__(self) -> None:
            pass  # `DaskCrew` closes it

    return Client


def _itself(function: Callable[[Item], Result]) -> Callable[[Item], Result]:
    return function


def _call(function: Callable[[Item], Result], item: Item) -> Result:
    return function(item)


def _facts(versions: Mapping[str, Any]) -> dict[str, str | None]:
    """Versions by name, of what may change results."""
    python = str(versions["host"]["python"]).split(".final")[0]
    return {"Python": python} | {name: versions["packages"].get(name) for name in ("distributed", *COMPARED)}


def _told(error: Exception) -> Exception:
    """An error as the caller is to see it."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return WorkerError(
            "the workers that it was given to died, one after the other",
            cure="look at the workers' logs, and whether their memory suffices",
        )
    return error
