"""The files of one counted slide, and its row."""

from __future__ import annotations

import math
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cytally.files import whole_file
from cytally.images.write import LARGEST_TIFF
from cytally.models.model import Model
from cytally.report.overlays import encode_png, overlay, thumbnail, write_png
from cytally.results import Prediction
from cytally.slides.kept_counts import KeptCounts
from cytally.slides.overview import Overview
from cytally.slides.plan import Region
from cytally.slides.region_count import RegionCount, SlideTask
from cytally.tasks.count_input import Job
from cytally.tasks.count_row import CountRow
from cytally.tasks.slide_heat_map import write_heat_maps
from cytally.tasks.slide_regions import write_regions

DAMAGED = "damaged-tiles"
"""Flag of a slide of which some could not be decoded."""


@dataclass
class Clock:
    """What took how long, one thing after the other."""

    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def stop(self, name: str) -> None:
        """Since the last stop it was `name` that took the time."""
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since
        self._since = now


@dataclass(frozen=True, eq=False)
class SlideResult:
    """A counted slide.

    Parameters
    ----------
    task, overview
        What was asked, and how it looks.
    regions, counts
        Where was counted, and what each region holds, but for its points: there may be more than the memory has room
        for.
    kept
        Where they are.
    clock
        What took how long.
    """

    task: SlideTask
    overview: Overview
    regions: tuple[Region, ...]
    counts: tuple[RegionCount, ...]
    kept: KeptCounts
    clock: Clock

    @property
    def count(self) -> float:
        """Cells on the whole slide, the same to the last digit in whatever order the regions were counted."""
        return math.fsum(each.count for each in self.counts)

    @property
    def area(self) -> float:
        """Pixels of level 0 that were counted in."""
        return math.fsum(each.area for each in self.counts)

    @property
    def damaged(self) -> float:
        """Pixels of level 0 that would have been, had they not been damaged."""
        return math.fsum(each.damaged for each in self.counts)

    @property
    def flags(self) -> tuple[str, ...]:
        """What is unusual about the slide."""
        return self.task.look.flags + ((DAMAGED,) if self.damaged else ())

    def area_mm2(self, pixels: float) -> float | None:
        """Pixels of level 0 in mm²; None where the slide does not tell its pixel size."""
        size = self.task.slide.pixel_size
        return None if size is None else pixels * (size / 1000) ** 2


def write_slide(result: SlideResult, job: Job, folder: Path, model: Model) -> tuple[CountRow, dict[str, Any], bytes]:
    """Write the files of a slide, each whole.

    Returns
    -------
    row
        Its row of counts.csv.
    about
        What run.json tells of it.
    thumbnail
        A small PNG for the report.
    """
    _write_points(folder / "points" / f"{job.stem}.csv", result)
    density = result.task.density
    seen = density.coarsest()
    picture = _overlay(result, seen)
    write_png(folder / "overlays" / f"{job.stem}.png", picture)
    extremes = write_heat_maps(result, seen, job, folder)
    if result.task.named or result.task.tissue is not None:
        write_regions(result, job, folder)
    if math.prod(result.task.plan.shape) > LARGEST_TIFF:
        _move(density.path, _moved(job, folder))
    else:
        density.write_tiff(folder / "density" / f"{job.stem}.tif", result.task.slide.pixel_size)
    result.clock.stop("files")
    area = result.area_mm2(result.area)
    per_area = None if not area else result.count / area
    row = CountRow(job.name, result.count, None, None, area, per_area, model.name, result.flags)
    return row, _about(result, extremes), encode_png(thumbnail(picture))


def is_there(task: SlideTask, job: Job, folder: Path) -> bool:
    """Whether there is a density map to go on with, be it in its last place already.

    A kill may have come after it was moved, or another scene of the file have failed.
    """
    return task.density.path.is_dir() or _moved(job, folder).is_dir()


def take_back(task: SlideTask, job: Job, folder: Path) -> None:
    """Take a density map that is in its last place back to where it is written."""
    if not task.density.path.is_dir():
        _move(_moved(job, folder), task.density.path)


def _moved(job: Job, folder: Path) -> Path:
    """Where the density map of a very large slide is in the end."""
    return folder / "density" / f"{job.stem}.zarr"


def _about(result: SlideResult, extremes: dict[str, Any]) -> dict[str, Any]:
    """What run.json tells of a slide."""
    task, look = result.task, result.task.look
    slide, plan = task.slide, task.plan
    work = Counter[str]()
    for each in result.counts:
        work.update(each.seconds)
    whole = math.prod(plan.shape)
    return {
        "channels": [slide.channels[index] or str(index) for index in look.channels],
        "channels_in_file": len(slide.channels),
        "scaled_by": round(look.factor, 4),
        "seconds": round(sum(result.clock.seconds.values()), 3),
        "level": look.level,
        "shape": list(plan.shape),
        "regions": {"side": plan.side, "counted": len(result.counts), "of": len(plan.regions), "window": plan.window},
        "tissue_share": round(result.area / whole, 6),
        "damaged_pixels": round(result.damaged),
        **extremes,
        "timings": {name: round(seconds, 3) for name, seconds in sorted(work.items())},
        "wall": {name: round(seconds, 3) for name, seconds in result.clock.seconds.items()},
    }


def _overlay(result: SlideResult, density: Any) -> Any:
    channels = result.task.look.channels
    prediction = Prediction(result.count, density)
    return overlay(result.overview.pixels, channels[0] if len(channels) == 1 else None, prediction)


def _write_points(path: Path, result: SlideResult) -> None:
    """Those of one region after the other; none of a slide without cells."""
    regions = result.regions if result.count else ()
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write("y,x,score\n")
        for counted in filter(None, map(result.kept.find, regions)):
            file.writelines(f"{y:.3f},{x:.3f},{score:.3f}\n" for y, x, score in counted.points.tolist())


def _move(folder: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if to.exists():
        shutil.rmtree(to)
    folder.replace(to)
