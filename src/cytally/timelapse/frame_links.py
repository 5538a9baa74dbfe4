"""From frame to frame: laptrack's assignment of the objects of each frame to those of the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cytally.timelapse.objects import Objects
from cytally.timelapse.tracking_scale import TrackingScale

Node = tuple[int, int]
"""An object: its frame, and its place among the objects of that frame."""


def frame_links(frames: Sequence[Objects], scale: TrackingScale, area_weight: float) -> dict[Node, Node]:
    """Which object of the next frame continues each object, by laptrack (Jaqaman et al. 2008, Nature Methods 5).

    The cost of a link is the squared distance. Where areas are known their logarithm (base 2) is a third coordinate,
    in units of `area_weight` greatest steps. Leaving an object without successor, and another without predecessor,
    costs together as much as the greatest step.

    Returns
    -------
    dict
        From each object to its successor. Objects that end are no key, those that begin no value.
    """
    if sum(len(frame) > 0 for frame in frames) < 2:
        return {}
    from laptrack import LapTrack  # takes a second

    cutoff = scale.max_step**2
    tracker = LapTrack(
        cutoff=cutoff,
        track_start_cost=cutoff / 2,
        track_end_cost=cutoff / 2,
        gap_closing_cutoff=False,
        splitting_cutoff=False,
        merging_cutoff=False,
    )
    with_areas = area_weight > 0 and all(frame.areas is not None for frame in frames)
    unit = area_weight * scale.max_step if with_areas else 0.0
    edges = tracker.predict([_coordinates(frame, unit, 2 * scale.max_step) for frame in frames]).edges
    return {(int(t), int(i)): (int(u), int(j)) for (t, i), (u, j) in edges if i < len(frames[t])}


def _coordinates(frame: Objects, unit: float, far: float) -> NDArray[np.float64]:
    """(N + 1, 4): y, x, the logarithm of the area in units of `unit` pixels, 0; and what stands still, `far` from all.

    laptrack weighs a link and its frame's shortest one together against an end and a beginning. Something that stands
    still makes the shortest one 0, so that what is linked does not hang on how far others go.
    """
    sizes = np.zeros(len(frame)) if frame.areas is None or not unit else unit * np.log2(frame.areas)
    objects = np.column_stack([frame.places, sizes, np.zeros(len(frame))])
    return np.vstack([objects, [0, 0, 0, far]])
