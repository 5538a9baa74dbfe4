"""Results of a run beside those of its repetition, file by file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cytally.tasks.rerun_difference import first_difference

LAPSE = ("growth.csv", "frames.csv", "fit.json", "tracks.csv", "cells.csv", "motility.csv", "tracking.json")
RESULTS = {
    "count": (
        *("counts.csv", "failures.csv", "samples.csv", "wells.csv", "points/*.csv", "objects/*.csv", "regions/*"),
        *("density/*.tif", "density/*.zarr", "labels/*.tif", "imagej/*.zip", "qupath/*.geojson"),
    ),
    "segment": ("counts.csv", "failures.csv", "objects/*.csv", "labels/*.tif", "[0-9][0-9]_RES/*"),
    "growth": (
        *(*LAPSE, "TRA_RES/*", "failures.csv", "summary.csv", "comparison.csv"),
        *(f"timelapses/*/{name}" for name in (*LAPSE, "TRA_RES/*")),
    ),
}
"""What decides, by the command; pictures and reports are drawn from it. The most telling comes first."""


@dataclass(frozen=True)
class ComparedFile:
    """One result file.

    Parameters
    ----------
    file
        Its path within the output folder.
    same
        Whether it is identical to the digit; None where it was not there to compare with.
    difference
        What differs first, in words.
    """

    file: str
    same: bool | None
    difference: str | None = None


def compare(then: Path, now: Path, task: str) -> list[ComparedFile]:
    """Compare what a run of `task` left in the folder `then` with what its repetition left in `now`."""
    return [_compared(then, now, name) for name in _listed((then, now), RESULTS[task])]


def _listed(folders: Iterable[Path], patterns: Iterable[str]) -> list[str]:
    """Files of either folder that fit, each once, by pattern and then by name."""
    folders = tuple(folders)
    found: dict[str, None] = {}
    for pattern in patterns:
        names = {path.relative_to(folder).as_posix() for folder in folders for path in folder.glob(pattern)}
        found |= dict.fromkeys(sorted(name for name in names if not Path(name).name.startswith(".")))
    return list(found)


def _compared(then: Path, now: Path, name: str) -> ComparedFile:
    if not (then / name).exists():
        if name.endswith("failures.csv") and any(then.iterdir()):
            return ComparedFile(name, False, "nothing failed then, and something now")
        return ComparedFile(name, None, "is no longer beside run.json")
    if not (now / name).exists():
        return ComparedFile(name, False, "written then, not written now")
    try:
        difference = first_difference(then / name, now / name)
    except (OSError, ValueError, KeyError) as error:  # the earlier file was damaged since
        difference = f"cannot be compared ({' '.join(str(error).split()) or type(error).__name__})"
    return ComparedFile(name, difference is None, difference)
