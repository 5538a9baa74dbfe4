"""Lengths that tracking goes by, taken from the cells themselves where nobody has set them.

- The **diameter** is that of a circle of the median label's area. Of points it is how near two of them come: the
  tenth percentile of the distances to the nearest neighbour, since cells do not lie on one another. Few points are
  far apart without being large, so that a tenth of the field's shorter side is the most.
- The **typical step** is the median distance between points of successive frames that are each other's nearest. Where
  cells move at random, steps follow a Rayleigh distribution, whose scale (the deviation along each axis) is the
  median / 1.177.
- The **greatest step** is five times that scale, beyond which a Rayleigh step lies four times in a million. It is
  at least 0.6 diameters, since a mother's centre jumps by about half a diameter to that of a daughter, and at most
  twice the median distance between neighbours, beyond which a link would skip over other cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cytally.timelapse.objects import Objects
from cytally.timelapse.tracking_options import TrackingOptions

NEAREST = 10
"""Percentile of the distances between neighbours that is taken for a diameter."""

RAYLEIGH_MEDIAN = float(np.sqrt(2 * np.log(2)))

UNKNOWN_DIAMETER = 10.0
"""Pixels, where there is nothing to learn from: no frame with two cells, and no areas."""


@dataclass(frozen=True)
class TrackingScale:
    """The lengths that tracking goes by, in pixels.

    Parameters
    ----------
    diameter
        Of a cell.
    step
        Scale of the steps: their deviation along each axis. 0 where no cell is seen to move.
    max_step
        Greatest distance from frame to frame.
    division_distance
        Greatest distance between two daughters where they are first seen.
    border
        Width of the rim in which cells come from outside, or go there.
    """

    diameter: float
    step: float
    max_step: float
    division_distance: float
    border: float


LARGEST = 0.1
"""Share of the field's shorter side that a diameter of points is taken to be at most."""


def tracking_scale(frames: Sequence[Objects], options: TrackingOptions, *, side: float | None = None) -> TrackingScale:
    """What is set, and of the rest what the cells say.

    Parameters
    ----------
    frames
        The objects of every frame.
    options
        What is set.
    side
        The field's shorter side in pixels, None where it is unknown.

    Examples
    --------
    >>> from cytally.timelapse.objects import objects_of_points
    >>> frames = objects_of_points([[[0, 0], [0, 40]], [[0, 1], [0, 39]]])
    >>> scale = tracking_scale(frames, TrackingOptions(diameter=20))
    >>> round(scale.step, 3), scale.max_step, scale.division_distance
    (0.849, 12.0, 40.0)
    """
    neighbours = _neighbour_distances(frames)
    diameter = options.diameter
    if diameter is None:
        diameter = _diameter(frames, neighbours, side)
    steps = _steps(frames)
    step = float(np.median(steps)) / RAYLEIGH_MEDIAN if len(steps) else 0.0
    max_step = options.max_step
    if max_step is None:
        farthest = 2 * float(np.median(neighbours)) if len(neighbours) else np.inf
        max_step = max(0.6 * diameter, min(5 * step, farthest))
    return TrackingScale(
        diameter=diameter,
        step=step,
        max_step=max_step,
        division_distance=options.division_distance or 2 * diameter,
        border=options.border or diameter / 2 + step,
    )


def _diameter(frames: Sequence[Objects], neighbours: NDArray[np.float64], side: float | None) -> float:
    areas = [frame.areas for frame in frames if frame.areas is not None and len(frame)]
    if areas:
        return float(np.sqrt(4 * np.median(np.concatenate(areas)) / np.pi))
    apart = neighbours[neighbours > 0]
    found = float(np.percentile(apart, NEAREST)) if len(apart) else UNKNOWN_DIAMETER
    return found if side is None else min(found, LARGEST * side)


def _neighbour_distances(frames: Sequence[Objects]) -> NDArray[np.float64]:
    """From every object to the nearest one of its frame, in pixels."""
    found = [np.asarray(cKDTree(frame.places).query(frame.places, k=2)[0])[:, 1] for frame in frames if len(frame) > 1]
    return np.concatenate(found) if found else np.zeros(0)


def _steps(frames: Sequence[Objects]) -> NDArray[np.float64]:
    """Distances between objects of successive frames that are each other's nearest, in pixels."""
    found = []
    for before, after in pairwise(frames):
        if len(before) and len(after):
            distances, nearest = map(np.asarray, cKDTree(after.places).query(before.places))
            back = np.asarray(cKDTree(before.places).query(after.places)[1])
            found.append(distances[back[nearest] == np.arange(len(before))])
    return np.concatenate(found) if found else np.zeros(0)
