"""Counting the cells in images: every image, every plane, one row and a few files each."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cytally.errors import CytallyError, OutputError
from cytally.images.read import read
from cytally.images.region import Region, read_region
from cytally.images.sources import find_images
from cytally.inference.torch_backend import find_device
from cytally.models.model import Model
from cytally.models.store import load
from cytally.tasks.area import count_plane
from cytally.tasks.count_files import CountFiles
from cytally.tasks.count_options import CountOptions
from cytally.tasks.count_report import write_count_report
from cytally.tasks.count_row import CountRow
from cytally.tasks.count_run import describe, refuse_other_run
from cytally.tasks.failures import failure_line
from cytally.tasks.inputs import Inputs
from cytally.tasks.model_notes import model_notes
from cytally.tasks.output import COUNTED, check_output, open_output, writing
from cytally.tasks.samples import read_sheet, summarise, write_samples
from cytally.tasks.watch import Watch

logger = logging.getLogger(__name__)

DEFAULT_MODEL = "nuclei-fluorescence"


@dataclass(frozen=True)
class CountSummary:
    """What came of a run: the rows of counts.csv, the images that failed and why, and sentences on what was assumed."""

    out: Path
    rows: tuple[CountRow, ...]
    failures: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    seconds: float


def count(
    inputs: Sequence[str | Path],
    out: str | Path,
    model: str | Path | Model = DEFAULT_MODEL,
    options: CountOptions | None = None,
    watch: Watch | None = None,
) -> CountSummary:
    """Count the cells in images and write all that the documentation of `cytally count` lists into `out`.

    Parameters
    ----------
    inputs
        Files, folders and glob patterns.
    out
        Output folder.
    model
        A model, a model folder, or the name of a bundled one.
    options
        How to count.
    watch
        Functions to call on the way.

    Raises
    ------
    UsageError, ModelError
        Before any image is opened; nothing is written then.
    OutputError
        When `out` can no longer be written to, as on a full disk. What was finished stays valid.
    """
    options, watch, folder, started = options or CountOptions(), watch or Watch(), Path(out), time.monotonic()
    images = Inputs(find_images(inputs))
    region = read_region(options.roi) if options.roi else None
    sheet = read_sheet(options.samples) if options.samples else None
    given = [Path(each) for each in (options.roi, options.samples, model) if isinstance(each, str | Path)]
    reads = (*images.paths, *given)
    check_output(folder, COUNTED, resume=options.resume, overwrite=options.overwrite, reads=reads)
    files = CountFiles(folder, images, resume=options.resume)
    watch.on_images("Counting", len(files.finished), len(images))

    trained = model if isinstance(model, Model) else load(model)
    trained.to(find_device(options.device))
    model_name = trained.name if isinstance(model, Model) else str(model)
    run = describe(trained, model_name, images, options)
    if files.earlier:
        refuse_other_run(files.earlier, run, options.deciding(), str(folder))
    open_output(folder, COUNTED, overwrite=options.overwrite)
    files.begin(run, model_name, by_area=trained.method.counts_by_area)
    try:
        _count_all(trained, files, region, options, watch)
    except BaseException:
        with suppress(OutputError):  # the disk is full: what is there is whole, and --resume goes on
            files.end(finished=False, seconds=time.monotonic() - started)
        raise
    files.end(finished=True, seconds=time.monotonic() - started)

    notes, table = model_notes(trained.card) + channel_notes(files, options), None
    with writing(folder):
        if sheet is not None:
            table, warnings = summarise(sheet, [(row.image, row.count) for row in files.rows])
            write_samples(folder / "samples.csv", table)
            notes += warnings
        write_count_report(trained, files, notes, table, time.monotonic() - started)
    seconds = time.monotonic() - started
    return CountSummary(folder, tuple(files.rows), tuple(files.failures), tuple(notes), seconds)


def channel_notes(files: CountFiles, options: CountOptions) -> list[str]:
    """Sentences on which channels were taken, where there was a choice."""
    choices = [detail for detail in files.details.values() if len(detail["channels"]) < detail["channels_in_file"]]
    how = "as asked for" if options.channel else "the one that varies most; --channel takes another"
    return [
        f"Counted in channel {name} of {number} image{'s' * (number > 1)} ({how})."
        for name, number in Counter(" and ".join(detail["channels"]) for detail in choices).items()
    ]


def _count_all(model: Model, files: CountFiles, region: Region | None, options: CountOptions, watch: Watch) -> None:
    """Count every input that is not finished yet. One that fails is noted, and the next is counted."""
    done = len(files.finished)
    for path in files.inputs.paths:
        if path in files.finished:
            continue
        try:
            for share in _count_input(model, files, path, region, options):
                watch.on_images("Counting", done + share, len(files.inputs))
        except OutputError:
            raise
        except Exception as error:  # whatever one file does, the others are counted
            line = failure_line(error, path)
            files.fail(path, line)
            watch.on_failure(files.inputs.name(path), line)
            if not isinstance(error, CytallyError):
                logger.debug("%s", path, exc_info=error)
        done += 1
        watch.on_images("Counting", done, len(files.inputs))


def _count_input(
    model: Model, files: CountFiles, path: Path, region: Region | None, options: CountOptions
) -> Iterator[float]:
    """Count every plane of one file, yielding the share that is done. Only one prediction is held at a time."""
    before = time.monotonic()
    with files.input(path) as results:
        images = read(path, axes=options.axes, pixel_size=options.pixel_size)
        planes = sum(image.data.shape[0] for image in images)
        for place, plane in enumerate(plane for image in images for plane in model.planes(image)):
            results.add(count_plane(model, plane, options, region), time.monotonic() - before)
            before = time.monotonic()
            if place + 1 < planes:
                yield (place + 1) / planes
