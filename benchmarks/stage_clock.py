"""A clock that is built into a running program: how long it is in which of its stages, on any of its threads."""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

Interval = tuple[str, float, float]
"""A stage, and when it began and ended."""


class StageClock:
    """Intervals in which a program was in a stage. A stage within another one interrupts it."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.intervals: list[Interval] = []
        self._clock, self._here = clock, threading.local()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Be in a stage, on this thread."""
        stack: list[str] = self._here.__dict__.setdefault("stack", [])
        now = self._clock()
        if stack:
            self.intervals.append((stack[-1], self._here.since, now))
        stack.append(name)
        self._here.since = now
        try:
            yield
        finally:
            now = self._clock()
            self.intervals.append((stack.pop(), self._here.since, now))
            self._here.since = now

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, whose calls are a stage."""

        @functools.wraps(function)
        def run(*arguments: Any, **named: Any) -> Any:
            with self.stage(name):
                return function(*arguments, **named)

        return run

    def busy(self) -> dict[str, float]:
        """Seconds in each stage, of all threads together.

        Examples
        --------
        >>> times = iter([0, 1, 3, 6])
        >>> clock = StageClock(lambda: next(times))
        >>> with clock.stage("write"):
        ...     with clock.stage("encode"):
        ...         pass
        >>> clock.busy()
        {'write': 4, 'encode': 2}
        """
        total: dict[str, float] = {}
        for name, begin, end in self.intervals:
            total[name] = total.get(name, 0) + end - begin
        return total

    def covered(self, names: Iterable[str]) -> float:
        """Seconds in which at least one thread was in one of these stages.

        Examples
        --------
        >>> clock = StageClock()
        >>> clock.intervals = [("network", 0, 4), ("decode", 3, 5), ("network", 7, 8), ("write", 0, 9)]
        >>> clock.covered(["network", "decode"])
        6.0
        """
        wanted = set(names)
        spans = sorted((begin, end) for name, begin, end in self.intervals if name in wanted)
        total, reached = 0.0, float("-inf")
        for begin, end in spans:
            total += max(0, end - max(begin, reached))
            reached = max(reached, end)
        return total


@contextmanager
def replaced(package: str, replacements: dict[Callable[..., Any], Callable[..., Any]]) -> Iterator[None]:
    """Put functions in the place of others, wherever a module of `package` that is loaded knows them by a name."""
    by_id = {id(old): new for old, new in replacements.items()}
    changed: list[tuple[Any, str, Any]] = []
    modules = [module for name, module in list(sys.modules.items()) if name.split(".")[0] == package]
    try:
        for module in modules:
            for name, value in list(vars(module).items()):
                if id(value) in by_id:
                    changed.append((module, name, value))
                    setattr(module, name, by_id[id(value)])
        yield
    finally:
        for module, name, value in changed:
            setattr(module, name, value)
