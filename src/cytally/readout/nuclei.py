"""Nuclei in a probability map: components of a mask, split where asked for, and two ways of counting them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.feature import peak_local_max
from skimage.segmentation import expand_labels, watershed

from cytally.readout.numbering import keep_objects
from cytally.readout.watershed import connected_regions, distance_to_background

Splitting = Literal["none", "distance", "probability", "depth"]
Labels = NDArray[np.integer[Any]]

SMOOTHING = 0.1
"""Standard deviation, in separations, of the blur after which a map's peaks are taken for middles."""

LEAST_DIP = 0.05
"""Share of the lower peak by which a map has to dip between two peaks, or they are one nucleus."""


def find_nuclei(
    probability: NDArray[np.float32],
    *,
    depth: NDArray[np.float32] | None = None,
    threshold: float = 0.5,
    split: Splitting = "none",
    separation: float = 1.0,
    least_area: float = 0.0,
    grow: int = 0,
) -> tuple[Labels, NDArray[np.float64]]:
    """Find the nuclei in a map (Y, X) of how likely each pixel lies in one.

    Parameters
    ----------
    probability
        From 0 to 1.
    depth
        For `split` ``depth``: how deep inside its nucleus each pixel lies (Y, X), 1 in the middle.
    threshold
        Least probability of a nucleus's pixels.
    split
        ``none``: each component is a nucleus. ``distance``, ``probability`` or ``depth``: a watershed from the peaks of
        the distance to the background, of the map itself, or of `depth`, parts what has several.
    separation
        Least distance in pixels between two peaks of one component.
    least_area
        Pixels under which an object is left out.
    grow
        Pixels by which objects are enlarged in the end, without touching others more than they did: what a `gap` in
        the training masks had taken off. Only where another object is near; see `give_back`.

    Returns
    -------
    labels
        (Y, X), numbered from 1; 16 bits, or 32 from 65,536 objects on.
    points
        (N, 3): y, x of each centroid in the order of the labels, and a score: the mean probability in it.

    Examples
    --------
    >>> labels, points = find_nuclei(np.array([[0.9, 0.9, 0.1, 0.7]], np.float32))
    >>> labels.tolist(), points.round(2).tolist()
    ([[1, 1, 0, 2]], [[0.0, 0.5, 0.9], [0.0, 3.0, 0.7]])
    """
    mask = probability >= threshold
    labels: NDArray[np.int32] = connected_regions(mask)
    if split != "none" and labels.any():
        given = {"probability": probability, "depth": depth}
        heights = distance_to_background(mask) if split == "distance" else given[split]
        if heights is None:
            raise ValueError("to split by depth, the depth has to be given")
        labels = _split(labels, heights, separation)
    if grow:
        labels = give_back(labels, grow)
    areas = np.bincount(labels.ravel())
    found, number = keep_objects(labels, areas >= max(least_area, 1))
    if number == 0:
        return found, np.zeros((0, 3))
    each = np.arange(1, number + 1)
    centres = np.array(ndimage.center_of_mass(found > 0, found, each)).reshape(-1, 2)
    return found, np.column_stack([centres, ndimage.mean(probability.astype(float), found, each)])


def between_touching(labels: Labels, width: int) -> NDArray[np.bool_]:
    """Pixels of objects that have another object within `width` pixels (rows and columns, corners included).

    Examples
    --------
    >>> between_touching(np.array([[1, 1, 1, 2, 2, 0, 3]]), 1).astype(int).tolist()
    [[0, 0, 1, 1, 0, 0, 0]]
    """
    largest = ndimage.maximum_filter(labels, 2 * width + 1)
    ground = labels.max(initial=0)  # of a type's own limit, 64 bits do not survive the filter
    least = ndimage.minimum_filter(np.where(labels > 0, labels, ground), 2 * width + 1)
    touching: NDArray[np.bool_] = (labels > 0) & (least != largest)
    return touching


def depth_in_objects(labels: Labels) -> NDArray[np.float32]:
    """How deep inside its object each pixel lies: its distance to the outline over the object's largest, 0 outside.

    Examples
    --------
    >>> depth_in_objects(np.array([[0, 1, 1, 1, 2, 2, 2, 0]])).tolist()
    [[0.0, 0.5, 1.0, 0.5, 0.5, 1.0, 0.5, 0.0]]
    """
    padded = np.pad(labels, 1, mode="edge")  # an image's edge is no outline
    outline = np.zeros(padded.shape, bool)
    for axis in (0, 1):
        for step in (1, -1):
            outline |= padded != np.roll(padded, step, axis)
    outline = outline[1:-1, 1:-1]
    inside = labels > 0
    if not inside.any():
        return np.zeros(labels.shape, np.float32)
    distance = np.zeros(labels.shape)
    if (outline | ~inside).any():
        distance = ndimage.distance_transform_edt(inside & ~outline)
    distance = np.where(inside, distance + 1, 0)
    owners = np.unique(labels, return_inverse=True)[1].reshape(labels.shape)  # a label may be a huge number
    largest = np.zeros(int(owners.max()) + 1)
    np.maximum.at(largest, owners.ravel(), distance.ravel())
    depth: NDArray[np.float32] = (distance / np.maximum(largest, 1)[owners]).astype(np.float32)
    return depth


def give_back(labels: NDArray[np.int32], width: int) -> NDArray[np.int32]:
    """Enlarge objects by `width` pixels where another is near, as far as half the way: the gap between them.

    Outlines that face the background stay as they are.

    Examples
    --------
    >>> give_back(np.array([[1, 1, 0, 0, 2, 0, 0]], np.int32), 1).tolist()
    [[1, 1, 1, 2, 2, 0, 0]]
    """
    wide: NDArray[np.int32] = expand_labels(labels, width)  # type: ignore[no-untyped-call]
    near = between_touching(wide, width)
    return np.where((labels == 0) & near, wide, labels)


def median_area(label_images: Iterable[Labels]) -> float | None:
    """Median area in pixels of the objects that no image's edge cuts; of all where it cuts all; None without any."""
    whole, cut = [], []
    for labels in label_images:
        names, areas = np.unique(labels[labels > 0], return_counts=True)  # a label may be a huge number
        at_edge = np.isin(names, np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
        cut += areas[at_edge].tolist()
        whole += areas[~at_edge].tolist()
    return float(np.median(whole or cut)) if whole or cut else None


def count_by_area(labels: Labels, nucleus_area: float) -> float:
    """Whole area of all objects over that of a single nucleus: nuclei that have merged count as several.

    Examples
    --------
    >>> count_by_area(np.array([[1, 1, 1, 1, 0, 2, 2]]), nucleus_area=2.0)
    3.0
    """
    return float(np.count_nonzero(labels) / nucleus_area)


def _split(regions: NDArray[np.int32], heights: NDArray[Any], separation: float) -> NDArray[np.int32]:
    """Part regions that have several peaks, by a watershed on `heights` from each."""
    smooth = ndimage.gaussian_filter(heights.astype(np.float32), SMOOTHING * separation)
    places = peak_local_max(  # type: ignore[no-untyped-call]
        smooth, min_distance=max(1, round(separation)), labels=regions, exclude_border=False, p_norm=2
    )
    owners = regions[tuple(places.T)]
    lonely = np.setdiff1d(np.arange(1, regions.max() + 1), owners)  # beside a higher peak of another region
    more = np.array(ndimage.maximum_position(smooth, regions, lonely), np.int64).reshape(-1, 2)
    places = np.concatenate([places, more])
    markers = np.zeros(regions.shape, np.int32)
    markers[tuple(places.T)] = np.arange(1, len(places) + 1)
    parted: NDArray[np.int32] = watershed(-smooth, markers, mask=regions > 0, connectivity=np.ones((3, 3)))  # type: ignore[no-untyped-call]
    return _without_shallow_cuts(parted, smooth)


def _without_shallow_cuts(parts: NDArray[np.int32], heights: NDArray[np.float32]) -> NDArray[np.int32]:
    """Join parts between which `heights` hardly dips: a flat top has many peaks, and is one nucleus."""
    number = int(parts.max()) + 1
    peaks = np.zeros(number, np.float32)
    np.maximum.at(peaks, parts.ravel(), heights.ravel())
    saddles = np.zeros(0, np.float32)
    pairs = np.zeros((0, 2), np.int64)
    for here, there in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        touch = (parts[here] != parts[there]) & (parts[here] > 0) & (parts[there] > 0)
        pairs = np.concatenate([pairs, np.stack([parts[here][touch], parts[there][touch]], axis=1)])
        saddles = np.concatenate([saddles, np.minimum(heights[here][touch], heights[there][touch])])
    shallow = saddles > (1 - LEAST_DIP) * peaks[pairs].min(axis=1)
    one, other = pairs[shallow].T
    graph = coo_array((np.ones(one.size, bool), (one, other)), shape=(number, number))
    owners: NDArray[np.int32] = connected_components(graph, directed=False)[1].astype(np.int32)
    joined: NDArray[np.int32] = owners[parts] - owners[0]  # the background, which touches nothing here, stays 0
    return joined
