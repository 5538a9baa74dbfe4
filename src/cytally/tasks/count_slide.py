"""Counting one slide: an image larger than memory, region by region."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from cytally.errors import ImageError
from cytally.images.formats import SLIDE
from cytally.inference.tiles import is_tileable
from cytally.methods.map_method import MapMethod
from cytally.methods.volume_method import VolumeMethod
from cytally.models.model import Model
from cytally.slides.kept_counts import KeptCounts
from cytally.slides.look import look_at
from cytally.slides.overview import look_over
from cytally.slides.region_count import NO_POINTS, where_to_count
from cytally.slides.slide import LARGEST_WHOLE, Slide, is_slide, open_slides
from cytally.slides.stream import count_regions
from cytally.tasks.count_input import CountedInput, Job
from cytally.tasks.count_options import CountOptions
from cytally.tasks.count_row import CountRow
from cytally.tasks.output import writing
from cytally.tasks.shared_model import SharedModel
from cytally.tasks.slide_backend import use_fastest
from cytally.tasks.slide_files import Clock, SlideResult, write_slide
from cytally.tasks.slide_preflight import check_before
from cytally.tasks.slide_setup import LARGE, find_where, make_task, what_counts_depend_on
from cytally.workers.crew import Crew

WORK = ".slides"
"""Folder within the output folder of slides that are not finished."""
LOOKING = 0.02
"""Share of the progress that looking at the slide is shown as."""


def is_streamed(path: Path, model: Model, options: CountOptions) -> bool:
    """Whether an input is counted region by region.

    Slides and large images are where the model's network can see them in tiles. What finds objects, and so writes a
    label image, takes images whole up to 100 megapixels.
    """
    largest = LARGEST_WHOLE if _paints_density(model) else LARGE
    if isinstance(model.method, VolumeMethod) or not is_slide(path, largest=largest, axes=options.axes):
        return False
    return _can_tile(model) or path.suffix.lower() in SLIDE


def count_slide(
    shared: SharedModel,
    job: Job,
    folder: Path,
    options: CountOptions,
    crew: Crew,
    on_share: Callable[[float], None],
    note: Callable[[str], None],
) -> CountedInput:
    """Count a slide region by region, and write its files. What a kill leaves behind is gone on with.

    Parameters
    ----------
    shared
        What counts.
    job
        The input.
    folder
        The output folder.
    options
        How to count; with `dry_run` it is only told what it will take.
    crew
        Who shares the regions.
    on_share
        Called with the share that is done.
    note
        Called with what the slide will take, before it is counted.

    Raises
    ------
    ImageError
        When the slide cannot be read, the model cannot count it, or the memory or the disk is too small.
    OutputError
        When `folder` can no longer be written to.
    """
    model = shared.get()
    if not _can_tile(model):
        raise ImageError(
            f"is too large for the model '{model.name}', which has to see an image whole",
            file=job.path,
            cure="use a model of the method density, or cut the image into smaller ones",
        )
    rows: list[CountRow] = []
    details: dict[str, dict[str, Any]] = {}
    thumbnails: dict[str, bytes] = {}
    with ExitStack() as stack:
        slides = open_slides(job.path, axes=options.axes, pixel_size=options.pixel_size)
        for slide in slides:
            stack.enter_context(slide)
        for place, slide in enumerate(slides):
            one = Job(
                job.path,
                job.name + slide.name.removeprefix(job.path.name),
                job.stem + slide.name.removeprefix(job.path.name),
                job.thumbnails,
            )

            def share(done: float, place: int = place) -> None:
                on_share((place + done) / len(slides))

            result = _count_one(shared, slide, one, folder, options, crew, share, note)
            if result is None:
                continue
            with writing(folder):
                row, about, thumbnail = write_slide(result, one, folder, model)
            rows.append(row)
            details[one.name] = about
            if one.thumbnails:
                thumbnails[one.name] = thumbnail
            shutil.rmtree(folder / WORK / one.stem, ignore_errors=True)
    with suppress(OSError):  # other slides may be waiting in it
        (folder / WORK).rmdir()
    return CountedInput(tuple(rows), details, thumbnails)


def _count_one(
    shared: SharedModel,
    slide: Slide,
    job: Job,
    folder: Path,
    options: CountOptions,
    crew: Crew,
    on_share: Callable[[float], None],
    note: Callable[[str], None],
) -> SlideResult | None:
    """Count one scene; None where it was only to be told what that takes."""
    model, clock = shared.get(), Clock()
    work = folder / WORK / job.stem
    overview = look_over(slide, lambda done: on_share(LOOKING * done))
    tissue = find_where(slide, overview, options)
    look = look_at(
        slide,
        overview,
        None if tissue is None else tissue.mask,
        model.card.configuration.input,
        channel=options.channel,
        in_channels=model.card.input_channels,
    )
    kept = KeptCounts(work / "regions")
    if crew.workers == 1 and not look.shows_nothing:
        use_fastest(model, slide, look, tissue, options)
    task = make_task(slide, look, tissue, model, work, options, kept)
    regions = [] if look.shows_nothing else [one for one in task.plan.regions if where_to_count(task, one).any()]
    about = what_counts_depend_on(task, model, options)
    goes_on = options.resume and kept.holds(about) and task.density.path.is_dir()
    waiting = [region for region in regions if not goes_on or kept.find(region) is None]
    clock.stop("look")
    if waiting:
        note(check_before(task, model, folder, options, regions, waiting))
    clock.stop("prepare the network")
    if options.dry_run:
        return None
    with writing(folder):
        if not goes_on:  # counts are begun last: where there are any, the map is whole
            kept.remove()
            task.density.create(slide.pixel_size)
            kept.begin(about)
        done = len(regions) - len(waiting)
        for _ in count_regions(task, model, shared, kept, waiting, crew):
            done += 1
            on_share(LOOKING + (1 - LOOKING) * done / len(regions))
    clock.stop("regions")
    counts = [replace(count, points=NO_POINTS) for count in map(kept.find, regions) if count is not None]
    if len(counts) < len(regions):
        raise ImageError("the counts of some regions are gone", file=job.path, cure="go on with --resume")
    return SlideResult(task, overview, tuple(regions), tuple(counts), kept, clock)


def _can_tile(model: Model) -> bool:
    return (
        isinstance(model.method, MapMethod)
        and not isinstance(model.method, VolumeMethod)
        and is_tileable(model.network)
    )


def _paints_density(model: Model) -> bool:
    return isinstance(model.method, MapMethod) and not model.method.counts_by_area
