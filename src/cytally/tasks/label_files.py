"""What labelling writes as it goes, so that a run goes on after a kill at any moment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cytally.errors import UsageError
from cytally.files import write_text
from cytally.tasks.failures import write_failures
from cytally.tasks.inputs import Inputs
from cytally.tasks.label_names import FieldNames
from cytally.tasks.label_row import LabelledImage, columns
from cytally.tasks.label_screen import reasons, window_reasons
from cytally.tasks.output import writing
from cytally.tasks.provenance import provenance
from cytally.tasks.rows import RowFile, read_rows

JOURNAL, JOURNAL_HEADER = ".unfinished.csv", ("input", "images")
"""What is known of every input so far, where run.json does not hold it yet. A finished run has none."""

SKIP_HEADER = ("image", "why")


class LabelFiles:
    """The tables of a labelling: labels.csv, failures.csv, pairs/skip.csv and run.json.

    What is known of an input goes to the journal once all its pictures are written: what the journal or run.json names
    is whole. labels.csv is made from that, and made anew at the end, when the filter has seen all images.

    Parameters
    ----------
    folder
        The output folder. Nothing is written before `begin`.
    inputs
        The stain's images.
    partners
        The phase-contrast file of each, where there are such files.
    resume
        Take over what an earlier sitting finished.

    Raises
    ------
    UsageError
        When the earlier sitting labelled images that are not among `inputs`, or paired them otherwise.
    """

    def __init__(self, folder: Path, inputs: Inputs, partners: Mapping[Path, Path], *, resume: bool = False) -> None:
        self.folder, self.inputs, self.partners = folder, inputs, partners
        self.images: dict[Path, tuple[LabelledImage, ...]] = {}
        self.failures: list[tuple[str, str]] = []
        self.earlier: dict[str, Any] = {}
        if resume and (folder / "run.json").is_file():
            try:
                self._take_over()
            except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
                raise UsageError(
                    "cannot be gone on with, its run.json was changed", file=folder, cure="label anew with --overwrite"
                ) from error
        self.finished = frozenset(self.images)

    def phases(self) -> list[str | None]:
        """The phase-contrast file of each input, valid from any folder."""
        partners = (self.partners.get(path) for path in self.inputs.paths)
        return [None if path is None else os.path.abspath(path) for path in partners]  # noqa: PTH100 - as Inputs

    @property
    def preset(self) -> str:
        """The preset of this run."""
        return str(self._run["preset"])

    def stem(self, image: LabelledImage) -> str:
        """Name, without ending, of the files of an image."""
        stem = self.inputs.file_stem(image.image)
        assert stem is not None  # images are named after their inputs
        return stem

    @property
    def rows(self) -> list[LabelledImage]:
        """All images so far, in the inputs' order."""
        return [image for path in self.inputs.paths for image in self.images.get(path, ())]

    def begin(self, run: dict[str, Any], names: FieldNames) -> None:
        """Write run.json as far as it is known, and the headers.

        Parameters
        ----------
        run
            Task, inputs, preset and options.
        names
            What the inputs' names tell.
        """
        self._run, self._names = run, names
        with writing(self.folder):
            self._write_run(finished=False, seconds=0.0)
            self._journal = RowFile(self.folder / JOURNAL, JOURNAL_HEADER)
            self._table = RowFile(self.folder / "labels.csv", columns(names.columns), self._doubtful(self.rows))
            (self.folder / "failures.csv").unlink(missing_ok=True)
            if self._paired:
                self._skip = RowFile(self.folder / "pairs" / "skip.csv", SKIP_HEADER, _doubted(self.rows))

    def add(self, path: Path, images: Sequence[LabelledImage]) -> None:
        """Note an input, all of whose pictures are written."""
        with writing(self.folder):
            if self._paired:
                self._skip.append(_doubted(images))
            details = {image.image: image.details() for image in images}
            self._journal.append([{"input": self.inputs.name(path), "images": json.dumps(details)}])
            self._table.append(self._doubtful(images))
        self.images[path] = tuple(images)

    def fail(self, image: str, line: str) -> None:
        """Note an image that could not be labelled, or whose pair does not belong together."""
        self.failures.append((image, line))
        with writing(self.folder):
            write_failures(self.folder, self.failures)

    def end(
        self, fewest: float, most: float, *, finished: bool, seconds: float
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Apply the filter, put the rows into the inputs' order and complete run.json.

        Returns
        -------
        tuple of dict
            For each image why training should skip it, empty where it is kept; and the windows to be skipped.
        """
        whys, skipped = reasons(self.rows, fewest, most), window_reasons(self.rows, fewest, most)
        with writing(self.folder):
            self._table.rewrite(image.cells(whys[image.image], self._told(image.image)) for image in self.rows)
            if self._paired:
                self._skip.rewrite({"image": name, "why": why} for name, why in skipped.items())
            self._write_run(finished=finished, seconds=seconds)
            (self.folder / JOURNAL).unlink(missing_ok=True)
        return whys, skipped

    def _doubtful(self, images: Sequence[LabelledImage]) -> list[dict[str, str]]:
        """Rows of labels.csv before the filter."""
        return [image.cells("; ".join(image.doubts), self._told(image.image)) for image in images]

    def _told(self, image: str) -> Mapping[str, str]:
        return self._names.of(_owned(self.inputs, image))

    @property
    def _paired(self) -> bool:
        return bool(self._run["options"]["pairs"])

    def _write_run(self, *, finished: bool, seconds: float) -> None:
        run = {
            **self._run,
            "made_by": provenance(),
            "finished": finished,
            "seconds": round(seconds + self.earlier.get("seconds", 0.0), 3),
            "images": {image.image: image.details() for image in self.rows},
            "failures": dict(self.failures),
        }
        write_text(self.folder / "run.json", json.dumps(run, indent=2) + "\n")

    def _take_over(self) -> None:
        """Read what an earlier sitting finished; what failed in it is tried again."""
        self.earlier = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        before = Inputs([Path(path) for path in self.earlier["inputs"]])
        details: dict[Path, dict[str, Any]] = {}
        for image, known in self.earlier["images"].items():
            details.setdefault(_owned(before, image), {})[image] = known
        for row in read_rows(self.folder / JOURNAL, JOURNAL_HEADER):
            details[_owned(before, row["input"])] = json.loads(row["images"])
        before_phases = dict(zip(map(Path, self.earlier["inputs"]), self.earlier["phase"], strict=True))
        phases = dict(zip(self.inputs.paths, self.phases(), strict=True))
        now = dict(zip(map(Path, self.inputs.absolute()), self.inputs.paths, strict=True))
        for path, known in details.items():
            images = tuple(LabelledImage.from_details(image, each) for image, each in known.items())
            if any(image.unpaired for image in images):
                continue
            given = now.get(path)
            if given is None or self.inputs.name(given) != before.name(path):
                raise UsageError(
                    f"holds the labels of other inputs, the first {path}",
                    file=self.folder,
                    cure="name all inputs of the earlier call too, or give another folder with -o",
                )
            if phases[given] != before_phases[path]:
                raise UsageError(
                    f"was begun with another phase-contrast image for {path}",
                    file=self.folder,
                    cure="repeat the earlier call, or label anew with --overwrite",
                )
            self.images[given] = images


def _owned(inputs: Inputs, image: str) -> Path:
    path = inputs.owner(image)
    if path is None:
        raise KeyError(image)
    return path


def _doubted(images: Sequence[LabelledImage]) -> list[dict[str, str]]:
    """Rows of skip.csv before the filter."""
    return [
        {"image": window.image, "why": "; ".join(image.doubts)}
        for image in images
        if image.doubts
        for window in image.windows
    ]
