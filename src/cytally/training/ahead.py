"""Making the next batch while the last one is trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def ahead(make: Callable[[Item], Made], items: Sequence[Item]) -> Iterator[Made]:
    """What `make` makes of each item, in order, each made in a thread while the one before is used.

    Examples
    --------
    >>> list(ahead(lambda number: number**2, [1, 2, 3]))
    [1, 4, 9]
    """
    if not items:
        return
    with ThreadPoolExecutor(max_workers=1) as maker:
        upcoming = maker.submit(make, items[0])
        for following in items[1:]:
            made, upcoming = upcoming.result(), maker.submit(make, following)
            yield made
        yield upcoming.result()
