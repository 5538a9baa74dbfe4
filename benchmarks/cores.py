"""How many cores a benchmark runs on, whatever runs the network."""

from __future__ import annotations

import os

import torch

from cytally.errors import UsageError


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def use_cores(number: int) -> None:
    """Keep this process, and those that it starts, to so many cores, and let torch use as many threads.

    Call it before anything runs in parallel. Where the system binds no process to cores, torch alone keeps to it.

    Raises
    ------
    UsageError
        When there are not so many.
    """
    if not 1 <= number <= cores():
        raise UsageError(f"{number} cores are asked for, of {cores()}", cure="give another number with --threads")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:number])
    torch.set_num_threads(number)
