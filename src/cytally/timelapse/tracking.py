"""Cells followed from frame to frame by laptrack, from points or from label images.

laptrack solves the linear assignment problems of Jaqaman et al. (2008), Robust single-particle tracking in live-cell
time-lapse sequences, Nature Methods 5: first from frame to frame (`frame_links`), then between the pieces of tracks,
for gaps, divisions and merges (`segment_links`). What is ours is what it is told: lengths (`tracking_scale`) and costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cytally.timelapse.assembly import Assembly
from cytally.timelapse.field_of_view import FieldOfView, windows_of
from cytally.timelapse.frame_links import frame_links
from cytally.timelapse.objects import Objects, objects_of_labels, objects_of_points
from cytally.timelapse.segment_links import segment_links
from cytally.timelapse.tracking_options import TrackingOptions
from cytally.timelapse.tracking_scale import tracking_scale
from cytally.timelapse.tracks import Tracks, make_tracks

__all__ = ["TrackingOptions", "Tracks", "track", "track_labels"]


def track(
    points: Sequence[ArrayLike],
    options: TrackingOptions | None = None,
    *,
    areas: Sequence[ArrayLike] | None = None,
    shape: tuple[int, int] | None = None,
    shifts: ArrayLike | None = None,
    inside: ArrayLike | None = None,
) -> Tracks:
    """Follow points.

    Parameters
    ----------
    points
        One array (N_t, 2) per frame: y, x in pixels with the origin at the centre of the top-left pixel. Frames may be
        empty, and there may be none.
    options
        How to track; None derives everything from the points.
    areas
        One array (N_t,) per frame: pixels of each object, where they are known.
    shape
        Rows and columns of a frame. With neither it nor `inside`, the field of view is the smallest rectangle that
        holds all points.
    shifts
        (T, 2) y, x in pixels by which the content of each frame is displaced from the first one, where the points are
        in the frames as the camera saw them. None where the frames have been stabilised, or nothing shifts.
    inside
        (T, 4) or (4,) first row, first column, and those after the last, in the first frame's coordinates: what is
        looked at in each frame. Tracks that end at its rim have left. None: all that the camera saw.

    Raises
    ------
    ValueError
        When shapes do not fit, or a number is not finite.

    Examples
    --------
    A cell that steps to the right, and one that is seen once:

    >>> followed = track([[[50, 20]], [[50, 22]], [[50, 24], [80, 80]]], shape=(100, 100))
    >>> followed.summary[["track", "first", "last", "begin", "end"]].values.tolist()
    [[1, 0, 2, 'first frame', 'last frame'], [2, 2, 2, 'appears', 'last frame']]
    """
    return _track(objects_of_points(points, areas), options or TrackingOptions(), shape, shifts, inside)


def track_labels(
    labels: NDArray[np.integer[Any]] | Iterable[NDArray[np.integer[Any]]],
    options: TrackingOptions | None = None,
    *,
    shifts: ArrayLike | None = None,
    inside: ArrayLike | None = None,
) -> Tracks:
    """Follow the objects of label images.

    Parameters
    ----------
    labels
        (T, Y, X), or one image (Y, X) after the other: whole numbers, 0 is background. The numbers of one frame have
        nothing to do with those of another.
    options, shifts, inside
        As in `track`.

    Raises
    ------
    ValueError
        When frames differ in size or are no labels, or shapes do not fit.

    Examples
    --------
    >>> labels = np.zeros((2, 9, 9), int)
    >>> labels[0, 3:6, 3:6], labels[1, 3:6, 4:7] = 1, 8
    >>> track_labels(labels).table[["track", "frame", "y", "x", "label"]].values.tolist()
    [[1.0, 0.0, 4.0, 4.0, 1.0], [1.0, 1.0, 4.0, 5.0, 8.0]]
    """
    objects: list[Objects] = []
    shape: tuple[int, int] | None = None
    for frame in labels:
        image = np.asarray(frame)
        objects.append(objects_of_labels(image))
        if shape is not None and image.shape != shape:
            raise ValueError(f"frame {len(objects) - 1} has the shape {image.shape}, those before it {shape}")
        shape = (image.shape[0], image.shape[1])
    return _track(objects, options or TrackingOptions(), shape, shifts, inside)


def _track(
    objects: Sequence[Objects],
    options: TrackingOptions,
    shape: tuple[int, int] | None,
    shifts: ArrayLike | None,
    inside: ArrayLike | None,
) -> Tracks:
    moved = np.zeros((len(objects), 2)) if shifts is None else np.asarray(shifts, np.float64)
    if moved.shape != (len(objects), 2) or not np.isfinite(moved).all():
        raise ValueError(f"shifts are ({len(objects)}, 2) finite numbers, one row per frame, not {moved.shape}")
    frames = [Objects(one.places - shift, one.labels, one.areas) for one, shift in zip(objects, moved, strict=True)]
    windows = windows_of(frames, shape=shape, shifts=moved, windows=inside)
    known = (shape is not None or inside is not None) and len(frames) > 0
    side = float((windows[:, 2:] - windows[:, :2]).min()) if known else None
    scale = tracking_scale(frames, options, side=side)
    view = FieldOfView(windows, scale.border)
    links = frame_links(frames, scale, options.area_weight)
    assembly = Assembly(frames, links, segment_links(frames, links, scale, options), view, options)
    return make_tracks(assembly.tracks(), frames, gap_frames=options.gap_frames, view=view, scale=scale, shifts=moved)
