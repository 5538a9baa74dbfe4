"""Counting one region of a slide: what is read for it, what the network is shown, what becomes of the map."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.images.normalise import apply
from cytally.images.region import NamedRegion
from cytally.images.region import Region as Drawn
from cytally.images.resize import scale_points
from cytally.methods.map_method import MapMethod
from cytally.slides.density_map import DensityMap
from cytally.slides.look import Look
from cytally.slides.plan import Plan, Region
from cytally.slides.resample import line, resample
from cytally.slides.slide import Slide
from cytally.slides.tissue import Tissue

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

NO_POINTS: NDArray[np.float64] = np.zeros((0, 3))


@dataclass(frozen=True)
class SlideTask:
    """All that counting a region needs besides the network. It can be pickled.

    Parameters
    ----------
    slide, plan, look
        The slide, how it is cut, and what the network is shown of it.
    density
        The map to write.
    tissue
        Where to count; None is everywhere.
    drawn
        Where to count besides, drawn by the user.
    named
        Areas whose counts are told one by one.
    margin
        Pixels of level 0 along the slide's edge that are not counted in.
    """

    slide: Slide
    plan: Plan
    look: Look
    density: DensityMap
    tissue: Tissue | None = None
    drawn: Drawn | None = None
    named: tuple[NamedRegion, ...] = ()
    margin: float = 0.0


@dataclass(frozen=True, eq=False)
class RegionCount:
    """What was counted in one region.

    Parameters
    ----------
    count
        Cells, as the sum of the map.
    area
        Pixels of level 0 that were counted in.
    damaged
        Pixels of level 0 that would have been, had they not been damaged.
    points
        (N, 3): y and x in pixels of level 0, and a score.
    named
        (regions, 2): the count and the area in each of the named ones.
    seconds
        What took how long.
    """

    count: float
    area: float
    damaged: float
    points: NDArray[np.float64]
    named: NDArray[np.float64]
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Shown:
    """A region as the network is to see it.

    Parameters
    ----------
    pixels
        (C, Y, X) of its window; None where nothing is to be counted in it.
    inside
        Where to count, of the pixels of the network's map that have a part in the region.
    damaged
        Which of those are damaged, and would have been counted in.
    seconds
        What took how long.
    """

    pixels: Floats | None
    inside: Mask
    damaged: Mask
    seconds: dict[str, float]


def show(task: SlideTask, region: Region) -> Shown:
    """Read what a region needs and make it what the network sees. Nothing is read where there is nothing to count."""
    started = time.perf_counter()
    part = task.plan.inside(region)
    inside = where_to_count(task, region)
    if not inside.any():
        return Shown(None, inside, np.zeros_like(inside), {"prepare": time.perf_counter() - started})
    window, look, shape = task.plan.window_of(region), task.look, task.slide.levels[task.look.level].shape
    seen = tuple(slice(side.start, min(side.stop, length)) for side, length in zip(window, look.inner, strict=True))
    rows, columns = (
        line(before, after, side.start, side.stop) for before, after, side in zip(shape, look.inner, seen, strict=True)
    )
    before = time.perf_counter()
    piece = task.slide.read(look.level, (rows.source, columns.source), look.channels)
    decoded = time.perf_counter()
    pixels = resample(lambda strip: apply(piece.pixels[:, strip], look.statistics), len(look.channels), rows, columns)
    missing = [(0, side.stop - kept.stop) for side, kept in zip(window, seen, strict=True)]
    if any(after for _, after in missing):
        pixels = np.pad(pixels, [(0, 0), *missing], mode="edge")  # as the network itself completes a whole picture
    damaged = np.zeros_like(inside)
    if piece.damaged is not None:
        at = (
            ((np.arange(side.start, side.stop) + 0.5) * length / inner).astype(int) - source.start
            for side, length, inner, source in zip(part, shape, look.inner, (rows.source, columns.source), strict=True)
        )
        damaged = piece.damaged[np.ix_(*at)] & inside
    seconds = {"decode": decoded - before, "prepare": before - started + time.perf_counter() - decoded}
    return Shown(np.ascontiguousarray(pixels), inside & ~damaged, damaged, seconds)


def infer(shown: Shown, run: Callable[[Floats], Floats]) -> tuple[Floats | None, Shown]:
    """What the network says of a region's window, and how long it took."""
    if shown.pixels is None:
        return None, shown
    started = time.perf_counter()
    output = run(shown.pixels)
    seconds = shown.seconds | {"network": time.perf_counter() - started}
    return output, replace(shown, pixels=None, seconds=seconds)


def settle(task: SlideTask, method: MapMethod, region: Region, output: Floats | None, shown: Shown) -> RegionCount:
    """Read a region's count from the map of its window, and write its part of the density map."""
    names = np.zeros((len(task.named), 2))
    area = float(np.prod([axis.step for axis in task.plan.axes]))
    shares = tuple(
        axis.shares(side.start, side.stop)
        for axis, side in zip(task.plan.axes, (region.rows, region.columns), strict=True)
    )
    damaged = area * _summed(shown.damaged, shares)
    if output is None:
        return RegionCount(0.0, 0.0, damaged, NO_POINTS, names, shown.seconds)
    started = time.perf_counter()
    part, window = task.plan.inside(region), task.plan.window_of(region)
    core = tuple(slice(one.start - all_.start, one.stop - all_.start) for one, all_ in zip(part, window, strict=True))
    real = [slice(0, length - side.start) for side, length in zip(window, task.look.inner, strict=True)]
    density, points = method.read_part(output[:, *real], core)  # type: ignore[arg-type]  # there are two
    density = np.where(shown.inside, density, np.float32(0))
    for row, one in enumerate(task.named):
        there = _mask(one.region, task, part) & shown.inside
        names[row] = _summed(density * there, shares), area * _summed(there, shares)
    count = _summed(density, shares)
    points = _own_points(task, region, points, shown.inside)
    read = time.perf_counter()
    down, across = task.plan.axes
    wide = np.ascontiguousarray(across.spread(density.T, region.columns.start, region.columns.stop).T)
    task.density.write(region, down.spread(wide, region.rows.start, region.rows.stop).astype(np.float32, copy=False))
    seconds = shown.seconds | {"read-out": read - started, "write": time.perf_counter() - read}
    return RegionCount(count, area * _summed(shown.inside, shares), damaged, points, names, seconds)


def where_to_count(task: SlideTask, region: Region) -> Mask:
    """Where to count, of the pixels (Y, X) of the network's map that have a part in a region."""
    part = task.plan.inside(region)
    shape = tuple(side.stop - side.start for side in part)
    rows, columns = (axis.places(side) for axis, side in zip(task.plan.axes, part, strict=True))
    inside = np.ones(shape, bool) if task.tissue is None else task.tissue.window(rows, columns)
    if task.margin:
        inside = inside & away_from_edges(rows, columns, task.plan.shape, task.margin)
    return inside & _mask(task.drawn, task, part) if task.drawn is not None and inside.any() else inside


def away_from_edges(
    rows: NDArray[np.float64], columns: NDArray[np.float64], shape: tuple[int, int], margin: float
) -> Mask:
    """Whether pixels whose middles lie at `rows` (Y,) and `columns` (X,) are `margin` or more from the slide's edge."""
    down, across = (
        (places >= margin - 0.5) & (places <= length - 0.5 - margin)
        for places, length in zip((rows, columns), shape, strict=True)
    )
    return np.logical_and.outer(down, across)


def _mask(drawn: Drawn, task: SlideTask, part: tuple[slice, slice]) -> Mask:
    shape = (part[0].stop - part[0].start, part[1].stop - part[1].start)
    step = (task.plan.axes[0].step, task.plan.axes[1].step)
    return drawn.mask_window((part[0].start * step[0], part[1].start * step[1]), shape, step)


def _summed(values: NDArray[Any], shares: tuple[NDArray[np.float64], ...]) -> float:
    """The sum of a region's part of the map: pixels on its edges count by the share that lies in it."""
    rows, columns = shares
    return float(rows @ (values @ columns))


def _own_points(task: SlideTask, region: Region, points: NDArray[np.float64], inside: Mask) -> NDArray[np.float64]:
    """The points whose pixel's middle lies in the region, and where is counted, in pixels of level 0."""
    part, window = task.plan.inside(region), task.plan.window_of(region)
    places = points.copy()
    places[:, :2] += [side.start for side in window]
    pixels = np.rint(places[:, :2]).astype(int)
    kept = np.ones(len(points), bool)
    for axis, own, place in zip(task.plan.axes, (region.rows, region.columns), pixels.T, strict=True):
        owned = axis.owned(own.start, own.stop)
        kept &= (place >= owned.start) & (place < owned.stop)
    places, pixels = places[kept], pixels[kept]
    places = places[inside[pixels[:, 0] - part[0].start, pixels[:, 1] - part[1].start]]
    return scale_points(places, (task.plan.axes[0].step, task.plan.axes[1].step))
