"""What a slide will take: measured on its first window, told before it is counted, and refused where it cannot work."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil

from cytally.models.model import Model
from cytally.slides.look import Look
from cytally.slides.plan import GRAIN, Region
from cytally.slides.preflight import GIB, MEGA, Limits, PreflightFacts, estimate, free_disk_gb, largest_tile, refuse
from cytally.slides.region_count import SlideTask, show
from cytally.slides.slide import Slide
from cytally.slides.stream import runner
from cytally.slides.window_memory import window_bytes
from cytally.tasks.count_options import CountOptions

READ_BYTES = 13
"""Bytes for each pixel of a window besides the network: it and its map in float32, twice, as one region is read and one
written while another runs, and where to count."""
WRITE_BYTES = 8
"""Bytes for each pixel of level 0 in a region: its part of the density map on its way to the disk, in float32, and
half of it again. Measured 7.6 in regions of 6,144 and 12,032 pixels a side."""
BASE_GIB = 0.75
"""What is reckoned to be held besides windows: Python, the libraries and the network, measured 0.41 to 0.62 before the
first window by torch and OpenVINO, and decoded tiles. A constant, so that the same call always cuts the same tiles."""
FEW = 4
"""Windows up to which one is seen once, and not twice, to tell the time of all."""
DISK_BYTES = 13.0
"""Bytes in the results for each pixel of the network's map with tissue, all levels together."""


def core_that_fits(model: Model, slide: Slide, look: Look, halo: int, stride: int, memory_gib: float) -> int:
    """Side of the largest tile's core, in pixels of the network, for which the memory is enough.

    Raises
    ------
    UsageError
        When none is; the cure names the memory that is.
    """
    smallest = math.ceil(GRAIN * look.factor)
    return largest_tile(memory_gib, halo, stride, BASE_GIB, _bytes_per_pixel(model, slide, look), smallest)


def check_before(
    task: SlideTask,
    model: Model,
    folder: Path,
    options: CountOptions,
    regions: Sequence[Region],
    waiting: Sequence[Region],
) -> str:
    """Refuse what will not fit; else run the network on the first window, and say in one line what the slide will take.

    Parameters
    ----------
    task, model, options
        What is to be counted, with what and how.
    folder
        The output folder.
    regions, waiting
        Where cells are to be counted, and where of that they have not been yet.

    Raises
    ------
    ImageError
        When the memory or the disk will not suffice; the cure names the setting that would do.
    """
    facts = _facts(task, model, options, regions, waiting)
    # A tile that nobody asked for was chosen by the memory, unless it is the smallest there is.
    allowed = math.inf if options.tile is None and task.plan.side > GRAIN else options.memory
    held, free = psutil.Process().memory_info().rss / GIB, psutil.virtual_memory().available / GIB
    limits = Limits(allowed, free + min(held, BASE_GIB), free_disk_gb(folder))
    refuse(estimate(facts), limits, halo=task.plan.halo, stride=task.plan.stride)
    network, read = _seconds(task, model, waiting)
    timed = replace(facts, seconds_per_megapixel=network, read_seconds_per_megapixel=read / facts.read)
    return estimate(timed).line()


def _facts(
    task: SlideTask, model: Model, options: CountOptions, regions: Sequence[Region], waiting: Sequence[Region]
) -> PreflightFacts:
    """All but the seconds."""
    level = task.slide.levels[task.look.level].shape
    counted = sum((one.rows.stop - one.rows.start) * (one.columns.stop - one.columns.start) for one in regions) / (
        task.plan.shape[0] * task.plan.shape[1]
    )
    return PreflightFacts(
        name=task.slide.name,
        shape=task.plan.shape,
        inner=task.look.inner,
        tissue=counted if task.tissue is None else min(counted, float(task.tissue.mask.mean())),
        tiles=len(waiting),
        tile=round(task.plan.side / task.plan.axes[0].step),
        window=task.plan.window,
        read=level[0] * level[1] / (task.look.inner[0] * task.look.inner[1]),
        base_gib=BASE_GIB,
        bytes_per_pixel=_bytes_per_pixel(model, task.slide, task.look),
        seconds_per_megapixel=0.0,
        read_seconds_per_megapixel=0.0,
        disk_bytes_per_pixel=DISK_BYTES * len(waiting) / len(regions),
        workers=options.workers,  # those of a cluster have other memory than this machine's
        grain=GRAIN / task.plan.axes[0].step,
        asked=options.tile,
    )


def _seconds(task: SlideTask, model: Model, waiting: Sequence[Region]) -> tuple[float, float]:
    """What a megapixel of windows takes in the network, and to be read, measured on the first of them."""
    started = time.perf_counter()
    shown = show(task, waiting[0])
    read = time.perf_counter() - started
    run = runner(model)
    pixels = (
        shown.pixels
        if shown.pixels is not None
        else np.zeros((model.card.input_channels, *task.plan.window), np.float32)
    )
    model.run.prepare(task.plan.window)
    if len(waiting) > FEW:
        run(pixels)  # the first one may compile
    started = time.perf_counter()
    run(pixels)
    megapixels = math.prod(task.plan.window) / MEGA
    return (time.perf_counter() - started) / megapixels, read / megapixels


def _bytes_per_pixel(model: Model, slide: Slide, look: Look) -> float:
    """Of a window: the network's, those of the pixels that are read for it, and of those that are written."""
    network = window_bytes(model.network, model.card.input_channels, model.run.name, model.run.dtype)
    level, whole, inner = (
        math.prod(each) for each in (slide.levels[look.level].shape, slide.levels[0].shape, look.inner)
    )
    read = level / inner * len(look.channels) * slide.dtype.itemsize
    return network + READ_BYTES * len(look.channels) + read + WRITE_BYTES * whole / inner
