"""The output folder of a command: refused where it exists, made or emptied where it may be."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path

from cytally.errors import ImageError, OutputError, UsageError

HALF_WRITTEN = re.compile(r"\.\d+-")
"""How the names of files begin that a kill left half written (`cytally.files.whole_file`)."""


@dataclass(frozen=True)
class OutputKind:
    """What a command writes into its output folder.

    Parameters
    ----------
    name
        What to call the folder in errors.
    command
        The command, as ``count``. run.json holds it as `task`.
    entries
        All files and folders that the command writes, by name or pattern: what `--overwrite` removes.
    marks
        Files by which such a folder is known besides run.json.
    resumes
        Whether the command goes on with such a folder by `--resume`.
    """

    name: str
    command: str
    entries: frozenset[str]
    marks: frozenset[str] = frozenset()
    resumes: bool = True

    def wrote(self, folder: Path) -> bool:
        """Whether the command wrote what is in `folder`."""
        return any((folder / mark).is_file() for mark in self.marks) or _task(folder / "run.json") == self.command

    def written(self, folder: Path) -> list[Path]:
        """Which of its entries there are in `folder`."""
        return [
            path
            for entry in sorted(self.entries)
            for path in (sorted(folder.glob(entry)) if has_magic(entry) else [folder / entry])
            if path.exists() or path.is_symlink()
        ]


COUNTED = OutputKind(
    "output folder",
    "count",
    frozenset(
        {
            "run.json",
            "counts.csv",
            "failures.csv",
            "samples.csv",
            "report.html",
            ".unfinished.csv",
            "reconstructions.png",
        }
        | {"points", "density", "labels", "objects", "overlays", "heatmaps", "regions"}
        | {"wells.csv", "plate.png", "imagej", "qupath", "rerun.json", ".work", ".slides"}
    ),
)
EVALUATED = OutputKind(
    "output folder",
    "evaluate",
    frozenset({"run.json", "metrics.json", "predictions.csv", "predictions.png", "failures.csv", "report.html"})
    | {"error_by_count.csv", "error_by_count.png", "reconstructions.png", "translations.png", "latent.png", "overlays"}
    | {"triplets", "triplets.csv", "experts.csv"},
    resumes=False,
)
FOLLOWED = OutputKind(
    "output folder",
    "growth",
    frozenset({"run.json", "failures.csv", "report.html", "summary.csv", "comparison.csv", ".work", "timelapses"})
    | {"growth.csv", "frames.csv", "fit.json", "tracks.csv", "cells.csv", "motility.csv", "tracking.json"}
    | {"curve.png", "curve.svg", "lineage.png", "lineage.svg", "video.mp4", "video.gif", "TRA_RES", "rerun.json"},
)
WATCHED = OutputKind(
    "output folder",
    "watch",
    frozenset({"run.json", "counts.csv", "failures.csv", "curve.png"})
    | {"points", "density", "labels", "objects", "overlays"},
)
LABELLED = OutputKind(
    "output folder",
    "label",
    frozenset({"run.json", "labels.csv", "failures.csv", "contact.png", "report.html", ".unfinished.csv"})
    | {"labels", "overlays", "pairs", "pairs/images", "pairs/labels", "pairs/stain"},
)
SEGMENTED = OutputKind(
    "output folder",
    "segment",
    frozenset({"run.json", "counts.csv", "failures.csv", "report.html", ".unfinished.csv"})
    | {"labels", "objects", "overlays", "[0-9][0-9]_RES", "rerun.json"},
)
SUGGESTED = OutputKind(
    "output folder",
    "suggest",
    frozenset(
        {"run.json", "suggestions.csv", "suggestions.json", "failures.csv", "report.html", "crops", ".looks.csv"}
    ),
)
SYNTHESIZED = OutputKind(
    "data folder", "synthesize", frozenset({"run.json", "images", "labels", "points.csv", "counts.csv", "truth"})
)
TRAINED = OutputKind(
    "model folder",
    "train",
    frozenset({"model.json", "weights.safetensors", "split.json", "configuration.yaml"})
    | {"curves.csv", "curves.png", "checkpoint.pt", "start.json", "most-accurate", "report.html"},
    marks=frozenset({"model.json", "configuration.yaml", "checkpoint.pt"}),
)
CALIBRATED = OutputKind(
    "model folder",
    "calibrate",
    frozenset({"model.json", "weights.safetensors"}),
    marks=frozenset({"model.json"}),
    resumes=False,
)
TUNED = OutputKind(
    "output folder",
    "tune",
    frozenset({"run.json", "study.json", "trials.csv", "best.yaml", "importance.csv", "importance.png", "data"}),
    marks=frozenset({"study.json"}),
)


def check_output(
    folder: Path, kind: OutputKind, *, resume: bool = False, overwrite: bool = False, reads: Iterable[Path] = ()
) -> None:
    """Refuse an output folder that must not be written to. Changes nothing.

    Parameters
    ----------
    folder
        Where results shall go.
    kind
        What will be written.
    resume
        Keep what is there and go on.
    overwrite
        Replace what is there, if the same command wrote it. Other files in the folder stay.
    reads
        What the run itself reads, and so must not be removed.

    Raises
    ------
    UsageError
        When it exists without `resume` or `overwrite`, is a file, holds what the command did not write, or cannot be
        written to.
    """
    if resume and overwrite:
        raise UsageError("--resume and --overwrite contradict each other", cure="give one of them")
    if folder.exists() and not folder.is_dir():
        raise UsageError("is a file", file=folder, cure=f"give another {kind.name} with -o")
    if folder.is_dir() and not (resume or overwrite):
        go_on = "--resume to go on, " if kind.resumes else ""
        raise UsageError(
            f"the {kind.name} exists",
            file=folder,
            cure=f"add {go_on}--overwrite to start again, or give another with -o",
        )
    if folder.is_dir() and not kind.wrote(folder) and _holds_something(folder):
        raise UsageError(
            f"holds files that 'cytally {kind.command}' did not write",
            file=folder,
            cure="empty it yourself, or give another with -o",
        )
    if overwrite:
        _refuse_to_remove(folder, kind, reads)
    above = _nearest(folder)
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise UsageError("cannot be written to", file=folder, cure="give another with -o, where you may write")


def open_output(folder: Path, kind: OutputKind, *, overwrite: bool = False) -> None:
    """Make a folder that `check_output` let pass ready to be written to.

    With `overwrite`, what the command wrote earlier is removed; what a kill left half written always is.

    Raises
    ------
    UsageError
        When it cannot be made or emptied.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if overwrite:
            for entry in kind.written(folder):
                _remove(entry)
        for place in (folder, *(entry for entry in kind.written(folder) if entry.is_dir())):
            for path in [path for path in place.iterdir() if HALF_WRITTEN.match(path.name)]:
                _remove(path)
    except OSError as error:
        raise UsageError(
            f"cannot be written to ({error.strerror})", file=folder, cure="give another with -o, where you may write"
        ) from error


@contextmanager
def writing(folder: Path, cure: str = "make room, then go on with --resume") -> Iterator[None]:
    """Turn a failure to write, as on a full disk, into an `OutputError` that names the output folder."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"can no longer be written to ({error.strerror or error})", file=folder, cure=cure) from error


@contextmanager
def refusing_long_names(path: Path) -> Iterator[None]:
    """Turn a name that is too long for the disk into an `ImageError` that names the input `path`."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise ImageError("has too long a name to name results after", file=path, cure="rename it") from error


@contextmanager
def waiting_room(folder: Path, what: str, cure: str) -> Iterator[Path]:
    """A place for files until an output folder may be written to; what was not moved from it is removed.

    It lies on the disk that `folder` will be on, so that moving copies nothing.
    """
    with writing(folder, cure=cure):
        room = tempfile.TemporaryDirectory(prefix=f".cytally-{what}-", dir=_nearest(folder))
    with room as name:
        yield Path(name)


def _nearest(folder: Path) -> Path:
    """The folder itself, or the nearest above it that exists."""
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())


def _task(run: Path) -> str | None:
    try:
        values = json.loads(run.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return values.get("task") if isinstance(values, dict) else None


def _holds_something(folder: Path) -> bool:
    return any(not HALF_WRITTEN.match(path.name) for path in folder.iterdir())


def _refuse_to_remove(folder: Path, kind: OutputKind, reads: Iterable[Path]) -> None:
    removed = [entry.resolve() for entry in kind.written(folder)]
    for path in reads:
        if any(path.resolve().is_relative_to(entry) for entry in removed):
            raise UsageError(
                f"is read by this run, and --overwrite would remove it from {folder}",
                file=path,
                cure="give another folder with -o",
            )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
