"""Cells by classical image processing: averaging filter, threshold, watershed on the distance to the background."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]
Labels = NDArray[np.integer[Any]]

TOUCHING = np.ones((3, 3), bool)
"""Pixels that touch at a corner belong to one region."""


@dataclass(frozen=True)
class WatershedSettings:
    """How cells are told from the background and from each other.

    Parameters
    ----------
    crop
        Pixels at each edge of the picture in which nothing is looked for.
    kernel
        Side of the averaging filter in pixels, an odd number; 1 filters nothing.
    dark
        Whether cells are darker than the background.
    threshold
        Value beyond which a pixel belongs to a cell; None is Otsu's, of each picture anew.
    factor
        How far Otsu's threshold is moved, see `scaled_otsu`.
    least_area
        Pixels that a region must have before it is split.
    separation
        Least distance in pixels between the middles of two cells of one region; 0 splits nothing.
    """

    crop: int = 0
    kernel: int = 1
    dark: bool = False
    threshold: float | None = None
    factor: float = 1.0
    least_area: int = 1
    separation: int = 0


def find_cells(picture: Floats, settings: WatershedSettings) -> tuple[Labels, NDArray[np.float64]]:
    """Find the cells in a picture (Y, X).

    Returns
    -------
    labels
        (Y, X) of 16 bits, or 32 from 65,536 cells on; 0 is background.
    points
        (N, 3): y, x of each label's centroid in the order of the labels, and a score: how far the region's mean lies
        beyond the threshold, over that of the clearest region.

    Examples
    --------
    >>> picture = np.zeros((9, 9))
    >>> picture[2:4, 3:5] = 1
    >>> find_cells(picture, WatershedSettings())[1].tolist()
    [[2.5, 3.5, 1.0]]
    """
    crop = settings.crop
    inside = (slice(crop, picture.shape[0] - crop), slice(crop, picture.shape[1] - crop))
    values = averaged(picture, settings.kernel)[inside]
    labels, points = np.zeros(picture.shape, np.uint16), np.zeros((0, 3))
    if values.size == 0:
        return labels, points
    threshold = settings.threshold
    if threshold is None:
        threshold = scaled_otsu(otsu(values), settings.factor, settings.dark)
    mask = beyond(values, threshold, settings.dark)
    regions = connected_regions(mask)
    distance = distance_to_background(mask)
    kept = np.bincount(regions.ravel())[regions] >= settings.least_area
    regions = np.where(kept, regions, 0)
    seeds = _seeds(regions, distance, settings.separation)
    number = len(seeds)
    if number == 0:
        return labels, points
    markers = np.zeros(regions.shape, np.int32)
    markers[seeds[:, 0], seeds[:, 1]] = np.arange(1, number + 1)
    found = watershed(-distance, markers, connectivity=TOUCHING, mask=regions > 0)  # type: ignore[no-untyped-call]
    names = np.arange(1, number + 1)
    centres = np.array(ndimage.center_of_mass(found > 0, found, names)).reshape(-1, 2) + crop
    contrast = np.abs(ndimage.mean(values, found, names) - threshold)
    points = np.column_stack([centres, contrast / max(float(contrast.max()), np.finfo(float).tiny)])
    labels = labels.astype(np.uint16 if number < 2**16 else np.uint32)
    labels[inside] = found
    return labels, points


def averaged(picture: Floats, kernel: int) -> NDArray[np.float32]:
    """The mean over a square of `kernel` pixels' side around each pixel; beyond its edges the picture is mirrored."""
    filtered: NDArray[np.float32] = ndimage.uniform_filter(picture.astype(np.float32), kernel, mode="reflect")
    return filtered


def otsu(values: Floats) -> tuple[float, float]:
    """Means of the two classes into which Otsu's threshold divides the values; both NaN where values do not differ.

    References
    ----------
    Otsu 1979, "A threshold selection method from gray-level histograms".
    """
    if values.min() == values.max():
        return math.nan, math.nan
    low = values <= threshold_otsu(values)  # type: ignore[no-untyped-call]
    if low.all() or not low.any():  # differences too small for the histogram's number type
        return math.nan, math.nan
    return float(values[low].mean(dtype=np.float64)), float(values[~low].mean(dtype=np.float64))


def scaled_otsu(means: tuple[float, float], factor: float, dark: bool) -> float:
    """Otsu's threshold with its distance from the background's mean multiplied by `factor`.

    At its optimum Otsu's threshold lies midway between the means of its classes, which is what a factor of 1 gives,
    also where no values lie near it and the histogram cannot tell. Neither a constant that is added to all values nor
    inverting them changes what lies beyond. Of values that do not differ, nothing does.

    Examples
    --------
    >>> means = otsu(np.array([0.0, 0, 0, 8, 8]))
    >>> scaled_otsu(means, 1, dark=False), scaled_otsu(means, 0.5, dark=False), scaled_otsu(means, 0.5, dark=True)
    (4.0, 2.0, 6.0)
    """
    low, high = means
    if math.isnan(low):
        return -math.inf if dark else math.inf
    background, cells = (high, low) if dark else (low, high)
    return background + factor * (cells - background) / 2


def beyond(values: Floats, threshold: float, dark: bool) -> Mask:
    """Which pixels belong to cells. The threshold is rounded to the number type of the values."""
    edge = float(threshold)
    return values < edge if dark else values > edge


def connected_regions(mask: Mask) -> NDArray[np.int32]:
    """Number the regions of a mask (Y, X) from 1; pixels that touch at a corner are of one region."""
    regions = np.zeros(mask.shape, np.int32)
    ndimage.label(mask, TOUCHING, output=regions)
    return regions


def distance_to_background(mask: Mask) -> NDArray[np.float64]:
    """Distance in pixels of each pixel of a mask (Y, X) to the nearest that is not in it; 1 where all are."""
    if mask.all():
        return np.ones(mask.shape)
    distance: NDArray[np.float64] = ndimage.distance_transform_edt(mask)
    return distance


def middles(distance: NDArray[np.float64], separation: int) -> NDArray[np.int64]:
    """Places (N, 2) furthest from the background, more than `separation` rows or columns from any that is further."""
    places: NDArray[np.int64] = peak_local_max(  # type: ignore[no-untyped-call]
        distance, min_distance=separation, threshold_abs=0, exclude_border=False
    )
    return places


def cells_per_region(regions: NDArray[np.int32], distance: NDArray[np.float64], separation: int) -> NDArray[np.int64]:
    """How many cells each region is split into, the background's 0 first: at least one each."""
    cells = np.ones(int(regions.max()) + 1, np.int64)
    if separation:
        places = middles(distance, separation)
        cells = np.maximum(cells, np.bincount(regions[places[:, 0], places[:, 1]], minlength=len(cells)))
    cells[0] = 0
    return cells


def _seeds(regions: NDArray[np.int32], distance: NDArray[np.float64], separation: int) -> NDArray[np.int64]:
    """One place (N, 2) per cell, by region: its middles, or else its place furthest from the background."""
    names = np.unique(regions[regions > 0])
    places = middles(distance, separation) if separation else np.zeros((0, 2), np.int64)
    owners = regions[places[:, 0], places[:, 1]]
    places, owners = places[owners > 0], owners[owners > 0]
    lonely = np.setdiff1d(names, owners)
    more = np.array(ndimage.maximum_position(distance, regions, lonely), np.int64).reshape(-1, 2)
    seeds = np.concatenate([places, more])
    return seeds[np.argsort(np.concatenate([owners, lonely]), kind="stable")]
