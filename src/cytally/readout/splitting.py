"""Objects in a map of two or three axes: components of a mask, parted by a watershed from their peaks."""

from __future__ import annotations

from itertools import product
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree
from skimage.segmentation import watershed

from cytally.readout.distance import stretched_distance

Split = Literal["centres", "distance", "components"]
Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int32]
Places = NDArray[np.int64]

LEAST_CENTRE = 0.3
"""Height that the map of centres needs at a peak, or beside it: where a network is in doubt it stays below."""

FAINT = 0.05
"""Height under which the blurred map of centres is not searched for peaks at all."""

DISTANCE_BLUR = 0.1
"""Standard deviation, in separations, of the blur of the distance: its ridges have many small peaks."""

CENTRE_BLUR = 0.15
"""The same of the map of centres, in the plane."""

CENTRE_BLUR_ALONG_Z = 0.4
"""The same along z, where each slice was asked for itself: centres that lie above one another become one."""

LARGEST_BOX = 2**22
"""Voxels up to which a component is parted in one piece: the watershed takes some 40 bytes for each."""


def split_map(
    probability: Floats,
    centres: Floats | None,
    *,
    threshold: float,
    split: Split,
    separation: float,
    anisotropy: float,
    least_size: float,
) -> Integers:
    """Find the objects in a map (Y, X) or (Z, Y, X); `split_slice` and `split_volume` tell what the parameters are."""
    if split not in get_args(Split):
        raise ValueError(f"objects are split by {', '.join(get_args(Split))}, not {split}")
    if split == "centres" and centres is None:
        raise ValueError("to split by centres, the map of centres has to be given")
    if centres is not None and centres.shape != probability.shape:
        raise ValueError(f"the map of centres has shape {centres.shape}, that of cells {probability.shape}")
    if not anisotropy > 0:
        raise ValueError(f"slices lie at a distance above 0 from each other, not {anisotropy}")
    mask = probability >= threshold
    regions: Integers = np.empty(mask.shape, np.int32)
    ndimage.label(mask, output=regions)
    _drop_small(regions, least_size)
    if split == "components" or not regions.any() or (split == "distance" and mask.all()):
        return regions
    steps = np.array([anisotropy, 1.0, 1.0][-mask.ndim :])
    scale = max(separation, 1.0)
    depth = stretched_distance(mask, anisotropy)
    del mask
    ndimage.gaussian_filter(depth, DISTANCE_BLUR * scale / steps, output=depth)
    if split == "centres" and centres is not None:
        blur = np.array([CENTRE_BLUR_ALONG_Z, CENTRE_BLUR, CENTRE_BLUR][-depth.ndim :]) * scale / steps
        heights = ndimage.gaussian_filter(centres, blur, output=np.float32)
        places = _peaks(heights, regions, FAINT)
        places = places[_highest_near(centres, places) >= LEAST_CENTRE]
    else:
        heights = depth
        places = _peaks(heights, regions, 0.0)
    places = _apart(places, heights[tuple(places.T)], regions[tuple(places.T)], separation, steps)
    depth = _landscape(depth, scale, probability, heights if split == "centres" else None)
    _part(regions, places, depth, tuple(np.ceil(3 * scale / steps).astype(int)))
    _drop_small(regions, least_size)
    return regions


def _drop_small(regions: Integers, least_size: float) -> None:
    """Make background of regions of fewer voxels, and number the others from 1 in the same order."""
    sizes = np.zeros(int(regions.max(initial=0)) + 1, np.int64)
    for part in regions:  # one slice or row at a time, for the sake of memory
        counted = np.bincount(part.ravel())
        sizes[: len(counted)] += counted
    kept = sizes >= max(least_size, 1)
    kept[0] = False
    names = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    for part in regions:
        part[...] = names[part]


def _peaks(heights: Floats, regions: Integers, least: float) -> Places:
    """Places (N, axes) in regions at which no neighbour is higher; of those side by side, the middle one row by row."""
    top = (heights >= least) & (regions > 0)
    top &= heights == ndimage.maximum_filter(heights, 3)
    flat, _ = ndimage.label(top, np.ones((3,) * top.ndim))
    places = np.flatnonzero(top)
    owners = flat.ravel()[places]
    order = np.argsort(owners, kind="stable")
    counts = np.bincount(owners)[1:]
    middles = np.cumsum(counts) - counts + counts // 2
    return np.stack(np.unravel_index(places[order[middles]], top.shape), axis=1)


def _highest_near(centres: Floats, places: Places) -> Floats:
    """The largest value at each place and its neighbours (N,)."""
    highest = np.full(len(places), -np.inf)
    for step in product((-1, 0, 1), repeat=centres.ndim):
        near = np.clip(places + step, 0, np.array(centres.shape) - 1)
        highest = np.maximum(highest, centres[tuple(near.T)])
    return highest


def _apart(places: Places, heights: Floats, owners: Integers, separation: float, steps: NDArray[np.float64]) -> Places:
    """Of places of one region that lie nearer than `separation`, the highest only."""
    order = np.argsort(-heights, kind="stable")
    places, owners = places[order], owners[order]
    if len(places) < 2:
        return places
    kept = np.ones(len(places), bool)
    tree = KDTree(places * steps)
    for place in range(len(places)):
        if kept[place]:
            near = np.array(tree.query_ball_point(places[place] * steps, np.nextafter(separation, 0)))
            kept[near[(near > place) & (owners[near] == owners[place])]] = False
    return places[kept]


def _landscape(depth: NDArray[np.float32], scale: float, probability: Floats, heights: Floats | None) -> Floats:
    """What is flooded, the highest first; overwrites `depth`.

    The distance in separations, the probability, which dips where a network sees a border, and the map of centres,
    twice: by the distance alone, a centre that does not lie where its cell is widest would lose that part to another.
    """
    depth /= np.float32(scale)
    for place, values in enumerate(probability):
        depth[place] += values
        if heights is not None:
            depth[place] += 2 * heights[place]
    return depth


def _part(regions: Integers, places: Places, depth: Floats, margin: tuple[int, ...]) -> None:
    """Give each place of a region that has several its share of it, by a watershed from the highest voxels down."""
    owners = regions[tuple(places.T)]
    order = np.argsort(owners, kind="stable")
    places, owners = places[order], owners[order]
    names, firsts, counts = np.unique(owners, return_index=True, return_counts=True)
    boxes = ndimage.find_objects(regions)
    number = len(boxes)
    for name, first, count in zip(names, firsts, counts, strict=True):
        if count == 1:
            continue
        box = boxes[name - 1]
        inside = regions[box] == name
        seeds = places[first : first + count] - [side.start for side in box]
        markers = np.zeros(inside.shape, np.int32)
        markers[tuple(seeds.T)] = [name, *range(number + 1, number + count)]
        number += count - 1
        _flood(markers, depth[box], inside, margin)
        np.copyto(regions[box], markers, where=inside)


def _flood(markers: Integers, depth: Floats, inside: NDArray[np.bool_], margin: tuple[int, ...]) -> None:
    """Let markers grow until all that is `inside` has one; a large box in tiles.

    Of each tile a margin is flooded as well and forgotten; what tiles before it have given stays and grows on.
    """
    remaining = True
    while remaining:
        remaining = False
        for core in _tiles(inside.shape):
            if not (inside[core] & (markers[core] == 0)).any():
                continue
            window = tuple(slice(max(0, c.start - m), c.stop + m) for c, m in zip(core, margin, strict=True))
            within = tuple(slice(c.start - w.start, c.stop - w.start) for c, w in zip(core, window, strict=True))
            grown = watershed(-depth[window], markers[window], mask=inside[window])[within]  # type: ignore[no-untyped-call]
            remaining |= bool((inside[core] & (grown == 0)).any())
            markers[core] = grown


def _tiles(shape: tuple[int, ...]) -> list[tuple[slice, ...]]:
    """Boxes of at most `LARGEST_BOX` voxels that together are the whole; the longest sides are cut first."""
    sides = list(shape)
    while np.prod(sides, dtype=float) > LARGEST_BOX:
        longest = int(np.argmax(sides))
        sides[longest] = -(-sides[longest] // 2)
    starts = product(*(range(0, length, side) for length, side in zip(shape, sides, strict=True)))
    return [
        tuple(slice(at, min(at + side, length)) for at, side, length in zip(start, sides, shape, strict=True))
        for start in starts
    ]
