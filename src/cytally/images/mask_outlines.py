"""The outlines of a mask along the very edges of its pixels: a polygon of them holds the same pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cytally.images.region_files import Polygon, Ring

ALONG = ((0, 1), (1, 0), (0, -1), (-1, 0))
"""The four directions of a pixel's sides, y and x, each the right turn of the one before: a mask lies to the right."""
PIXEL = ((0, 0), (0, -1), (-1, -1), (-1, 0))
"""From a corner to the pixel at the right-hand side of whoever leaves it in each of the directions."""


def outlines(mask: NDArray[np.bool_], step: tuple[float, float]) -> tuple[Polygon, ...]:
    """The polygons around the connected parts of a mask, each with its holes, along the very edges of its pixels.

    A region of them holds the same pixels as the mask. Parts that touch in a corner alone are two. No ring touches
    itself, so that the polygons are valid in the sense of OGC Simple Features, on which QuPath relies.

    Parameters
    ----------
    mask
        (Y, X).
    step
        Pixels of the slide per pixel of the mask, along Y and X.

    Examples
    --------
    >>> ((square,),) = outlines(np.ones((1, 2), bool), step=(4, 4))
    >>> square.tolist()  # y and x
    [[-0.5, -0.5], [-0.5, 7.5], [3.5, 7.5], [3.5, -0.5]]
    """
    parts, number = ndimage.label(mask)
    found: list[list[Ring]] = [[] for _ in range(number)]
    for ring in _rings(mask):
        (y, x), (to_y, to_x) = ring[:2].tolist()
        down, right = PIXEL[ALONG.index((int(np.sign(to_y - y)), int(np.sign(to_x - x))))]
        polygon = found[parts[y + down, x + right] - 1]
        corners = ring * np.array(step) - 0.5
        if _is_outer(ring):
            polygon.insert(0, corners)
        else:
            polygon.append(corners)
    return tuple(map(tuple, found))


def _rings(mask: NDArray[np.bool_]) -> Iterator[NDArray[np.intp]]:
    """Walk along the sides of the mask's pixels: the corners (N, 2) of each closed way, none of them twice."""
    height, width = mask.shape
    padded = np.pad(mask, 1)
    leaves = np.zeros((4, (height + 1) * (width + 1)), bool)  # in which directions a side leaves a corner
    for direction, ((down, right), (to_y, to_x)) in enumerate(zip(ALONG, PIXEL, strict=True)):
        beyond = padded[1 - right : height + 1 - right, 1 + down : width + 1 + down]  # the pixels on the other side
        y, x = np.nonzero(mask & ~beyond)
        leaves[direction, (y - to_y) * (width + 1) + x - to_x] = True
    starts, directions = np.nonzero(leaves.T)
    ends = starts + np.array([down * (width + 1) + right for down, right in ALONG])[directions]
    rightwards, leftwards = (directions + 1) % 4, (directions + 3) % 4
    # Where two pixels meet in a corner alone, whoever turns right stays with their own.
    ahead = np.where(leaves[directions, ends], directions, leftwards)
    turned = np.where(leaves[rightwards, ends], rightwards, ahead)
    following = np.searchsorted(4 * starts + directions, 4 * ends + turned).tolist()
    corner = np.where(turned != directions, ends, -1).tolist()
    seen = bytearray(len(starts))
    for first in range(len(starts)):
        way, side = [], first
        while not seen[side]:
            seen[side] = True
            if corner[side] >= 0:
                way.append(corner[side])
            side = following[side]
        for ring in _apart(way[-1:] + way[:-1]):  # from its top left corner
            yield np.stack(np.divmod(np.array(ring), width + 1), axis=1)


def _apart(way: list[int]) -> Iterator[list[int]]:
    """A closed way, cut into several where it comes to the same corner again."""
    ring: list[int] = []
    place: dict[int, int] = {}
    for corner in way:
        if corner in place:
            first = place[corner]
            yield ring[first:]
            for left in ring[first:]:
                del place[left]
            del ring[first:]
        place[corner] = len(ring)
        ring.append(corner)
    if ring:
        yield ring


def _is_outer(ring: NDArray[np.intp]) -> bool:
    """Whether the way goes around its inside, and not around a hole: by the sign of its area."""
    (y, x), (next_y, next_x) = ring.T, np.roll(ring, -1, axis=0).T
    return bool((x * next_y - next_x * y).sum() > 0)


def object_outlines(labels: NDArray[np.integer[Any]]) -> Iterator[tuple[int, tuple[Polygon, ...]]]:
    """The polygons of every object of a label image (Y, X), by rising label; several where an object is in parts.

    Yields
    ------
    tuple
        The label, and its polygons as `outlines` has them.

    Examples
    --------
    >>> [(label, len(polygons)) for label, polygons in object_outlines(np.array([[3, 3, 0], [0, 0, 3]]))]
    [(3, 2)]
    """
    for place, box in enumerate(ndimage.find_objects(labels)):
        if box is None:
            continue
        corner = np.array([box[0].start, box[1].start])
        found = outlines(labels[box] == place + 1, (1, 1))
        yield place + 1, tuple(tuple(ring + corner for ring in polygon) for polygon in found)
