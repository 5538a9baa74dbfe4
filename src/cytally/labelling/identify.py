"""Objects from foreground, as CellProfiler's module *IdentifyPrimaryObjects* finds them.

Holes are filled, touching objects are told apart by their shape, or by their brightest places, and divided along the
darkest lines between these, and objects of implausible size are discarded. Of the module's choices these are here:
shape or intensity tells clumped objects apart, intensity draws the lines, the size of the smoothing filter and the
distance between maxima come from the least diameter. CellProfiler: McQuin et al. 2018, PLoS Biology 16, e2005970.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import relabel_sequential, watershed

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Labels = NDArray[np.integer[Any]]
Clumps = Literal["shape", "intensity"]

TOUCHING = np.ones((3, 3), bool)
"""Pixels that touch at a corner belong to one object; background holds together along sides only."""

COARSE = 10
"""Above this least diameter, maxima are looked for in an image made smaller, in which it is so many pixels."""

LEAST_HEIGHT = 0.001
"""Pixels of distance that chance adds, so that no two neighbours are equally far from the background."""


def identify(
    image: Floats,
    foreground: Mask,
    smallest: float = 5,
    largest: float = 30,
    *,
    discard: bool = True,
    clumps: Clumps = "shape",
) -> Labels:
    """Objects in the foreground.

    Parameters
    ----------
    image
        (Y, X), values from 0 to 1, which the lines between objects follow.
    foreground
        (Y, X).
    smallest, largest
        Diameters in pixels between which objects typically lie: of the disc of the same area.
    discard
        Whether objects outside that range are discarded.
    clumps
        What tells objects apart that touch, as in `split_clumps`.

    Returns
    -------
    ndarray
        Labels (Y, X), int64, numbered 1 to N in the order in which their maxima are read; 0 is background. Objects at
        the image's edge are kept.
    """
    filled = fill_small_holes(foreground, largest)
    labels = split_clumps(image, filled, smallest, clumps)
    if discard:
        labels = within_diameters(labels, smallest, largest)
    labels = fill_objects(labels)
    numbered = relabel_sequential(labels)[0]  # type: ignore[no-untyped-call]
    return np.asarray(numbered, np.int64)


def fill_small_holes(foreground: Mask, largest: float) -> Mask:
    """Fill holes of fewer than ``largest ** 2`` pixels. Background that reaches the image's edge is no hole.

    Examples
    --------
    >>> ring = np.ones((3, 3), bool)
    >>> ring[1, 1] = False
    >>> bool(fill_small_holes(ring, 2).all()), bool(fill_small_holes(ring, 1).all())
    (True, False)
    """
    holes, count = ndimage.label(~foreground)
    if not count:
        return foreground
    fill = np.bincount(holes.ravel(), minlength=count + 1) < largest**2
    fill[_at_the_edge(holes)] = False
    fill[0] = True  # label 0 among the holes is the foreground
    return np.asarray(fill[holes])


def _at_the_edge(labels: Labels) -> Labels:
    return np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))


def split_clumps(image: Floats, foreground: Mask, smallest: float, clumps: Clumps = "shape") -> Labels:
    """Divide each clump among its maxima, along valleys of the image: a watershed from the maxima.

    By ``intensity`` the maxima are those of the smoothed image; by ``shape`` those of the distance to the background,
    to which chance adds less than a thousandth of a pixel, so that equal heights side by side have one maximum. The
    valleys are those of the image itself. Where values are equal, pixels go to whichever maximum reaches them first.
    """
    named = ndimage.label(foreground, TOUCHING)[0]
    if clumps == "intensity":
        heights = smoothed_within(image, smallest)
    elif foreground.all():
        heights = np.ones(foreground.shape)  # nowhere is a background to be far from
    else:
        chance = np.random.default_rng(0).uniform(0, LEAST_HEIGHT, foreground.shape)
        heights = np.asarray(ndimage.distance_transform_edt(foreground)) + chance
    seeds = ndimage.label(maxima(heights, named, smallest), TOUCHING)[0]
    basins = watershed(1 - image, seeds, mask=foreground, connectivity=TOUCHING)  # type: ignore[no-untyped-call]
    return np.asarray(basins, np.int64)


def smoothed_within(image: Floats, smallest: float) -> Floats:
    """Image (Y, X) smoothed so that objects of the least diameter have one maximum.

    The filter's full width at half maximum is ``2.35 * smallest / 3.5``, so that its standard deviation is
    ``smallest / 3.5``; the Gaussian is cut off at half that width, rounded down, but after one pixel at the least.
    Zeros are taken to lie beyond the image's edges, and the weight that fell on them is divided out.
    """
    size = 2.35 * smallest / 3.5
    reach = max(int(size / 2), 1)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (size / 2.35)) ** 2)

    def spread(values: Floats) -> Floats:
        once = ndimage.convolve1d(values, weights, axis=0, mode="constant")
        return np.asarray(ndimage.convolve1d(once, weights, axis=1, mode="constant"))

    return spread(image.astype(np.float64)) / spread(np.ones(image.shape))


def maxima(image: Floats, clumps: Labels, smallest: float) -> Mask:
    """Pixels (Y, X) of clumps that are brighter than 0 and that no pixel of the same clump around them outshines.

    Around them is a disc of radius ``smallest / 1.5 - 0.5``, at least 1. From a least diameter of more than 10 pixels
    on, all is done in an image made smaller by ``10 / smallest``, in which the radius is 6.5.

    A maximum is often several pixels of the same value. CellProfiler shrinks these to one; here they stay, since they
    are one seed of the watershed either way.
    """
    if smallest <= COARSE:
        return _outshone_by_none(image, clumps, max(1.0, smallest / 1.5 - 0.5))
    factor = COARSE / smallest
    rows, columns = (np.arange(0, math.ceil(length * factor)) / factor for length in image.shape)
    places = np.meshgrid(rows, columns, indexing="ij")
    # Beyond the last pixel, which the last place may lie, the original finds 0; so does this.
    small = ndimage.map_coordinates(image, places, order=3)
    small_clumps = ndimage.map_coordinates(clumps, places, order=0)
    found = _outshone_by_none(small, small_clumps, 7 - 0.5).astype(np.float64)
    back = image.shape[0] / found.shape[0]
    places = np.meshgrid(*(np.arange(length) / back for length in image.shape), indexing="ij")
    return np.asarray(ndimage.map_coordinates(found, places, order=3) > 0.5)


def _outshone_by_none(image: Floats, clumps: Labels, radius: float) -> Mask:
    reach = int(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = y**2 + x**2 <= radius**2
    found = (clumps > 0) & (image > 0)
    height, width = image.shape
    padded = np.pad(image, reach)
    padded_clumps = np.pad(clumps, reach)
    # Shifted copies rather than a maximum filter: only pixels of the same clump count.
    for down, along in np.argwhere(disc):
        around = np.s_[down : down + height, along : along + width]
        found &= (padded[around] <= image) | (padded_clumps[around] != clumps)
    return found


def within_diameters(labels: Labels, smallest: float, largest: float) -> Labels:
    """Labels (Y, X) without objects that have fewer pixels than a disc of diameter `smallest`, or more than `largest`.

    Examples
    --------
    A disc of diameter 2 has an area of 3.14, one of 1 of 0.79:

    >>> within_diameters(np.array([[1, 1, 1, 0], [1, 0, 0, 2]]), 1, 2)
    array([[0, 0, 0, 0],
           [0, 0, 0, 2]])
    """
    areas = np.bincount(labels.ravel())
    kept = (areas >= math.pi * smallest**2 / 4) & (areas <= math.pi * largest**2 / 4)
    return np.where(kept[labels], labels, 0)


def fill_objects(labels: Labels) -> Labels:
    """Fill holes that one object alone encloses (Y, X), of any size. Background at the image's edge is no hole.

    Examples
    --------
    >>> fill_objects(np.array([[3, 3, 3], [3, 0, 3], [3, 3, 3]]))[1].tolist()
    [3, 3, 3]
    >>> fill_objects(np.array([[3, 3, 3], [4, 0, 4], [4, 4, 4]]))[1].tolist()
    [4, 0, 4]
    """
    holes, count = ndimage.label(labels == 0)
    enclosed = np.ones(count + 1, bool)
    enclosed[0] = False  # label 0 among the holes is the objects
    enclosed[_at_the_edge(holes)] = False
    y, x = np.nonzero(enclosed[holes])
    place = holes[y, x]
    least, most = np.full(count + 1, np.iinfo(labels.dtype).max, labels.dtype), np.zeros(count + 1, labels.dtype)
    for down, along in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        beside = labels[y + down, x + along]
        found = beside > 0
        np.minimum.at(least, place[found], beside[found])
        np.maximum.at(most, place[found], beside[found])
    filled = labels.copy()
    filled[y, x] = np.where(least == most, most, 0)[place]
    return filled
