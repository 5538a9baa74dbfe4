"""What a count writes as it goes: rows, failures and run.json, so that a run goes on after a kill at any moment."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cytally.errors import UsageError
from cytally.files import write_text
from cytally.report.page import INLINE_IMAGES
from cytally.tasks.count_input import CountedInput, Job
from cytally.tasks.count_row import BY_AREA, COLUMNS, CountRow
from cytally.tasks.failures import write_failures
from cytally.tasks.inputs import Inputs
from cytally.tasks.output import writing
from cytally.tasks.provenance import provenance
from cytally.tasks.rows import RowFile, read_rows

JOURNAL = ".unfinished.csv"
"""The details of every image so far, where run.json does not hold them yet. A finished run has none."""
WORK = ".work"


class CountFiles:
    """The files of a count.

    An input's rows are written last: what counts.csv names is whole. Its details are written just before, so that a
    time-lapse whose rows a kill cut short is known by the details that have no row.

    Parameters
    ----------
    folder
        The output folder. Nothing is written before `begin`.
    inputs
        The images of the run.
    resume
        Take over what an earlier sitting finished.

    Raises
    ------
    UsageError
        When the earlier sitting counted images that are not among `inputs`.
    """

    def __init__(self, folder: Path, inputs: Inputs, *, resume: bool = False) -> None:
        self.folder, self.inputs = folder, inputs
        self.rows: list[CountRow] = []
        self.failures: list[tuple[str, str]] = []
        self.details: dict[str, dict[str, Any]] = {}
        self.thumbnails: dict[str, bytes] = {}
        self.finished: set[Path] = set()
        self.failed: set[Path] = set()
        self.earlier: dict[str, Any] = {}
        if resume and (folder / "run.json").is_file():
            try:
                self._take_over()
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise UsageError(
                    "cannot be gone on with, its counts.csv or run.json was changed",
                    file=folder,
                    cure="count anew with --overwrite",
                ) from error

    def begin(self, run: dict[str, Any], model_name: str, *, by_area: bool = False) -> None:
        """Write the headers, and run.json as far as it is known.

        Parameters
        ----------
        run
            What `cytally.tasks.count_run.describe` returns.
        model_name
            What counts.csv calls the model.
        by_area
            Whether the model also counts by the objects' area.
        """
        self._run, self.model_name = run, model_name
        with writing(self.folder):
            self._write_run(finished=False, seconds=0.0)
            self._journal = RowFile(self.folder / JOURNAL, ("image", "details"), [])
            self._counts = RowFile(
                self.folder / "counts.csv", BY_AREA if by_area else COLUMNS, [row.cells() for row in self.rows]
            )
            (self.folder / "failures.csv").unlink(missing_ok=True)

    @property
    def work(self) -> Path:
        """The folder for what workers need, and for what is not finished. A finished run has none."""
        return self.folder / WORK

    @property
    def done(self) -> int:
        """How many inputs are finished or have failed, be it in one of their scenes."""
        return len(self.finished | self.failed)

    def job(self, path: Path, *, absolute: bool = False) -> Job:
        """What is to be done with one input; with its `absolute` path where workers are elsewhere."""
        name = self.inputs.name(path)
        stem = self.inputs.file_stem(name)
        assert stem is not None  # the name is an input's
        return Job(path.absolute() if absolute else path, name, stem, thumbnails=len(self.inputs) <= INLINE_IMAGES)

    def path(self, job: Job) -> Path:
        """The input that a job is about."""
        return self._owner(job.name)

    def add(self, path: Path, counted: CountedInput) -> None:
        """Note an input all files of which are written, but for scenes that failed: those are tried by `--resume`."""
        rows = [replace(row, model=self.model_name) for row in counted.rows]
        details = counted.details | {image: {} for image, _ in counted.failures}  # that have no row
        with writing(self.folder):
            self._journal.append({"image": image, "details": json.dumps(each)} for image, each in details.items())
            self._counts.append(row.cells() for row in rows)
        self._fail(path, counted.failures)
        if len(self.rows) < INLINE_IMAGES:
            self.thumbnails |= counted.thumbnails
        self.rows += rows
        self.details |= counted.details
        if not counted.failures:
            self.finished.add(path)

    def fail(self, path: Path, line: str) -> None:
        """Note an input that could not be counted."""
        self._fail(path, [(self.inputs.name(path), line)])

    def _fail(self, path: Path, failures: Sequence[tuple[str, str]]) -> None:
        if failures:
            self.failed.add(path)
            self.failures += failures
            with writing(self.folder):
                write_failures(self.folder, self.failures)

    def end(self, *, finished: bool, seconds: float, total: dict[str, Any] | None = None) -> None:
        """Put the rows into the inputs' order and complete run.json, with the `total` where the run is finished."""
        order = {path: place for place, path in enumerate(self.inputs.paths)}
        self.rows.sort(key=lambda row: order[self._owner(row.image)])
        with writing(self.folder):
            self._counts.rewrite(row.cells() for row in self.rows)
            self._write_run(finished=finished, seconds=seconds, total=total)
            (self.folder / JOURNAL).unlink(missing_ok=True)
            if finished:
                shutil.rmtree(self.work, ignore_errors=True)

    def _write_run(self, *, finished: bool, seconds: float, total: dict[str, Any] | None = None) -> None:
        run = {
            **self._run,
            "made_by": provenance(),
            "finished": finished,
            "seconds": round(seconds + self.earlier.get("seconds", 0.0), 3),
            **({} if total is None else {"total": total}),
            "images": {row.image: self.details[row.image] for row in self.rows},
            "failures": dict(self.failures),
        }
        write_text(self.folder / "run.json", json.dumps(run, indent=2) + "\n")

    def _owner(self, image: str) -> Path:
        path = self.inputs.owner(image)
        assert path is not None  # rows of other inputs are refused in _take_over
        return path

    def _take_over(self) -> None:
        """Read what an earlier sitting finished: inputs each image of which has both its details and its row."""
        self.earlier = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        details = dict(self.earlier["images"])
        for cells in read_rows(self.folder / JOURNAL, ("image", "details")):
            details[cells["image"]] = json.loads(cells["details"])
        table = self.folder / "counts.csv"
        rows = {
            cells["image"]: CountRow.from_cells(cells)
            for cells in read_rows(table, COLUMNS) or read_rows(table, BY_AREA)
        }
        before = Inputs([Path(path) for path in self.earlier["inputs"]])
        images = defaultdict(list)
        for image in details:
            images[before.owner(image)].append(image)
        now = dict(zip(map(Path, self.inputs.absolute()), self.inputs.paths, strict=True))
        failed = {before.owner(image) for image in self.earlier.get("failures", ())}  # be it in a scene
        for path, named in images.items():
            if path is None or path in failed or any(image not in rows for image in named):
                continue
            if path not in now or self.inputs.name(now[path]) != before.name(path):
                raise UsageError(
                    f"holds the counts of other inputs, the first {path}",
                    file=self.folder,
                    cure="name all inputs of the earlier call too, or give another folder with -o",
                )
            self.rows += [rows[image] for image in named]
            self.details |= {image: details[image] for image in named}
            self.finished.add(now[path])
