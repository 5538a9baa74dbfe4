"""Counting the frames in a folder as the microscope writes them, each once, over any number of sittings."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cytally.errors import CytallyError, OutputError, UsageError
from cytally.files import write_text
from cytally.images.formats import is_supported
from cytally.images.frame_order import natural_key
from cytally.inference.backend import BackendName
from cytally.inference.torch_backend import Device
from cytally.models.model import Model
from cytally.tasks.arrivals import Arrivals, is_there
from cytally.tasks.called_model import CalledModel, called
from cytally.tasks.count_input import Job, count_input
from cytally.tasks.count_options import CountOptions
from cytally.tasks.count_row import CountRow
from cytally.tasks.count_run import model_facts, refuse_other_run
from cytally.tasks.failures import failure_line
from cytally.tasks.file_options import check_file_options
from cytally.tasks.output import WATCHED, check_output, open_output, writing
from cytally.tasks.provenance import provenance
from cytally.tasks.shared_model import make_ready
from cytally.tasks.watch import Watch
from cytally.tasks.watch_curve import WatchCurve
from cytally.tasks.watched_counts import WatchedCounts
from cytally.tasks.watched_failures import WatchedFailures

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WatchOptions:
    """How to watch a folder.

    Parameters
    ----------
    interval
        Minutes from file to file, by the numbers in their names; None takes the times at which they were written.
    channel, axes, pixel_size
        As in counting.
    every
        Seconds between two looks into the folder.
    settle
        Seconds that a file must have stayed the same before it is read.
    patience
        Seconds after which a file that stays the same and cannot be read has failed.
    frames
        Stop after so many frames, failed files among them; None: when interrupted.
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
        Before any image is opened, as when the earlier table is damaged; nothing is written then.
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
    named = called(model)
    make_ready(named.model, options.backend, options.device)
    sitting = _Sitting(folder, out, named, options, watch)
    if goes_on:
        sitting.take_over()
    open_output(out, WATCHED, overwrite=options.overwrite)
    sitting.begin()
    try:
        sitting.run(clock, sleep)
    finally:
        sitting.end()
    return WatchSummary(out, tuple(sitting.counts.rows), sitting.new, tuple(sitting.failures.lines.items()))


class _Sitting:
    """One sitting: what is known of the folder, and the files of the results."""

    def __init__(self, folder: Path, out: Path, model: CalledModel, options: WatchOptions, watch: Watch) -> None:
        self.folder, self.out, self.model = folder, out, model
        self.options, self.watch = options, watch
        self.counts = WatchedCounts(out, options.interval)
        self.failures = WatchedFailures(out)
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
        self.counts.take_over(earlier.get("frames", 0))
        self._counted = {name: [] for name in self.counts.files}
        self.watch.on_note(f"{self.out}: goes on after {len(self.counts.rows)} frames that are counted already.")

    def begin(self) -> None:
        """Write the tables as far as they are known."""
        with writing(self.out):
            self._write_run(finished=False)
            self.counts.write()
            self.failures.write()

    def run(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        """Look, count and wait."""
        options = self.options
        arrivals = Arrivals(self.folder, options.settle, options.patience, clock)
        last, there = clock(), True
        while not self._done():
            found = arrivals.look(self._changed_since)
            if found is None and there:
                self.watch.on_note(f"{self.folder}: is not there any more; waiting for it to return.")
            elif found is not None and not there:
                self.watch.on_note(f"{self.folder}: is back.")
            there = found is not None
            for path in sorted(found or (), key=lambda each: natural_key(each.name)):
                if self._count(path, arrivals):
                    last = clock()
                if self._done():
                    return
            if options.idle is not None and clock() - last >= 60 * options.idle:
                return
            sleep(options.every)

    def end(self) -> None:
        """Complete run.json, and draw the curve once more."""
        with writing(self.out, cure="make room, then run the same command again"):
            self._write_run(finished=True)
            self._curve.draw(self.counts.minutes, self.counts.rows, now=True)

    def _done(self) -> bool:
        """Whether there are as many frames as were asked for."""
        return (
            self.options.frames is not None and len(self.counts.rows) + len(self.failures.lines) >= self.options.frames
        )

    def _changed_since(self, path: Path, size: int, changed: float) -> bool:
        """Whether a file is to be counted, or again after it failed; one counted stays as it is, which is told once."""
        before = self._counted.get(path.name)
        if before is None:
            return is_supported(path) and not self.failures.holds(path.name, [size, changed])
        if before and before != [size, changed]:
            self._counted[path.name] = [size, changed]
            self.watch.on_note(f"{path.name}: was written again after it was counted; its count stays.")
        return False

    def _count(self, path: Path, arrivals: Arrivals) -> bool:
        options = CountOptions(channel=self.options.channel, axes=self.options.axes, pixel_size=self.options.pixel_size)
        job = Job(path, path.name, self.counts.stem(path.name), thumbnails=False)
        try:
            status = path.stat()
        except OSError:
            return False  # gone since, alone or with the folder
        state = [status.st_size, status.st_mtime]
        try:
            counted = count_input(self.model.model, job, self.out, None, options)
        except OutputError:
            raise
        except Exception as error:
            if arrivals.waits_for(path) or not is_there(path):
                return False  # half written, perhaps, or gone while it was read
            line = failure_line(error, path)
            self.watch.on_failure(path.name, line)
            with writing(self.out):
                self.failures.add(path.name, state, line)
                self.counts.place_anew(self.failures.lines)
            if not isinstance(error, CytallyError):
                logger.debug("%s", path, exc_info=error)
            return False
        self._note(path, state, counted.rows)
        return True

    def _note(self, path: Path, state: list[float], rows: Sequence[CountRow]) -> None:
        """Append the rows of one file, and forget that it failed before."""
        with writing(self.out):
            if self._begun is None:
                self._begun = state[1]
                self._write_run(finished=False)  # before the table, or a kill in between would lose the time
            self.counts.add(path.name, rows, (state[1] - self._begun) / 60, self.failures.lines)
            self._counted[path.name] = state
            self.new += len(rows)
            self.failures.drop(path.name)
            self._curve.draw(self.counts.minutes, self.counts.rows)
        for row in rows:
            self.watch.on_row(row.image, row.count)

    def _describe(self) -> dict[str, Any]:
        return {
            "task": "watch",
            "folder": str(self.folder.resolve()),
            "model": model_facts(self.model),
            "options": {key: value for key, value in asdict(self.options).items() if key != "overwrite"},
        }

    def _write_run(self, *, finished: bool) -> None:
        told = {"begun": self._begun, "frames": len(self.counts.rows), "failures": self.failures.lines}
        run = {**self._run, "made_by": provenance(), "finished": finished, **told}
        write_text(self.out / "run.json", json.dumps(run, indent=2) + "\n")
