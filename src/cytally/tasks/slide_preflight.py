"""What a slide will take: measured on its first window, told before it is counted, and refused where it cannot work."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil

from cytally.models.model import Model
from cytally.slides.look import Look
from cytally.slides.plan import GRAIN, Region
from cytally.slides.preflight import GIB, Limits, PreflightFacts, estimate, free_disk_gb, largest_tile, refuse
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
KEPT_BYTES = 0.15 * GIB
"""What else is held: decoded tiles above all."""
DISK_BYTES = 13.0
"""Bytes in the results for each pixel of the network's map with tissue, all levels together."""


def core_that_fits(model: Model, slide: Slide, look: Look, halo: int, stride: int, memory_gib: float) -> int:
    """Side of the largest tile's core, in pixels of the network, for which the memory is enough.

    Raises
    ------
    UsageError
        When none is; the cure names the memory that is.
    """
    return largest_tile(memory_gib, halo, stride, _base_gib(), _bytes_per_pixel(model, slide, look))


def check_before(
    task: SlideTask,
    model: Model,
    folder: Path,
    options: CountOptions,
    regions: Sequence[Region],
    waiting: Sequence[Region],
) -> str:
    """Run the network on the first window, and say in one line what the slide will take.

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
    base, started = _base_gib(), time.perf_counter()
    shown = show(task, waiting[0])
    read = time.perf_counter() - started
    run = runner(model)
    pixels = (
        shown.pixels
        if shown.pixels is not None
        else np.zeros((model.card.input_channels, *task.plan.window), np.float32)
    )
    model.run.prepare(task.plan.window)
    run(pixels)
    started = time.perf_counter()
    run(pixels)  # the second time: the first one compiles
    network = time.perf_counter() - started
    window = task.plan.window
    megapixels = window[0] * window[1] / 1e6
    level = task.slide.levels[task.look.level].shape
    scale = level[0] * level[1] / (task.look.inner[0] * task.look.inner[1])
    counted = sum((one.rows.stop - one.rows.start) * (one.columns.stop - one.columns.start) for one in regions) / (
        task.plan.shape[0] * task.plan.shape[1]
    )
    facts = PreflightFacts(
        name=task.slide.name,
        shape=task.plan.shape,
        inner=task.look.inner,
        tissue=counted if task.tissue is None else min(counted, float(task.tissue.mask.mean())),
        tiles=len(waiting),
        tile=round(task.plan.side / task.plan.axes[0].step),
        window=window,
        read=scale,
        base_gib=base,
        bytes_per_pixel=_bytes_per_pixel(model, task.slide, task.look),
        seconds_per_megapixel=network / megapixels,
        read_seconds_per_megapixel=read / megapixels / scale,
        disk_bytes_per_pixel=DISK_BYTES * len(waiting) / len(regions),
        workers=options.workers,  # those of a cluster have other memory than this machine's
    )
    preflight = estimate(facts)
    free = psutil.virtual_memory().available / GIB
    # A tile that nobody asked for was chosen by the memory, unless it is the smallest there is.
    allowed = math.inf if options.tile is None and task.plan.side > GRAIN else options.memory
    limits = Limits(allowed, free + base, free_disk_gb(folder))
    refuse(preflight, limits, halo=task.plan.halo, stride=task.plan.stride)
    return preflight.line()


def _base_gib() -> float:
    return (psutil.Process().memory_info().rss + KEPT_BYTES) / GIB


def _bytes_per_pixel(model: Model, slide: Slide, look: Look) -> float:
    """Of a window: the network's, those of the pixels that are read for it, and of those that are written."""
    network = window_bytes(model.network, model.card.input_channels, model.run.name, model.run.dtype)
    level, whole, inner = (
        math.prod(each) for each in (slide.levels[look.level].shape, slide.levels[0].shape, look.inner)
    )
    read = level / inner * len(look.channels) * slide.dtype.itemsize
    return network + READ_BYTES * len(look.channels) + read + WRITE_BYTES * whole / inner
