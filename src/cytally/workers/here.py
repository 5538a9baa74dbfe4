"""A crew of one: this process, one item after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from cytally.workers.crew import Done, Item, Result


class Here:
    """Runs everything in this process, in order. Nothing is pickled.

    Examples
    --------
    >>> [(done.item, done.result) for done in Here().run(abs, [3, -4])]
    [(3, 3), (-4, 4)]
    """

    workers = 1

    def run(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Done[Item, Result]]:
        """As `Crew.run`, in the order of the items."""
        for item in items:
            try:
                done = Done[Item, Result](item, function(item), None)
            except Exception as error:  # noqa: BLE001 - whatever one item does, the others are worked on
                done = Done[Item, Result](item, None, error)
            yield done

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass
