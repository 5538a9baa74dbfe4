"""Repeating a run from its run.json, and checking that it gives the same to the digit."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cytally.errors import UsageError
from cytally.files import write_text
from cytally.images.frames import find_timelapses
from cytally.tasks.count import count
from cytally.tasks.count_options import CountOptions
from cytally.tasks.growth import growth
from cytally.tasks.growth_options import GrowthTaskOptions
from cytally.tasks.input_digests import absolute
from cytally.tasks.output import writing
from cytally.tasks.provenance import provenance
from cytally.tasks.rerun_compare import ComparedFile, compare
from cytally.tasks.rerun_model import recorded_model, with_back_end
from cytally.tasks.rerun_record import RUN, RunRecord, check_inputs, read_record
from cytally.tasks.segment import segment
from cytally.tasks.segment_options import SegmentOptions
from cytally.tasks.watch import Watch

RERUN = "rerun.json"
VERSIONS = ("cytally", "torch", "openvino", "onnxruntime", "numpy", "python", "system", "cores")

GivenModel = str | Path | None


@dataclass(frozen=True)
class RerunSummary:
    """What came of repeating a run.

    Parameters
    ----------
    out
        The output folder.
    same
        Whether all that could be compared is identical to the digit, and there was something to compare with.
    files
        Every result file.
    notes
        Sentences on what is not as it was then.
    """

    out: Path
    same: bool
    files: tuple[ComparedFile, ...]
    notes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The outcome in one line."""
        compared = [each for each in self.files if each.same is not None]
        missing = [each.file for each in self.files if each.same is None]
        first = next((each for each in compared if not each.same), None)
        if first is not None:
            others = sum(not each.same for each in compared) - 1
            more = f" ({others} other file{'s' * (others != 1)} differ{'s' * (others == 1)} too)" if others else ""
            return f"Not the same: {first.file}: {first.difference}{more}"
        if not compared:
            return "Repeated, but there are no results beside run.json to compare with."
        number = f"{len(compared)} result file{'s' * (len(compared) != 1)}"
        left = f"; not beside run.json, so not compared: {missing[0]}" if missing else ""
        left += f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        return f"The same to the digit: {number}{left}"


def rerun(run: str | Path, out: str | Path, model: GivenModel = None, watch: Watch | None = None) -> RerunSummary:
    """Repeat the run that a run.json tells of, and compare its results with those beside run.json.

    Parameters
    ----------
    run
        The run.json of `cytally count`, `segment` or `growth`, or the folder it lies in.
    out
        Output folder: what the command writes, and rerun.json.
    model
        Where the model lies now, where not where it lay.
    watch
        Functions to call on the way.

    Raises
    ------
    UsageError, ModelError
        When an input is gone or has changed, the model has other weights, the command cannot be repeated, or `out`
        exists. Nothing is written then.
    OutputError
        When `out` can no longer be written to.
    """
    watch, folder = watch or Watch(), Path(out)
    if os.path.lexists(folder):
        raise UsageError("the output folder exists", file=folder, cure="give another with -o")
    record = read_record(Path(run))
    if record.task not in REPEATED:
        raise UsageError(
            f"tells of the task '{record.task}', which cannot be repeated",
            file=record.file,
            cure=f"give the run.json of one of: {', '.join(REPEATED)}",
        )
    notes = list(check_inputs(record))
    _tell(watch, notes)
    notes += REPEATED[record.task](record, folder, model, watch)
    files = compare(record.folder, folder, record.task)
    compared = [each.same for each in files if each.same is not None]
    summary = RerunSummary(folder, bool(compared) and all(compared), tuple(files), tuple(notes))
    with writing(folder, cure="make room, and repeat it into another folder"):
        write_text(folder / RERUN, json.dumps(_told(record, summary), indent=2) + "\n")
    return summary


def _count(record: RunRecord, out: Path, model: GivenModel, watch: Watch) -> list[str]:
    """Count again; returns sentences on what is not as it was."""
    named, notes = recorded_model(record, model)
    options, ran_by = record.options(CountOptions), record.values.ran_by
    if options.scheduler is not None:
        notes.append("Counted by the workers of a cluster then, and on this machine now: the last digits may differ.")
        options, ran_by = replace(options, scheduler=None), None
    options, other = with_back_end(named.model, options, ran_by)
    _tell(watch, notes := notes + other)
    count(record.inputs, out, named, options, watch)
    return notes


def _segment(record: RunRecord, out: Path, model: GivenModel, watch: Watch) -> list[str]:
    named, notes = recorded_model(record, model)
    options, other = with_back_end(named.model, record.options(SegmentOptions), record.values.ran_by)
    _tell(watch, notes := notes + other)
    segment(record.inputs, out, named, options, watch)
    return notes


def _growth(record: RunRecord, out: Path, model: GivenModel, watch: Watch) -> list[str]:
    named, notes = recorded_model(record, model)
    options = record.options(GrowthTaskOptions)
    _refuse_more_frames(record, options)
    options, other = with_back_end(named.model, options, record.values.ran_by)
    _tell(watch, notes := notes + other)
    growth(record.inputs, out, named, options, watch)
    return notes


Repeat = Callable[[RunRecord, Path, GivenModel, Watch], list[str]]
REPEATED: dict[str, Repeat] = {"count": _count, "segment": _segment, "growth": _growth}
"""The commands that can be repeated."""


def _refuse_more_frames(record: RunRecord, options: GrowthTaskOptions) -> None:
    """Refuse to follow frames that came into a folder, or began to fit a pattern, after the run."""
    lapses, _ = find_timelapses(record.inputs, axes=options.axes, pattern=options.pattern, grid=options.grid)
    known = record.digests
    added = [absolute(file) for lapse in lapses for file in lapse.files if absolute(file) not in known]
    if known and added:
        raise UsageError(
            "was not there when the run was made, and would be followed too",
            file=added[0],
            cure="move it elsewhere, or make a new run",
        )


def _tell(watch: Watch, notes: list[str]) -> None:
    for note in notes:
        watch.on_note(note)


def _told(record: RunRecord, summary: RerunSummary) -> dict[str, Any]:
    """What rerun.json holds."""
    now = json.loads((summary.out / RUN).read_text(encoding="utf-8"))
    then_by, now_by = record.values.made_by, now.get("made_by", {})
    return {
        "task": "rerun",
        "run": str(record.file.absolute()),
        "same": summary.same,
        "sentence": summary.sentence,
        "files": [asdict(each) for each in summary.files],
        "versions": {
            "then": {name: then_by[name] for name in VERSIONS if name in then_by},
            "now": {name: now_by[name] for name in VERSIONS if name in now_by},
        },
        "ran_by": {"then": record.values.ran_by, "now": now.get("ran_by")},
        "notes": list(summary.notes),
        "made_by": provenance(),
    }
