"""The heat maps of a counted slide: a picture with a scale bar, and an OME-TIFF of cells per area."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from cytally.files import whole_file
from cytally.report.heat_map import HeatMap, Mark, draw_heat_map
from cytally.report.overlays import shrink, stretch
from cytally.slides.extremes import Extremes, extreme_windows
from cytally.slides.plan import Region
from cytally.slides.region_count import SlideTask, away_from_edges, show
from cytally.tasks.count_input import Job

if TYPE_CHECKING:
    from cytally.tasks.slide_files import SlideResult

LONGEST = 1000
"""Pixels on the longer side of the heat map, of which each shows the mean over the slide's area that it covers."""
WINDOW_MM, WINDOW_SHARE = 0.5, 0.05
"""Side of the densest and the sparsest window: so many millimetres; without a pixel size, or on a slide that is small
or huge for that, a share of the shorter side."""
PATCH = 10_000
"""Without a pixel size, cells are told per so many pixels."""

Floats = NDArray[np.float64]


def write_heat_maps(result: SlideResult, density: NDArray[np.float32], job: Job, folder: Path) -> dict[str, Any]:
    """Write heatmaps/STEM.png and heatmaps/STEM.ome.tif, and tell where cells are densest and sparsest.

    Parameters
    ----------
    result
        The counted slide.
    density
        Its density map in few pixels (Y, X), which sums to the count.
    job, folder
        What to call the files, and where to put them.

    Returns
    -------
    dict
        ``densest`` and ``sparsest``: left, top, width and height in pixels of the slide, and the cells per area. Empty
        where nothing was counted in.
    """
    shape = result.task.plan.shape
    longest = max(density.shape)
    size = tuple(max(1, round(length * min(1.0, LONGEST / longest))) for length in density.shape)
    area = _where(result, size)
    cells = shrink(density, size) * (density.size / (size[0] * size[1]))  # the sum is kept
    step = (shape[0] / size[0], shape[1] / size[1])
    pixel_size = result.task.slide.pixel_size
    patch = step[0] * step[1] * ((pixel_size / 1000) ** 2 if pixel_size else 1 / PATCH)
    per_area = np.where(area > 0, cells / np.maximum(area, 1e-3) / patch, 0)
    unit = "cells per mm²" if pixel_size else f"cells per {PATCH:,} pixels"
    side = _side(size, step, pixel_size)
    found = extreme_windows(cells, area, side)
    shown = HeatMap(
        per_area,
        unit,
        area > 0,
        _grey(result, size),
        None if pixel_size is None else pixel_size * step[1],
        step[1],
        [] if found is None else _marks(found, patch, unit),
        [
            (one.name, [(ring + 0.5) / np.array(step) - 0.5 for polygon in one.region.polygons for ring in polygon])
            for one in result.task.named
        ],
    )
    title = f"{job.name}: {result.count:,.0f} cells"
    picture = draw_heat_map(shown, title)
    with whole_file(folder / "heatmaps" / f"{job.stem}.png") as temporary:
        temporary.write_bytes(picture)
    values = per_area.astype(np.float32)
    _write_ome(folder / "heatmaps" / f"{job.stem}.ome.tif", values, picture, pixel_size, step, unit)
    if found is None:
        return {}
    windows = (("densest", found.densest, found.most), ("sparsest", found.sparsest, found.least))
    return {
        name: {"box": _box(window, step), unit.replace(" ", "_"): round(value / patch, 3)}
        for name, window, value in windows
    }


def _where(result: SlideResult, size: tuple[int, ...]) -> Floats:
    """Share of each pixel of the map that was counted in."""
    task = result.task
    rows, columns = (
        (np.arange(length) + 0.5) * whole / length - 0.5 for length, whole in zip(size, task.plan.shape, strict=True)
    )
    inside = np.ones(size, bool) if task.tissue is None else task.tissue.window(rows, columns)
    if task.margin:
        inside = inside & away_from_edges(rows, columns, task.plan.shape, task.margin)
    if task.drawn is not None:
        inside = inside & task.drawn.mask_at(rows, columns)
    for region, counted in zip(result.regions, result.counts, strict=True):
        if counted.damaged:
            _leave_out(inside, task, region, rows, columns)
    return inside.astype(np.float64)


def _leave_out(inside: NDArray[np.bool_], task: SlideTask, region: Region, rows: Floats, columns: Floats) -> None:
    """Take out what of a region is damaged, which is read once more: it is seldom, and where it is was not kept."""
    damaged = show(task, region).damaged
    own, places = [], []
    for axis, side, part, centres in zip(
        task.plan.axes, (region.rows, region.columns), task.plan.inside(region), (rows, columns), strict=True
    ):
        here = np.flatnonzero((centres >= side.start - 0.5) & (centres < side.stop - 0.5))
        own.append(here)
        places.append(
            np.clip(((centres[here] + 0.5) / axis.step).astype(np.intp), part.start, part.stop - 1) - part.start
        )
    inside[np.ix_(*own)] &= ~damaged[np.ix_(*places)]


def _grey(result: SlideResult, size: tuple[int, ...]) -> Floats:
    pixels = result.overview.pixels[list(result.task.look.channels)].mean(axis=0)
    small = shrink(pixels, (min(size[0], pixels.shape[0]), min(size[1], pixels.shape[1])))
    rows, columns = (np.arange(length) * there // length for length, there in zip(size, small.shape, strict=True))
    grey: Floats = stretch(small[np.ix_(rows, columns)], (float(small.min()), float(small.max()))).astype(np.float64)
    return grey


def _side(size: tuple[int, ...], step: tuple[float, float], pixel_size: float | None) -> int:
    shorter = min(size)
    share = max(2, round(WINDOW_SHARE * shorter))
    if pixel_size is None:
        return share
    wanted = round(1000 * WINDOW_MM / (pixel_size * step[0]))
    return wanted if 2 <= wanted <= shorter // 3 else share


def _marks(found: Extremes, patch: float, unit: str) -> list[Mark]:
    return [
        Mark(_box(window, (1, 1)), f"{name}: {_number(value / patch)} {unit}")
        for name, window, value in (
            ("densest", found.densest, found.most),
            ("sparsest", found.sparsest, found.least),
        )
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _box(window: tuple[slice, slice], step: tuple[float, float]) -> tuple[float, float, float, float]:
    rows, columns = window
    return (
        round(columns.start * step[1], 1),
        round(rows.start * step[0], 1),
        round((columns.stop - columns.start) * step[1], 1),
        round((rows.stop - rows.start) * step[0], 1),
    )


def _write_ome(
    path: Path,
    per_area: NDArray[np.float32],
    picture: bytes,
    pixel_size: float | None,
    step: tuple[float, float],
    unit: str,
) -> None:
    """Two images: the figures, with their pixel size, and the picture with the scale bar."""
    import tifffile

    metadata: dict[str, Any] = {"axes": "YX", "Name": unit, "Channel": {"Name": [unit]}}
    if pixel_size is not None:
        sizes = {"PhysicalSizeY": pixel_size * step[0], "PhysicalSizeX": pixel_size * step[1]}
        metadata |= {**sizes, "PhysicalSizeYUnit": "µm", "PhysicalSizeXUnit": "µm"}
    with whole_file(path) as temporary, tifffile.TiffWriter(temporary, ome=True) as file:
        file.write(per_area, photometric="minisblack", compression="zlib", metadata=metadata)
        colours = imagecodecs.png_decode(picture)[..., :3]
        file.write(colours, photometric="rgb", compression="zlib", metadata={"axes": "YXS", "Name": "heat map"})
