"""Running `cytally count` on a slide: watched, killed midway, gone on with; and what it wrote of itself."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import psutil
from volume_large import Taken, run_watched

from cytally.errors import CytallyError


class Counted(NamedTuple):
    """What a run took, the count as counts.csv has it, and what run.json says of the slide."""

    taken: Taken
    count: str
    facts: dict[str, Any]

    @property
    def timings(self) -> dict[str, float]:
        """Seconds of each part of the work, as run.json has them."""
        return {name: float(seconds) for name, seconds in self.facts.get("timings", {}).items()}

    def values(self) -> dict[str, Any]:
        """As the result file holds it."""
        parts = {name: round(seconds, 2) for name, seconds in self.timings.items()}
        return {
            "seconds": round(self.taken.seconds, 2),
            "processor_seconds": round(self.taken.processor, 2),
            "peak_gib": round(self.taken.peak / 2**30, 3),
            "count": self.count,
            "timings": parts | {"other": round(self.taken.seconds - sum(parts.values()), 2)},
        }


def count_words(slide: Path, model: Path, out: Path, backend: str, more: Sequence[str] = ()) -> list[str]:
    """The command that is measured."""
    words = [sys.executable, "-m", "cytally", "count", str(slide), "--model", str(model), "-o", str(out)]
    return [*words, "--device", "cpu", "--backend", backend, *more]


def run_whole(words: list[str], out: Path, slide: Path, threads: int) -> Counted:
    """Count a slide from beginning to end, with --overwrite."""
    taken = run_watched([*words, "--overwrite"], threads)
    return Counted(taken, count_of(out), facts_of(out, slide.name))


def run_killed(words: list[str], out: Path, slide: Path, threads: int, after: float) -> Counted:
    """Count a slide, kill the process and its children (SIGKILL) after so many seconds, and go on by --resume.

    Raises
    ------
    CytallyError
        When it was over before it could be killed.
    """
    killed = psutil.Popen([*words, "--overwrite"], env=os.environ | {"OMP_NUM_THREADS": str(threads)})
    try:
        if hasattr(killed, "cpu_affinity"):  # not on macOS
            killed.cpu_affinity(killed.cpu_affinity()[:threads])
        until = time.monotonic() + after
        while killed.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        over = killed.poll() is not None
        if not over:
            for each in [*killed.children(recursive=True), killed]:
                each.kill()
            killed.wait()
    if over:
        raise CytallyError("the slide was counted before the program could be killed", cure="take a larger slide")
    taken = run_watched([*words, "--resume"], threads)
    return Counted(taken, count_of(out), facts_of(out, slide.name))


def count_of(out: Path) -> str:
    """The one count of counts.csv, to its last digit."""
    return str(pd.read_csv(out / "counts.csv", dtype=str)["count"].iloc[0])


def facts_of(out: Path, name: str) -> dict[str, Any]:
    """What run.json says of one image."""
    facts: dict[str, Any] = json.loads((out / "run.json").read_text(encoding="utf-8"))["images"][name]
    return facts


def relative(one: str, other: str) -> float:
    """By how much two counts differ, as a share of the second.

    Examples
    --------
    >>> relative("1001.0", "1000.0")
    0.001
    """
    return round(abs(float(one) - float(other)) / float(other), 12)
