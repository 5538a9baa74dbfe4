"""What a segmentation writes as it goes: rows, failures and run.json, so that it goes on after a kill at any moment."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from cytally.errors import UsageError
from cytally.files import write_text
from cytally.tasks.failures import write_failures
from cytally.tasks.inputs import Inputs
from cytally.tasks.output import writing
from cytally.tasks.provenance import provenance
from cytally.tasks.rows import RowFile, read_rows
from cytally.tasks.segment_row import COLUMNS, SegmentedVolume

JOURNAL, JOURNAL_HEADER = ".unfinished.csv", ("image", "details")
"""What is known of every volume so far, where run.json does not hold it yet. A finished run has none."""


PLACE = re.compile(r"#(\d+),(\d+)$")


class SegmentFiles:
    """The tables of a segmentation: counts.csv, failures.csv and run.json.

    What is known of a volume goes to the journal once all its files are written: what the journal or run.json names is
    whole. counts.csv is made from that.

    Parameters
    ----------
    folder
        The output folder. Nothing is written before `begin`.
    inputs
        The files of the run.
    resume
        Take over what an earlier sitting finished.

    Raises
    ------
    UsageError
        When the earlier sitting segmented files that are not among `inputs`.
    """

    def __init__(self, folder: Path, inputs: Inputs, *, resume: bool = False) -> None:
        self.folder, self.inputs = folder, inputs
        self.volumes: defaultdict[Path, dict[str, SegmentedVolume]] = defaultdict(dict)
        self.failures: list[tuple[str, str]] = []
        self.thumbnails: dict[str, bytes] = {}
        self.earlier: dict[str, Any] = {}
        if resume and (folder / "run.json").is_file():
            try:
                self._take_over()
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise UsageError(
                    "cannot be gone on with, its run.json was changed",
                    file=folder,
                    cure="segment anew with --overwrite",
                ) from error

    @property
    def rows(self) -> list[SegmentedVolume]:
        """All volumes so far, in the inputs' order, and by scene and time."""
        return [volume for path in self.inputs.paths for volume in sorted(self.volumes[path].values(), key=_place)]

    @property
    def finished(self) -> set[Path]:
        """The inputs all of whose volumes are done."""
        done = {path: list(volumes.values()) for path, volumes in self.volumes.items() if volumes}
        return {path for path, volumes in done.items() if len(volumes) >= volumes[0].volumes_in_file}

    def stem(self, image: str) -> str:
        """Name, without ending, of the files of a volume."""
        stem = self.inputs.file_stem(image)
        assert stem is not None  # volumes are named after their inputs
        return stem

    def begin(self, run: dict[str, Any], model_name: str) -> None:
        """Write the headers, and run.json as far as it is known.

        Parameters
        ----------
        run
            Task, inputs, model and options.
        model_name
            What counts.csv calls the model.
        """
        self._run, self.model_name = run, model_name
        with writing(self.folder):
            self._write_run(finished=False, seconds=0.0)
            self._journal = RowFile(self.folder / JOURNAL, JOURNAL_HEADER)
            self._counts = RowFile(self.folder / "counts.csv", COLUMNS, self._cells())
            (self.folder / "failures.csv").unlink(missing_ok=True)

    def add(self, path: Path, volume: SegmentedVolume) -> None:
        """Note a volume of the input `path`, all of whose files are written."""
        with writing(self.folder):
            self._journal.append([{"image": volume.image, "details": json.dumps(volume.details())}])
            self._counts.append([volume.cells(self.model_name)])
        self.volumes[path][volume.image] = volume

    def fail(self, image: str, line: str) -> None:
        """Note a volume, or a whole input, that could not be segmented."""
        self.failures.append((image, line))
        with writing(self.folder):
            write_failures(self.folder, self.failures)

    def end(self, *, finished: bool, seconds: float) -> None:
        """Put the rows into the inputs' order and complete run.json."""
        with writing(self.folder):
            self._counts.rewrite(self._cells())
            self._write_run(finished=finished, seconds=seconds)
            (self.folder / JOURNAL).unlink(missing_ok=True)

    def _cells(self) -> list[dict[str, str]]:
        return [volume.cells(self.model_name) for volume in self.rows]

    def _write_run(self, *, finished: bool, seconds: float) -> None:
        run = {
            **self._run,
            "made_by": provenance(),
            "finished": finished,
            "seconds": round(seconds + self.earlier.get("seconds", 0.0), 3),
            "images": {volume.image: volume.details() for volume in self.rows},
            "failures": dict(self.failures),
        }
        write_text(self.folder / "run.json", json.dumps(run, indent=2) + "\n")

    def _take_over(self) -> None:
        """Read what an earlier sitting finished."""
        self.earlier = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        details = dict(self.earlier["images"])
        for cells in read_rows(self.folder / JOURNAL, JOURNAL_HEADER):
            details[cells["image"]] = json.loads(cells["details"])
        before = Inputs([Path(path) for path in self.earlier["inputs"]])
        now = dict(zip(map(Path, self.inputs.absolute()), self.inputs.paths, strict=True))
        for image, known in details.items():
            path = before.owner(image)
            if path is None:
                raise ValueError(f"{image} belongs to no input")
            if path not in now or self.inputs.name(now[path]) != before.name(path):
                raise UsageError(
                    f"holds the labels of other inputs, the first {path}",
                    file=self.folder,
                    cure="name all inputs of the earlier call too, or give another folder with -o",
                )
            self.volumes[now[path]][image] = SegmentedVolume.from_details(image, known)


def _place(volume: SegmentedVolume) -> tuple[int, ...]:
    """Scene and time of a volume; empty where its file holds but one."""
    place = PLACE.search(volume.image)
    return () if place is None else (int(place[1]), int(place[2]))
