"""Counting a slide region by region, in this process or by a crew of workers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cytally.errors import OutputError
from cytally.inference.flips import over_flips
from cytally.methods.map_method import MapMethod
from cytally.models.model import Model
from cytally.slides.kept_counts import KeptCounts
from cytally.slides.plan import Region
from cytally.slides.region_count import Shown, SlideTask, infer, settle, show
from cytally.workers.crew import Crew
from cytally.workers.here import Here

Floats = NDArray[np.float32]


class ModelSource(Protocol):
    """What gives a process the model, once it is there."""

    def get(self) -> Model:
        """The model, loaded once per process."""
        ...


class RegionCounter:
    """Counts one region after the other, as a function that workers are sent.

    Parameters
    ----------
    task
        The slide.
    source
        What counts.
    kept
        Where the counts go.
    """

    def __init__(self, task: SlideTask, source: ModelSource, kept: KeptCounts) -> None:
        self.task, self.source, self.kept = task, source, kept

    def __call__(self, region: Region) -> None:
        """Count one region and keep what was counted. Counting it twice writes the same files twice."""
        model = self.source.get()
        output, shown = infer(show(self.task, region), runner(model))
        write(self.task, map_method(model), self.kept, region, output, shown)


def count_regions(
    task: SlideTask, model: Model, source: ModelSource | None, kept: KeptCounts, regions: Sequence[Region], crew: Crew
) -> Iterator[Region]:
    """Count regions and keep their counts, yielding each when it is done.

    Parameters
    ----------
    task
        The slide.
    model
        What counts in this process.
    source
        The same for other processes; None counts here whatever the crew.
    kept
        Where the counts go.
    regions
        What is still to be counted.
    crew
        Who counts.

    Raises
    ------
    OutputError
        When a region's count or its part of the density map cannot be written.
    Exception
        What else went wrong with the first region that failed. What was counted before is kept.
    """
    if source is None or isinstance(crew, Here):
        yield from _here(task, model, kept, regions)
        return
    run = crew.run(RegionCounter(task, source, kept), regions)
    try:
        for done in run:
            if done.error is not None:
                raise done.error
            yield done.item
    finally:
        if isinstance(run, Generator):
            run.close()  # now: the workers' next slide may follow at once


def write(
    task: SlideTask, method: MapMethod, kept: KeptCounts, region: Region, output: Floats | None, shown: Shown
) -> None:
    """Read a region's count from the map of its window; write its part of the density map, then the count.

    Raises
    ------
    OutputError
        When they cannot be written, as on a full disk.
    """
    try:
        kept.keep(region, settle(task, method, region, output, shown))
    except OSError as error:
        raise OutputError(
            f"can no longer be written to ({error.strerror or error})",
            file=kept.output,
            cure="make room, then go on with --resume",
        ) from error


def runner(model: Model) -> Callable[[Floats], Floats]:
    """The model's network as a function of a window, turned every way where the model counts so."""
    return partial(over_flips, model.run) if model.card.configuration.counting.flips else model.run


def map_method(model: Model) -> MapMethod:
    """The method of a model that paints maps."""
    assert isinstance(model.method, MapMethod), f"{model.name} paints no maps"
    return model.method


def _here(task: SlideTask, model: Model, kept: KeptCounts, regions: Sequence[Region]) -> Iterator[Region]:
    """One region is read and one is written while the network is busy with another."""
    run, method = runner(model), map_method(model)

    def finish(region: Region, output: Floats | None, shown: Shown) -> Region:
        write(task, method, kept, region, output, shown)
        return region

    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        written: Future[Region] | None = None
        upcoming = [reader.submit(show, task, region) for region in regions[:1]]
        for place, region in enumerate(regions):
            shown = upcoming.pop().result()
            if place + 1 < len(regions):
                upcoming.append(reader.submit(show, task, regions[place + 1]))
            output, shown = infer(shown, run)
            if written is not None:
                yield written.result()
            written = writer.submit(finish, region, output, shown)
        if written is not None:
            yield written.result()
