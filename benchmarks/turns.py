"""Things that are timed in turns within rounds, so that a busy machine slows all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

Seconds = dict[str, list[float]]
"""Of every round, by name."""


def take_turns(runs: Mapping[str, Callable[[], Any]], rounds: int) -> tuple[Seconds, Seconds]:
    """Time each of `runs` once in every round, each round beginning with another; a first round is left out.

    Returns
    -------
    tuple
        Seconds by the clock, and of the processor on all cores of this process.

    Examples
    --------
    >>> order = []
    >>> clock, _ = take_turns({name: lambda name=name: order.append(name) for name in "abc"}, 2)
    >>> "".join(order), [len(clock[name]) for name in "abc"]
    ('abcbcacab', [2, 2, 2])
    """
    clock: Seconds = {name: [] for name in runs}
    processor: Seconds = {name: [] for name in runs}
    names = list(runs)
    for turn in range(rounds + 1):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            started, before = time.perf_counter(), time.process_time()
            runs[name]()
            spent = time.perf_counter() - started, time.process_time() - before
            if turn:
                clock[name].append(round(spent[0], 5))
                processor[name].append(round(spent[1], 5))
    return clock, processor


def times_faster(seconds: Seconds, name: str, reference: str) -> float | None:
    """The median of the ratios within a round; None where something took no time.

    Examples
    --------
    >>> times_faster({"plain": [2.0, 3.0, 8.0], "fast": [1.0, 1.0, 1.0]}, "fast", "plain")
    3.0
    """
    pairs = list(zip(seconds[reference], seconds[name], strict=True))
    return None if any(own <= 0 for _, own in pairs) else round(statistics.median(a / b for a, b in pairs), 3)
