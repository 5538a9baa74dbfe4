"""Objects in a map of any number of axes: components of a mask, parted by a watershed from their peaks."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree
from skimage.segmentation import watershed

from cytally.readout.distance import stretched_distance

Split = Literal["centres", "distance", "components"]
Floats = NDArray[np.floating[Any]]

LEAST_CENTRE = 0.3
"""Height that a peak of the map of centres needs: a network that is in doubt gives less."""

SMOOTHING = 0.1
"""Standard deviation, in separations, of the blur after which the distance's peaks are looked for."""


def split_map(
    probability: Floats,
    centres: Floats | None,
    *,
    threshold: float,
    split: Split,
    separation: float,
    anisotropy: float,
    least_size: float,
) -> NDArray[np.int32]:
    """Find the objects in a map (Y, X) or (Z, Y, X); `split_slice` and `split_volume` tell what the parameters are."""
    if split == "centres" and centres is None:
        raise ValueError("to split by centres, the map of centres has to be given")
    mask = probability >= threshold
    regions: NDArray[np.int32] = np.empty(mask.shape, np.int32)
    ndimage.label(mask, output=regions)
    regions = _large_enough(regions, least_size)
    if split == "components" or not regions.any():
        return regions
    steps = np.array([anisotropy, 1.0, 1.0][-mask.ndim :])
    distance = stretched_distance(mask, anisotropy)
    if split == "centres" and centres is not None:
        heights, least = centres, LEAST_CENTRE
    else:
        heights, least = ndimage.gaussian_filter(distance, SMOOTHING * separation / steps), 0.0
        distance = heights
    places = _peaks(heights, regions, least)
    places = _apart(places, heights, regions, separation, steps)
    _part(regions, places, distance)
    return _large_enough(regions, least_size)


def _large_enough(regions: NDArray[np.int32], least_size: float) -> NDArray[np.int32]:
    """The regions of at least that many voxels, numbered from 1 in the same order."""
    kept = np.bincount(regions.ravel()) >= max(least_size, 1)
    kept[0] = False
    names = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return names[regions]


def _peaks(heights: Floats, regions: NDArray[np.int32], least: float) -> NDArray[np.int64]:
    """Places (N, axes) in regions at which no neighbour is higher; of those side by side, the one nearest their middle."""
    top = (heights >= least) & (regions > 0)
    top &= heights == ndimage.maximum_filter(heights, 3)
    flat, _ = ndimage.label(top, np.ones((3,) * top.ndim))
    places = np.argwhere(top)
    owners = flat[top] - 1
    middles = np.stack([np.bincount(owners, axis) for axis in places.T]) / np.bincount(owners)
    off = ((places - middles[:, owners].T) ** 2).sum(axis=1)
    order = np.lexsort((off, owners))
    first = np.ones(len(order), bool)
    first[1:] = np.diff(owners[order]) > 0
    return places[order[first]]


def _apart(
    places: NDArray[np.int64], heights: Floats, regions: NDArray[np.int32], separation: float, steps: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Of places of one region that lie nearer than `separation`, the highest only."""
    order = np.argsort(-heights[tuple(places.T)], kind="stable")
    places = places[order]
    owners = regions[tuple(places.T)]
    kept = np.ones(len(places), bool)
    tree = KDTree(places * steps)
    near = np.nextafter(separation, 0)  # those exactly so far apart are both kept
    for place, neighbours in enumerate(tree.query_ball_point(places * steps, near)):
        if kept[place]:
            others = np.array(neighbours)
            kept[others[(others > place) & (owners[others] == owners[place])]] = False
    return places[kept]


def _part(regions: NDArray[np.int32], places: NDArray[np.int64], depth: Floats) -> None:
    """Give each place of a region that has several its share of it, by a watershed from the deepest voxels outward."""
    owners = regions[tuple(places.T)]
    several = np.flatnonzero(np.bincount(owners, minlength=2) > 1)
    boxes = ndimage.find_objects(regions)
    number = len(boxes)
    for name in several:
        box = boxes[name - 1]
        inside = regions[box] == name
        seeds = places[owners == name] - [side.start for side in box]
        markers = np.zeros(inside.shape, np.int32)
        markers[tuple(seeds.T)] = [name, *range(number + 1, number + len(seeds))]
        number += len(seeds) - 1
        parts = watershed(-depth[box], markers, mask=inside)  # type: ignore[no-untyped-call]
        regions[box][inside] = parts[inside]
