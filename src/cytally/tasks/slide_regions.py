"""What was counted in each region of a slide, as a table and as GeoJSON."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cytally.files import whole_file
from cytally.images.mask_outlines import outlines
from cytally.images.qupath import Area, write_geojson
from cytally.tasks.count_input import Job

if TYPE_CHECKING:
    from cytally.tasks.slide_files import SlideResult

COLUMNS = ("name", "count", "area_mm2", "density_per_mm2")
WHOLE = "Tissue"


def write_regions(result: SlideResult, job: Job, folder: Path) -> None:
    """Write regions/STEM.csv and regions/STEM.geojson: the drawn regions, or else the tissue that was found.

    Regions may overlap; each has all cells that lie in it.
    """
    task = result.task
    if task.named:
        sums = np.zeros((len(task.named), 2))
        for place in range(len(task.named)):
            sums[place] = [math.fsum(one.named[place, column] for one in result.counts) for column in (0, 1)]
        shapes = [(one.name, one.region.polygons) for one in task.named]
    else:
        assert task.tissue is not None  # nothing is written where neither is there
        sums = np.array([[result.count, result.area]])
        drawn = task.tissue.region
        shapes = [(WHOLE, outlines(task.tissue.mask, task.tissue.step) if drawn is None else drawn.polygons)]
    rows, areas = [], []
    for (name, polygons), (count, pixels) in zip(shapes, sums.tolist(), strict=True):
        area = result.area_mm2(pixels)
        density = None if not area else max(0.0, count) / area
        rows.append((name, max(0.0, count), area, density))
        told = {"Count": max(0.0, count), "Area mm^2": area, "Density per mm^2": density}
        areas.append(Area(name, polygons, {key: value for key, value in told.items() if value is not None}))
    with whole_file(folder / "regions" / f"{job.stem}.csv") as temporary:
        pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(temporary, index=False, float_format="%.10g")
    write_geojson(folder / "regions" / f"{job.stem}.geojson", areas, "Counted")
