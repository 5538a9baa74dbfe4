"""Exhaustive search for the settings of the watershed that count training pictures best."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cytally.readout.watershed import (
    WatershedSettings,
    averaged,
    beyond,
    cells_per_region,
    connected_regions,
    distance_to_background,
    otsu,
    scaled_otsu,
)

logger = logging.getLogger(__name__)

Picture = NDArray[np.floating]
ThresholdRule = Literal["otsu", "fixed"] | float
"""Otsu's of each picture; one value for all, the median of Otsu's; or a given value."""


@dataclass(frozen=True)
class Grid:
    """Values to try, each with the simplest first."""

    crops: tuple[int, ...] = (0, 5, 15)
    kernels: tuple[int, ...] = (1, 3, 5, 9)
    darks: tuple[bool, ...] = (False, True)
    thresholds: tuple[ThresholdRule, ...] = ("otsu", "fixed")
    factors: tuple[float, ...] = (1.0, 0.75, 1.25, 0.5)
    separations: tuple[int, ...] = (0, 4, 8, 12)
    least_areas: tuple[int, ...] = (1, 10, 20, 40, 80)
    subtractions: tuple[int, ...] = (0, 1, 2)


class Found(NamedTuple):
    """The best settings."""

    settings: WatershedSettings
    subtract: int
    """Number taken off every count."""
    error: float
    """Mean absolute error on the pictures searched."""


class Way(NamedTuple):
    """A way to tell cells from background."""

    crop: int
    kernel: int
    dark: bool
    threshold: ThresholdRule
    factor: float


def grid_search(pictures: Sequence[Picture], counts: Sequence[float], grid: Grid) -> Found:
    """Find the settings of the lowest mean absolute error of the count. Of equally good ones the first is taken.

    Every combination is judged. Since splitting regions only adds cells, most need not be tried on all pictures: a
    combination is given up once its error, with the least that the other pictures can add, exceeds the best.

    Parameters
    ----------
    pictures
        At least one, each (Y, X).
    counts
        Their true numbers of cells.
    grid
        Values to try; combinations are in the order of its fields, the last varying fastest.
    """
    true = np.asarray(counts, float)
    ways = [Way(*values) for values in product(grid.crops, grid.kernels, grid.darks, grid.thresholds, grid.factors)]
    logger.info("watershed: %d ways to tell cells from background, %d pictures", len(ways), len(pictures))
    thresholds = _thresholds(pictures, ways)
    regions = _count_regions(pictures, ways, thresholds, grid.least_areas)  # (ways, pictures, areas)
    unsplit = _less(regions, grid.subtractions)  # (ways, pictures, areas, subtractions)
    target = true[:, None, None]
    best = (math.inf, (0,) * 4)  # error summed over pictures; places in ways, separations, areas, subtractions
    if 0 in grid.separations:
        at = grid.separations.index(0)
        for number, way in enumerate(unsplit):
            best = min(best, _best_of(np.abs(way - target).sum(axis=0)[None], number, [at]))
    splits = [place for place, separation in enumerate(grid.separations) if separation]
    nearest = np.abs(unsplit - target).sum(axis=1).min(axis=(1, 2))
    for tried, number in enumerate(np.argsort(nearest, kind="stable").tolist() if splits else []):
        errors = _split_errors(pictures, true, ways[number], thresholds[number], grid, unsplit[number], best[0])
        if errors is not None:
            best = min(best, _best_of(errors, number, splits))
        if tried % 32 == 0:
            logger.debug("watershed: %d of %d ways split, error %.3f", tried + 1, len(ways), best[0] / len(true))
    error, (way_place, split_place, area_place, subtract_place) = best
    way = ways[way_place]
    threshold = None if way.threshold == "otsu" else float(thresholds[way_place, 0])
    settings = WatershedSettings(
        crop=way.crop,
        kernel=way.kernel,
        dark=way.dark,
        threshold=threshold,
        factor=way.factor if threshold is None else 1.0,
        least_area=grid.least_areas[area_place],
        separation=grid.separations[split_place],
    )
    found = Found(settings, grid.subtractions[subtract_place], error / len(true))
    logger.info("watershed: mean absolute error %.3f on the training pictures with %s", found.error, found)
    return found


def _thresholds(pictures: Sequence[Picture], ways: Sequence[Way]) -> NDArray[np.float64]:
    """The threshold (ways, pictures) of each way in each picture."""
    views = sorted({(way.kernel, way.crop) for way in ways})
    thresholds = np.zeros((len(ways), len(pictures)))
    for place, picture in enumerate(pictures):
        found = {view: otsu(_view(picture, *view)) for view in views}
        for number, way in enumerate(ways):
            if isinstance(way.threshold, float):
                thresholds[number, place] = way.threshold
            else:
                thresholds[number, place] = scaled_otsu(found[way.kernel, way.crop], way.factor, way.dark)
    for number, way in enumerate(ways):
        if way.threshold == "fixed":
            finite = thresholds[number][np.isfinite(thresholds[number])]
            thresholds[number] = np.median(finite) if finite.size else thresholds[number, 0]
    return thresholds


def _count_regions(
    pictures: Sequence[Picture], ways: Sequence[Way], thresholds: NDArray[np.float64], least_areas: Sequence[int]
) -> NDArray[np.int64]:
    """Regions that are large enough (ways, pictures, least areas), none of them split."""
    regions = np.zeros((len(ways), len(pictures), len(least_areas)), np.int64)
    for place, picture in enumerate(pictures):
        views: dict[tuple[int, int], Picture] = {}
        for number, way in enumerate(ways):
            view = (way.kernel, way.crop)
            if view not in views:
                views[view] = _view(picture, *view)
            mask = beyond(views[view], thresholds[number, place], way.dark)
            sizes = np.bincount(connected_regions(mask).ravel())[1:]
            regions[number, place] = [(sizes >= area).sum() for area in least_areas]
        logger.debug("watershed: %d of %d pictures thresholded", place + 1, len(pictures))
    return regions


def _split_errors(
    pictures: Sequence[Picture],
    true: NDArray[np.float64],
    way: Way,
    thresholds: NDArray[np.float64],
    grid: Grid,
    unsplit: NDArray[np.int64],
    bound: float,
) -> NDArray[np.float64] | None:
    """Errors (separations above 0, areas, subtractions) summed over all pictures, infinite for separations that exceed
    `bound`, or None where all do.

    `unsplit` (pictures, areas, subtractions) is what is counted where nothing is split: splitting can only add to it.
    """
    separations = [separation for separation in grid.separations if separation]
    excess = unsplit - true[:, None, None]
    order = np.argsort(excess.max(axis=(1, 2)), kind="stable")  # what lacks most cells first: it decides soonest
    least = np.maximum(excess, 0)[order]
    ahead = np.concatenate([least[::-1].cumsum(axis=0)[::-1], np.zeros_like(least[:1])])
    errors = np.zeros((len(separations), *least.shape[1:]))
    for done, place in enumerate(order.tolist()):
        errors[(errors + ahead[done]).min(axis=(1, 2)) > bound + 1e-9] = np.inf
        open_ones = np.flatnonzero(np.isfinite(errors[:, 0, 0]))
        if open_ones.size == 0:
            return None
        mask = beyond(_view(pictures[place], way.kernel, way.crop), thresholds[place], way.dark)
        regions, distance = connected_regions(mask), distance_to_background(mask)
        large = np.bincount(regions.ravel()) >= np.array(grid.least_areas)[:, None]
        for split in open_ones.tolist():
            cells = large @ cells_per_region(regions, distance, separations[split])
            errors[split] += np.abs(_less(cells, grid.subtractions) - true[place])
    return errors


def _view(picture: Picture, kernel: int, crop: int) -> NDArray[np.float32]:
    return averaged(picture, kernel)[crop : picture.shape[0] - crop, crop : picture.shape[1] - crop]


def _less(cells: NDArray[np.int64], subtractions: Sequence[int]) -> NDArray[np.int64]:
    """The counts that are read where so many cells are found: one more axis, of what is subtracted."""
    counts: NDArray[np.int64] = np.maximum(cells[..., None] - np.array(subtractions), 0)
    return counts


def _best_of(
    errors: NDArray[np.float64], way: int, separations: Sequence[int]
) -> tuple[float, tuple[int, int, int, int]]:
    """The lowest of the errors (separations, areas, subtractions) and its place among all combinations."""
    errors = errors.round(9)
    separation, area, subtract = (int(place) for place in np.unravel_index(int(errors.argmin()), errors.shape))
    return float(errors.min()), (way, separations[separation], area, subtract)
