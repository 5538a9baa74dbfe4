"""What is settled about a slide before its regions are counted: where to count, how large regions are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cytally import __version__
from cytally.errors import ImageError
from cytally.images.region import NamedRegion, Region, read_named_regions
from cytally.models.model import Model
from cytally.slides.density_map import DensityMap
from cytally.slides.kept_counts import KeptCounts
from cytally.slides.look import Look
from cytally.slides.overview import Overview
from cytally.slides.plan import GRAIN, Plan, best_side, largest_side
from cytally.slides.region_count import SlideTask, where_to_count
from cytally.slides.slide import Slide
from cytally.slides.stream import map_method
from cytally.slides.tissue import Tissue, TissueOptions, find_tissue, read_tissue
from cytally.slides.words import size_in_words
from cytally.tasks.count_options import CountOptions
from cytally.tasks.count_run import weights_digest
from cytally.tasks.slide_preflight import core_that_fits

LARGE = 100_000_000
"""Pixels up to which a model that finds objects takes an image whole."""


def find_where(slide: Slide, overview: Overview, options: CountOptions) -> Tissue | None:
    """The tissue to count in, or None where that is everywhere.

    Raises
    ------
    ImageError, UsageError
        When the file that tells the tissue cannot be read, does not fit the slide, or nothing is left to count in.
    """
    if options.tissue_file is not None:
        return read_tissue(options.tissue_file, overview.shape)
    if options.tissue == "all":
        return None
    mask = find_tissue(overview.pixels, TissueOptions(threshold=options.tissue_threshold))
    return None if mask.all() else Tissue(mask, overview.shape)


def read_drawn(path: Path | None) -> tuple[Region | None, tuple[NamedRegion, ...]]:
    """The areas that the user drew: together, and one by one with their names."""
    if path is None:
        return None, ()
    named = tuple(read_named_regions(path))
    return Region(tuple(polygon for one in named for polygon in one.region.polygons)), named


def make_task(
    slide: Slide, look: Look, tissue: Tissue | None, model: Model, work: Path, options: CountOptions, kept: KeptCounts
) -> SlideTask:
    """The slide's regions, as large as they were asked for, as those that are `kept` of an earlier sitting, or as the
    memory allows.

    Raises
    ------
    ImageError
        When no part of the slide is to be counted in.
    """
    drawn, named = read_drawn(options.roi)
    stride = int(model.network.stride)  # type: ignore[arg-type]  # only networks with a stride come here
    # What decides on a cell at a region's edge has to be seen as well.
    halo = int(model.network.halo) + -(-map_method(model).part_margin // stride) * stride  # type: ignore[arg-type]
    shape = slide.levels[0].shape
    if options.tile is not None:
        side = largest_side(shape, look.factor, options.tile)
    else:
        tile = core_that_fits(model, slide, look, halo, stride, options.memory)
        side = best_side(shape, look.factor, tile, halo)
    if options.resume and options.tile is None:
        side = _side_of(kept, most=tile / look.factor) or side
    plan = Plan(shape, look.inner, side, halo, stride)
    margin = model.method.cell_diameter / 2 / look.factor if options.border == "exclude" else 0.0
    task = SlideTask(slide, plan, look, DensityMap(work / "density.zarr", plan), tissue, drawn, named, margin)
    if not _counts_somewhere(task):
        raise _nothing_to_count_in(task, options)
    return task


def _counts_somewhere(task: SlideTask) -> bool:
    return any(where_to_count(task, region).any() for region in task.plan.regions)


def _nothing_to_count_in(task: SlideTask, options: CountOptions) -> ImageError:
    """Why nothing is left to count in."""
    if options.roi is None:
        message = "has nothing to count in: no tissue was found"
        cure = "use --tissue all, a lower --tissue-threshold, or --border include"
    elif not _counts_somewhere(replace(task, tissue=None, margin=0.0)):
        message = (
            f"has nothing to count in: the areas of {options.roi} cover none of its {size_in_words(task.plan.shape)}"
        )
        cure = "draw them on this image, in pixels of its full resolution"
    else:
        message = f"has nothing to count in: there is no tissue in the areas of {options.roi}"
        cure = "use --tissue all, a lower --tissue-threshold, or --border include"
    return ImageError(message, file=task.slide.path, cure=cure)


def _side_of(kept: KeptCounts, most: float) -> int | None:
    """Side of the regions of an earlier sitting; None where there are none, or they are larger than `most`."""
    side = ((kept.about() or {}).get("plan") or [None])[0]
    return side if isinstance(side, int) and GRAIN <= side <= most and side % GRAIN == 0 else None


def what_counts_depend_on(task: SlideTask, model: Model, options: CountOptions) -> dict[str, Any]:
    """All that regions' counts depend on: those of an earlier sitting hold where nothing of it has changed."""
    slide, look = task.slide, task.look
    about = slide.path.stat()
    return {
        "cytally": __version__,
        "slide": [slide.name, list(task.plan.shape), about.st_size, about.st_mtime_ns],
        "model": weights_digest(model.network),
        "configuration": model.card.configuration.model_dump(mode="json"),
        "run_by": [model.run.name, str(model.run.dtype)],
        "look": [look.channels, look.factor, look.level, repr(look.statistics)],
        "plan": [task.plan.side, task.plan.halo, task.plan.stride],
        "options": options.deciding(),
    }
