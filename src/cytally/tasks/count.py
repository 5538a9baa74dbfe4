"""Counting the cells in images: every image, every plane, one row and a few files each."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from cytally.errors import CytallyError, OutputError
from cytally.images.region import Region, read_region
from cytally.images.sources import find_images
from cytally.inference.backend import BackendName
from cytally.models.model import Model
from cytally.tasks.called_model import CalledModel, called
from cytally.tasks.count_files import CountFiles
from cytally.tasks.count_here import count_here
from cytally.tasks.count_input import CountedInput, InputCounter, Job, ignore_share
from cytally.tasks.count_options import CountOptions
from cytally.tasks.count_report import write_count_report
from cytally.tasks.count_row import CountRow
from cytally.tasks.count_run import describe, refuse_other_run, with_earlier_exports
from cytally.tasks.count_total import CountTotal, interval_notes, total_of, totals
from cytally.tasks.exports import check_exports, write_exports
from cytally.tasks.failures import failure_line
from cytally.tasks.input_digests import refuse_changed
from cytally.tasks.inputs import Inputs
from cytally.tasks.model_notes import model_notes
from cytally.tasks.output import COUNTED, check_output, open_output, writing
from cytally.tasks.plate import check_pattern, plate_tables, write_wells
from cytally.tasks.samples import read_sheet, summarise, write_samples
from cytally.tasks.shared_model import Origin, SharedModel, make_ready
from cytally.tasks.slide_report import slide_notes
from cytally.tasks.watch import Watch
from cytally.workers.crew import Crew, CrewLostError, find_crew
from cytally.workers.here import Here

logger = logging.getLogger(__name__)

DEFAULT_MODEL = "nuclei-fluorescence"


@dataclass(frozen=True)
class CountSummary:
    """What came of a run: rows and their total, images that failed and why, and sentences on what was assumed."""

    out: Path
    rows: tuple[CountRow, ...]
    failures: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    seconds: float
    total: CountTotal


def count(
    inputs: Sequence[str | Path],
    out: str | Path,
    model: str | Path | Model | CalledModel = DEFAULT_MODEL,
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
        How to count, and which workers share the images.
    watch
        Functions to call on the way.

    Raises
    ------
    UsageError, ModelError
        Before any image is opened; nothing is written then.
    OutputError
        When `out` can no longer be written to, as on a full disk. What was finished stays valid.
    WorkerError
        When the workers are lost for good, as where a scheduler goes away. What was finished stays valid.
    """
    options, watch, folder, started = options or CountOptions(), watch or Watch(), Path(out), time.monotonic()
    images = Inputs(find_images(inputs))
    region = read_region(options.roi) if options.roi else None
    sheet = read_sheet(options.samples) if options.samples else None
    if options.plate is not None:
        check_pattern(options.plate, [images.name(path) for path in images.paths])
    named = (options.roi, options.samples, options.tissue_file, model)
    given = [Path(each) for each in named if isinstance(each, str | Path)]
    reads = (*images.paths, *given)
    if not options.dry_run:
        check_output(folder, COUNTED, resume=options.resume, overwrite=options.overwrite, reads=reads)
    files = CountFiles(folder, images, resume=options.resume and not options.dry_run)
    options = with_earlier_exports(options, files.earlier)
    watch.on_images("Counting", len(files.finished), len(images))

    named_model = called(model)
    trained, model_name = named_model.model, named_model.name
    if options.scheduler is None:  # else only the workers have to be able to
        make_ready(trained, options.backend, options.device)
    run = describe(named_model, images, options)
    check_exports(options.export, trained)
    if files.earlier:
        refuse_other_run(files.earlier, run, options.deciding(), str(folder))
        refuse_changed(files.earlier, run, files.finished, folder)
        if files.earlier.get("ran_by", run["ran_by"]) != run["ran_by"]:
            watch.on_note(
                f"{folder}: begun by {files.earlier['ran_by']}, goes on by {run['ran_by']}; counts may differ slightly."
            )
    with find_crew(options.workers, options.scheduler) as crew:
        shared = SharedModel(trained, _origin(trained, run["model"]["weights_sha256"], files, options))
        if options.dry_run:
            failures = _look_at_slides(shared, files, options, crew, watch)
            return CountSummary(folder, (), failures, (), time.monotonic() - started, CountTotal(0, 0.0))
        open_output(folder, COUNTED, overwrite=options.overwrite)
        files.begin(run, model_name, by_area=trained.method.counts_by_area)
        try:
            if not isinstance(crew, Here):
                with writing(folder):
                    shared.save()
            slides = _count_images(shared, files, region, options, crew, watch)
            _count_slides(shared, files, slides, options, crew, watch)
            with writing(folder):
                write_exports(files, options.export, lambda done: watch.on_images("Exporting", done, len(files.rows)))
        except BaseException:
            with suppress(OutputError):  # the disk is full: what is there is whole, and --resume goes on
                files.end(finished=False, seconds=time.monotonic() - started)
            raise
        total = total_of(trained.card.calibration, files.rows)
        files.end(finished=True, seconds=time.monotonic() - started, total=total.as_dict())

    notes, table, wells = model_notes(trained.card) + channel_notes(files, options, trained), None, None
    notes += interval_notes(trained.card, files.rows)
    if options.for_slides() and not slides and not any("regions" in about for about in files.details.values()):
        notes.append(f"No input is a slide, so nothing came of {' and '.join(options.for_slides())}.")
    with writing(folder):
        if options.plate is not None:
            tables = plate_tables(options.plate, files.rows)
            notes, wells = notes + tables.notes, tables.wells
            write_wells(folder / "wells.csv", wells)
        if sheet is not None:
            bounds = totals(trained.card.calibration, files.rows)
            table, warnings = summarise(sheet, [(row.image, row.count) for row in files.rows], bounds)
            write_samples(folder / "samples.csv", table)
            notes += warnings
        write_count_report(trained, files, notes, total, table, wells, time.monotonic() - started)
    seconds = time.monotonic() - started
    notes += slide_notes(files)  # which the report has below its heat maps
    return CountSummary(folder, tuple(files.rows), tuple(files.failures), tuple(notes), seconds, total)


def channel_notes(files: CountFiles, options: CountOptions, model: Model) -> list[str]:
    """Sentences on which channels were taken, where there was a choice."""
    choices = [detail for detail in files.details.values() if len(detail["channels"]) < detail["channels_in_file"]]
    varies = "the one that varies most; --channel takes another"
    named = not isinstance(model.card.configuration.input.channels, str)
    how = "as asked for" if options.channel else "the model's own" if named else varies
    return [
        f"Counted in channel {name} of {number} image{'s' * (number > 1)} ({how})."
        for name, number in Counter(" and ".join(detail["channels"]) for detail in choices).items()
    ]


def _origin(model: Model, digest: str, files: CountFiles, options: CountOptions) -> Origin:
    """Where workers find the model. Those of this machine take the back end that was found to serve here."""
    backend = options.backend if options.scheduler is not None else cast("BackendName", model.run.name)
    exported = model.exported and replace(model.exported, folder=model.exported.folder.absolute())
    return Origin(files.work.absolute() / "model", digest, backend, options.device, exported)


def _count_images(
    model: SharedModel, files: CountFiles, region: Region | None, options: CountOptions, crew: Crew, watch: Watch
) -> list[Path]:
    """Count every input that is not finished yet, shared among the crew; leave the slides, and return them."""
    from cytally.tasks.count_slide import is_streamed

    slides, elsewhere = list[Path](), options.scheduler is not None

    def jobs() -> Iterator[Job]:
        for path in [path for path in files.inputs.paths if path not in files.finished]:
            if is_streamed(path, model.get(), options):
                slides.append(path)
            else:
                yield files.job(path, absolute=elsewhere)

    folder = files.folder.absolute() if elsewhere else files.folder
    counter = InputCounter(model, folder, region, options)
    arriving = crew.run(counter, jobs())
    if isinstance(crew, Here):
        arriving = count_here(replace(counter, on_share=_share_of_all(files, watch)), jobs())
    for done in arriving:
        _note(files, files.path(done.item), done.result, done.error, watch)
    return slides


def _look_at_slides(
    model: SharedModel, files: CountFiles, options: CountOptions, crew: Crew, watch: Watch
) -> tuple[tuple[str, str], ...]:
    """Tell what each slide will take, and write nothing. Returns those that cannot be counted, and why."""
    from cytally.tasks.count_slide import count_slide, is_streamed

    failures: list[tuple[str, str]] = []
    slides = [path for path in files.inputs.paths if is_streamed(path, model.get(), options)]
    for path in slides:
        try:
            seen = count_slide(model, files.job(path), files.folder, options, crew, ignore_share, watch.on_note)
            for image, line in seen.failures:
                watch.on_failure(image, line)
            failures += seen.failures
        except Exception as error:  # noqa: BLE001 - the other slides are looked at
            failures.append((files.inputs.name(path), _tell(files, path, error, watch)))
    if len(slides) < len(files.inputs):
        others = len(files.inputs) - len(slides)
        what = "1 input is no slide, and is" if others == 1 else f"{others} inputs are no slides, and are"
        watch.on_note(f"{what} counted whole.")
    return tuple(failures)


def _count_slides(
    model: SharedModel, files: CountFiles, slides: Sequence[Path], options: CountOptions, crew: Crew, watch: Watch
) -> None:
    """Count slides, one after the other, the regions of each shared among the crew."""
    elsewhere, on_share, note = options.scheduler is not None, _share_of_all(files, watch), watch.on_note
    folder = files.folder.absolute() if elsewhere else files.folder
    for path in slides:
        from cytally.tasks.count_slide import count_slide

        counted, error = None, None
        try:
            counted = count_slide(model, files.job(path, absolute=elsewhere), folder, options, crew, on_share, note)
        except Exception as raised:  # noqa: BLE001 - whatever one slide does, the others are counted
            error = raised
        _note(files, path, counted, error, watch)


def _share_of_all(files: CountFiles, watch: Watch) -> Callable[[float], None]:
    """A function that is told the share of one input that is done, and tells how many inputs are."""

    def on_share(share: float) -> None:
        watch.on_images("Counting", files.done + share, len(files.inputs))

    return on_share


def _note(files: CountFiles, path: Path, counted: CountedInput | None, error: Exception | None, watch: Watch) -> None:
    """Note what came of an input. One that fails is told, and the next is counted."""
    if isinstance(error, OutputError | CrewLostError):
        raise error
    if error is not None:
        files.fail(path, _tell(files, path, error, watch))
    elif counted is not None:
        files.add(path, counted)
        for image, line in counted.failures:
            watch.on_failure(image, line)
    watch.on_images("Counting", files.done, len(files.inputs))


def _tell(files: CountFiles, path: Path, error: Exception, watch: Watch) -> str:
    """Tell why an input failed; the line that says so."""
    line = failure_line(error, path)
    watch.on_failure(files.inputs.name(path), line)
    if not isinstance(error, CytallyError):
        logger.debug("%s", path, exc_info=error)
    return line
