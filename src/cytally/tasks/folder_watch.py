"""Counting the frames in a folder as the microscope writes them, each once, over any number of sittings."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cytally.errors import CytallyError, OutputError, UsageError
from cytally.files import write_text
from cytally.images.formats import is_supported
from cytally.images.frame_order import natural_key
from cytally.images.sources import output_stems
from cytally.inference.backend import BackendName
from cytally.inference.torch_backend import Device
from cytally.models.model import Model
from cytally.models.store import load
from cytally.tasks.arrivals import Arrivals
from cytally.tasks.count_input import Job, count_input
from cytally.tasks.count_options import CountOptions
from cytally.tasks.count_row import COLUMNS, CountRow
from cytally.tasks.count_run import refuse_other_run, weights_digest
from cytally.tasks.failures import failure_line, write_failures
from cytally.tasks.file_options import check_file_options
from cytally.tasks.output import WATCHED, check_output, open_output, writing
from cytally.tasks.provenance import provenance
from cytally.tasks.rows import RowFile, read_rows
from cytally.tasks.shared_model import make_ready
from cytally.tasks.watch import Watch
from cytally.tasks.watch_curve import WatchCurve

logger = logging.getLogger(__name__)

HEADER = (*COLUMNS, "minutes")


@dataclass(frozen=True)
class WatchOptions:
    """How to watch a folder.

    Parameters
    ----------
    interval
        Minutes from frame to frame; None takes the times at which the files were written.
    channel, axes, pixel_size
        As in counting.
    every
        Seconds between two looks into the folder.
    settle
        Seconds that a file must have stayed the same before it is read.
    patience
        Seconds after which a file that stays the same and cannot be read has failed.
    frames
        Stop after so many frames; None: when interrupted.
    idle
        Stop after so many minutes without a new frame; None: never.
    device, backend
        Where the network runs, and what runs it.
    overwrite
        Begin anew instead of going on.

    Raises
    ------
    UsageError
        When a number makes no sense.
    """

    interval: float | None = None
    channel: str | None = None
    axes: str | None = None
    pixel_size: float | None = None
    every: float = 2.0
    settle: float = 2.0
    patience: float = 60.0
    frames: int | None = None
    idle: float | None = None
    device: Device = "auto"
    backend: BackendName = "auto"
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_file_options(self.axes, self.pixel_size)
        for name, unit in (("interval", "minutes"), ("every", "seconds"), ("idle", "minutes"), ("frames", "frames")):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise UsageError(f"--{name} {value:g} makes no sense", cure=f"give a number of {unit} above 0")

    def deciding(self) -> dict[str, Any]:
        """What counts depend on; a later sitting must agree in it."""
        return {name: getattr(self, name) for name in ("channel", "axes", "pixel_size", "interval")}


@dataclass(frozen=True)
class WatchSummary:
    """What came of a sitting: the output folder, all rows so far, how many of them are new, and the failures."""

    out: Path
    rows: tuple[CountRow, ...]
    new: int
    failures: tuple[tuple[str, str], ...]


def watch_folder(
    folder: str | Path,
    out: str | Path,
    model: str | Path | Model = "nuclei-fluorescence",
    options: WatchOptions | None = None,
    watch: Watch | None = None,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> WatchSummary:
    """Count every image that is in a folder or comes into it, until interrupted or as `options` say.

    Parameters
    ----------
    folder
        Where the microscope writes. It may vanish and return, as network drives do.
    out
        Output folder; one that an earlier sitting on the same folder left is gone on with.
    model
        A model, a model folder, or the name of a bundled one.
    options
        How to watch.
    watch
        Functions to call on the way; `on_row` after each frame.
    clock, sleep
        What tells the time in seconds, and waits.

    Raises
    ------
    UsageError, ModelError
        Before any image is opened; nothing is written then.
    OutputError
        When `out` can no longer be written to. What was counted stays, and the next sitting goes on.
    """
    options, watch, folder, out = options or WatchOptions(), watch or Watch(), Path(folder), Path(out)
    if not folder.is_dir():
        raise UsageError("is no folder", file=folder, cure="name the folder that the microscope writes to")
    if out.resolve() == folder.resolve() or folder.resolve() in out.resolve().parents:
        raise UsageError(f"lies in the folder that is watched ({folder})", file=out, cure="give another with -o")
    goes_on = not options.overwrite and WATCHED.wrote(out)
    check_output(out, WATCHED, resume=goes_on, overwrite=options.overwrite, reads=[folder])
    trained = model if isinstance(model, Model) else load(model)
    model_name = trained.name if isinstance(model, Model) else str(model)
    make_ready(trained, options.backend, options.device)
    sitting = _Sitting(folder, out, trained, model_name, options, watch)
    if goes_on:
        sitting.take_over()
    open_output(out, WATCHED, overwrite=options.overwrite)
    sitting.begin()
    try:
        sitting.run(clock, sleep)
    finally:
        sitting.end()
    return WatchSummary(out, tuple(sitting.rows), sitting.new, tuple(sitting.failures.items()))


class _Sitting:
    """One sitting: what is known of the folder, and the files of the results."""

    def __init__(
        self, folder: Path, out: Path, model: Model, model_name: str, options: WatchOptions, watch: Watch
    ) -> None:
        self.folder, self.out, self.model, self.model_name = folder, out, model, model_name
        self.options, self.watch = options, watch
        self.rows: list[CountRow] = []
        self.minutes: list[float] = []
        self.failures: dict[str, str] = {}
        self.new = 0
        self._begun: float | None = None
        """When the first frame was written; minutes are counted from it."""
        self._counted: dict[str, list[float]] = {}
        """Size and time of change of each file when it was counted; empty for those of earlier sittings."""
        self._curve = WatchCurve(out)
        self._run = self._describe()

    def take_over(self) -> None:
        """Read what earlier sittings counted."""
        earlier = json.loads((self.out / "run.json").read_text(encoding="utf-8"))
        if earlier.get("folder") != self._run["folder"]:
            raise UsageError(
                f"holds the counts of another folder ({earlier.get('folder')})",
                file=self.out,
                cure="give another with -o",
            )
        refuse_other_run(earlier, self._run, self.options.deciding(), str(self.out))
        self._begun = earlier.get("begun")
        for cells in read_rows(self.out / "counts.csv", HEADER):
            self.rows.append(CountRow.from_cells(cells))
            self.minutes.append(float(cells["minutes"]))
            self._counted.setdefault(cells["image"].partition("#")[0], [])
        self.watch.on_note(f"{self.out}: goes on after {len(self.rows)} frames that are counted already.")

    def begin(self) -> None:
        """Write the tables as far as they are known."""
        with writing(self.out):
            self._write_run(finished=False)
            self._table = RowFile(self.out / "counts.csv", HEADER, self._cells())
            (self.out / "failures.csv").unlink(missing_ok=True)

    def run(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        """Look, count and wait."""
        options = self.options
        arrivals = Arrivals(self.folder, options.settle, options.patience, clock)
        last, there = clock(), True
        while True:
            found = arrivals.look(self._changed_since)
            if found is None and there:
                self.watch.on_note(f"{self.folder}: is not there any more; waiting for it to return.")
            elif found is not None and not there:
                self.watch.on_note(f"{self.folder}: is back.")
            there = found is not None
            for path in sorted(found or (), key=lambda each: natural_key(each.name)):
                if self._count(path, arrivals):
                    last = clock()
                if options.frames is not None and len(self.rows) >= options.frames:
                    return
            if options.idle is not None and clock() - last >= 60 * options.idle:
                return
            sleep(options.every)

    def end(self) -> None:
        """Complete run.json, and draw the curve once more."""
        with writing(self.out, cure="make room, then run the same command again"):
            self._write_run(finished=True)
            self._curve.draw(self.minutes, self.rows, now=True)

    def _changed_since(self, path: Path, size: int, changed: float) -> bool:
        """Whether a file is to be counted; one that changed after that is told once and stays as it is."""
        before = self._counted.get(path.name)
        if before is None:
            return is_supported(path)
        if before and before != [size, changed]:
            self._counted[path.name] = [size, changed]
            self.watch.on_note(f"{path.name}: was written again after it was counted; its count stays.")
        return False

    def _count(self, path: Path, arrivals: Arrivals) -> bool:
        stem = output_stems([path])[path]
        options = CountOptions(channel=self.options.channel, axes=self.options.axes, pixel_size=self.options.pixel_size)
        try:
            changed = path.stat()
            counted = count_input(self.model, Job(path, path.name, stem, thumbnails=False), self.out, None, options)
        except OutputError:
            raise
        except Exception as error:
            if arrivals.waits_for(path):
                return False  # half written, perhaps
            line = failure_line(error, path)
            self.failures[path.name] = line
            self._counted[path.name] = []
            self.watch.on_failure(path.name, line)
            with writing(self.out):
                write_failures(self.out, list(self.failures.items()))
            if not isinstance(error, CytallyError):
                logger.debug("%s", path, exc_info=error)
            return False
        self._note(path, [changed.st_size, changed.st_mtime], counted.rows)
        return True

    def _note(self, path: Path, state: list[float], rows: Iterable[CountRow]) -> None:
        """Append the rows of one file."""
        if self._begun is None:
            self._begun = state[1]
        first = len(self.rows)
        for row in rows:
            frame = len(self.rows)
            interval = self.options.interval
            self.minutes.append((state[1] - self._begun) / 60 if interval is None else frame * interval)
            self.rows.append(row)
        self._counted[path.name] = state
        self.new += len(self.rows) - first
        with writing(self.out):
            self._table.append(self._cells()[first:])
            if not first:
                self._write_run(finished=False)  # which tells when the first frame was written
            self._curve.draw(self.minutes, self.rows)
        for row in self.rows[first:]:
            self.watch.on_row(row.image, row.count)

    def _cells(self) -> list[dict[str, str]]:
        return [
            {**row.cells(), "minutes": f"{minutes:.6g}"} for row, minutes in zip(self.rows, self.minutes, strict=True)
        ]

    def _describe(self) -> dict[str, Any]:
        card = self.model.card.model_dump(mode="json")
        return {
            "task": "watch",
            "folder": str(self.folder.resolve()),
            "model": {**card, "name": self.model_name, "weights_sha256": weights_digest(self.model.network)},
            "options": {key: value for key, value in asdict(self.options).items() if key != "overwrite"},
        }

    def _write_run(self, *, finished: bool) -> None:
        told = {"begun": self._begun, "frames": len(self.rows), "failures": self.failures}
        run = {**self._run, "made_by": provenance(), "finished": finished, **told}
        write_text(self.out / "run.json", json.dumps(run, indent=2) + "\n")
