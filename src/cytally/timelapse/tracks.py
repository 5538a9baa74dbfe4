"""Tracks: which cell is which over all frames, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cytally.files import write_text
from cytally.timelapse.assembly import Track
from cytally.timelapse.field_of_view import FieldOfView
from cytally.timelapse.objects import Objects
from cytally.timelapse.tracking_scale import TrackingScale


@dataclass(frozen=True, eq=False)
class Tracks:
    """The cells of a time-lapse, followed.

    Parameters
    ----------
    table
        One row per object seen, by track, then by frame:

        - ``track``: from 1; ``frame``: from 0
        - ``y``, ``x``: pixels, in the coordinates of the first frame (shifts of the camera undone)
        - ``parent``: the mother's track, 0 for none. A division ends the mother's track and begins two
        - ``label``: the object's number in its label image; of points, their row in the frame counted from 1
        - ``area``: pixels, empty for points
        - ``begin``: how the track begins, ``first frame``, ``born``, ``enters`` (in the rim of the field of view) or
          ``appears``
        - ``end``: how it ends, ``last frame``, ``divides``, ``leaves`` (in the rim), ``dies`` (inside the field),
          ``merges`` (in one object with another cell, which the other's track goes on with; not to be trusted), or
          ``lost``: seen in too few frames, or missed too shortly before the last frame, to call it a death
        - ``merged_into``: the track in which it is lost, 0 for none
    summary
        One row per track: ``track``, ``first``, ``last`` (frames), ``seen`` (frames in which it is), ``parent``,
        ``begin``, ``end``, ``merged_into``.
    frames
        How many frames there are.
    gap_frames
        For how many of them a cell may have been missed.
    view
        What each frame shows.
    scale
        The lengths it was tracked by.
    shifts
        (T, 2) y, x by which the content of each frame is displaced: add them to get the place in the frame as the
        camera saw it.
    """

    table: pd.DataFrame
    summary: pd.DataFrame
    frames: int
    gap_frames: int
    view: FieldOfView
    scale: TrackingScale
    shifts: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.summary)

    @property
    def challenge(self) -> pd.DataFrame:
        """The tracks as in the Cell Tracking Challenge: track, begin, end (frames) and parent, in whole numbers."""
        columns = {"track": "track", "first": "begin", "last": "end", "parent": "parent"}
        return self.summary[list(columns)].rename(columns=columns)


def make_tracks(
    tracks: Sequence[Track],
    objects: Sequence[Objects],
    *,
    gap_frames: int,
    view: FieldOfView,
    scale: TrackingScale,
    shifts: NDArray[np.float64],
) -> Tracks:
    """Put tracks into tables. Their numbers are their places, from 1."""
    nodes = [node for track in tracks for node in track.objects]
    seen = np.array([len(track.objects) for track in tracks], np.int64)
    places = np.array([objects[frame].places[row] for frame, row in nodes], np.float64).reshape(-1, 2)
    areas = [objects[frame].areas for frame, _ in nodes]
    summary = pd.DataFrame(
        {
            "track": np.arange(1, len(tracks) + 1),
            "first": np.array([track.objects[0][0] for track in tracks], np.int64),
            "last": np.array([track.objects[-1][0] for track in tracks], np.int64),
            "seen": seen,
            "parent": np.array([track.parent for track in tracks], np.int64),
            "begin": pd.Series([track.begin for track in tracks], dtype=object),
            "end": pd.Series([track.end for track in tracks], dtype=object),
            "merged_into": np.array([track.merged_into for track in tracks], np.int64),
        }
    )
    rows = np.repeat(np.arange(len(tracks)), seen)
    each = summary.iloc[rows].reset_index(drop=True)
    table = pd.DataFrame(
        {
            "track": each["track"],
            "frame": np.array([frame for frame, _ in nodes], np.int64),
            "y": places[:, 0],
            "x": places[:, 1],
            "parent": each["parent"],
            "label": np.array([objects[frame].labels[row] for frame, row in nodes], np.int64),
            "area": np.array(
                [np.nan if sizes is None else sizes[row] for sizes, (_, row) in zip(areas, nodes, strict=True)],
                np.float64,
            ),
            "begin": each["begin"],
            "end": each["end"],
            "merged_into": each["merged_into"],
        }
    )
    return Tracks(table, summary, len(objects), gap_frames, view, scale, shifts)


def write_tracks(path: Path, tracks: Tracks) -> None:
    """Write tracks.csv: the table, with places to a thousandth of a pixel."""
    table = tracks.table.round({"y": 3, "x": 3, "area": 3})
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
