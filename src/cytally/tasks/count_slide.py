"""Counting one slide: an image larger than memory, region by region."""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from cytally.errors import CytallyError, ImageError, OutputError
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
from cytally.tasks.failures import failure_line, ran_out_of_memory
from cytally.tasks.output import writing
from cytally.tasks.shared_model import SharedModel
from cytally.tasks.slide_backend import use_fastest
from cytally.tasks.slide_files import Clock, SlideResult, is_there, take_back, write_slide
from cytally.tasks.slide_preflight import check_before
from cytally.tasks.slide_setup import LARGE, find_where, make_task, what_counts_depend_on
from cytally.workers.crew import Crew, CrewLostError

logger = logging.getLogger(__name__)

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

    Returns
    -------
    CountedInput
        One row for each scene; of a file with several, those that cannot be counted are among its failures.

    Raises
    ------
    ImageError
        When the slide cannot be read, the model cannot count it, or the memory or the disk is too small.
    OutputError
        When `folder` can no longer be written to.
    CrewLostError
        When the workers are lost.
    """
    model = shared.get()
    if not _can_tile(model):
        raise ImageError(
            f"is too large for the model '{model.name}', which has to see an image whole",
            file=job.path,
            cure="use a model of the method density, or cut the image into smaller ones",
        )
    counted: list[tuple[CountRow, dict[str, Any], bytes]] = []
    failures: list[tuple[str, str]] = []
    with ExitStack() as stack:
        slides = open_slides(job.path, axes=options.axes, pixel_size=options.pixel_size)
        for slide in slides:
            stack.enter_context(slide)
        scenes = [_scene(job, slide) for slide in slides]
        for place, (slide, scene) in enumerate(zip(slides, scenes, strict=True)):

            def share(done: float, place: int = place) -> None:
                on_share((place + done) / len(slides))

            try:
                result = _count_one(shared, slide, scene, folder, options, crew, share, note)
                if result is not None:
                    with writing(folder):
                        counted.append(write_slide(result, scene, folder, model))
                    shutil.rmtree(result.task.density.path, ignore_errors=True)  # it was moved, or copied
            except (OutputError, CrewLostError):
                raise
            except Exception as error:
                told = _told(error, slide, options)
                if len(slides) == 1:
                    raise told from (error.__cause__ if told is error else error)
                logger.debug("%s", slide.name, exc_info=error)
                failures.append((scene.name, failure_line(told, Path(slide.name))))
            finally:
                slide.close()  # the tiles of the one before are of no use to the next
    if not failures and not options.dry_run:  # else --resume takes over the counts of scenes whose map was moved
        for scene in scenes:
            shutil.rmtree(folder / WORK / scene.stem, ignore_errors=True)
        with suppress(OSError):  # other slides may be waiting in it
            (folder / WORK).rmdir()
    return CountedInput(
        tuple(row for row, _, _ in counted),
        {row.image: about for row, about, _ in counted},
        {row.image: thumbnail for row, _, thumbnail in counted if job.thumbnails},
        tuple(failures),
    )


def _scene(job: Job, slide: Slide) -> Job:
    """What is to be done with one scene of a file."""
    place = slide.name.removeprefix(job.path.name)
    return Job(job.path, job.name + place, job.stem + place, job.thumbnails)


def _told(error: Exception, slide: Slide, options: CountOptions) -> Exception:
    """An error as the user is to see it: with the scene in the file's name, and with a cure that helps slides."""
    file = str(slide.path) + slide.name.removeprefix(slide.path.name)
    if ran_out_of_memory(error):
        smaller = f"--memory below {options.memory:g}" if options.tile is None else f"--tile below {options.tile}"
        fewer = f" or fewer --workers than {options.workers}" if options.workers > 1 else ""
        return ImageError(
            "the memory ran out while it was counted",
            file=file,
            cure=f"use a {smaller}{fewer}, or close other programs, and go on with --resume",
        )
    if isinstance(error, CytallyError) and error.file in (None, str(slide.path)):
        return type(error)(error.message, file=file, cure=error.cure)
    return error


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
    kept = KeptCounts(work / "regions", folder)
    if crew.workers == 1 and not look.shows_nothing:
        use_fastest(model, slide, look, tissue, options)
    task = make_task(slide, look, tissue, model, work, options, kept)
    regions = [] if look.shows_nothing else [one for one in task.plan.regions if where_to_count(task, one).any()]
    about = what_counts_depend_on(task, model, options)
    goes_on = options.resume and kept.holds(about) and is_there(task, job, folder)
    waiting = [region for region in regions if not goes_on or kept.find(region) is None]
    clock.stop("look")
    if waiting:
        note(check_before(task, model, folder, options, regions, waiting))
    clock.stop("prepare the network")
    if options.dry_run:
        return None
    with writing(folder):
        if goes_on:
            take_back(task, job, folder)
        else:  # counts are begun last: where there are any, the map is whole
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
    if math.fsum(each.count for each in counts) < 0:  # as an image's, a map that sums to less than nothing is empty
        counts = [replace(each, count=0.0, named=each.named * (0.0, 1.0)) for each in counts]
        with writing(folder):
            task.density.create(slide.pixel_size)
    return SlideResult(task, overview, tuple(regions), tuple(counts), kept, clock)


def _can_tile(model: Model) -> bool:
    return (
        isinstance(model.method, MapMethod)
        and not isinstance(model.method, VolumeMethod)
        and is_tileable(model.network)
    )


def _paints_density(model: Model) -> bool:
    return isinstance(model.method, MapMethod) and not model.method.counts_by_area
