"""Who descends from whom: generations, division times and cell cycles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from cytally.timelapse.frame_minutes import frame_minutes
from cytally.timelapse.tracks import Tracks


@dataclass(frozen=True, eq=False)
class Lineage:
    """The families of a time-lapse.

    Parameters
    ----------
    table
        One row per track, by family, mothers before their daughters:

        - ``track``, ``parent`` (0 for none), ``first``, ``last`` (frames), ``begin``, ``end``: as in `Tracks.summary`
        - ``family``: the track of the ancestor that all of it descend from
        - ``generation``: 0 for that ancestor, 1 for its daughters
        - ``daughters``: how many tracks it divides into, 0 or 2
        - ``place``: where to draw it across time: whole numbers for tracks without daughters, half-way between its
          daughters for a mother. No two tracks of a frame have the same, and lines do not cross
    cycles
        One row per track that is seen from its birth to its division: ``track``, ``frames`` from birth to division,
        ``minutes`` (empty where the interval is unknown).
    divisions
        One row per division: ``track`` (the mother), ``frame`` (the last one in which she is seen), ``minutes`` (from
        the first frame, empty where the interval is unknown).
    """

    table: pd.DataFrame
    cycles: pd.DataFrame
    divisions: pd.DataFrame

    @property
    def dividing(self) -> list[int]:
        """Families in which there is a division, those with the most tracks first."""
        sizes = self.table["family"].value_counts()
        return sorted(sizes.index[sizes > 1].tolist(), key=lambda family: (-int(sizes[family]), family))


def lineage(tracks: Tracks, interval: float | None = None, *, times: ArrayLike | None = None) -> Lineage:
    """Sort tracks into families.

    A cell cycle lasts from the first frame of a daughter to the first frame of her own daughters, which is taken to be
    the frame after her last one.

    Parameters
    ----------
    tracks
        From `track` or `track_labels`.
    interval
        Minutes between frames, or None where unknown.
    times
        Minutes (T,) of each frame, with gaps where frames are missing; they win over `interval`.

    Raises
    ------
    ValueError
        When `interval` is not above 0, or `times` are not one per frame, finite and rising.
    """
    minutes = frame_minutes(tracks.frames, interval, times)
    summary = tracks.summary
    parents = dict(zip(summary["track"].tolist(), summary["parent"].tolist(), strict=True))
    daughters: dict[int, list[int]] = {track: [] for track in parents}
    for track, parent in parents.items():
        if parent:
            daughters[parent].append(track)
    rows: list[tuple[int, int, int]] = []
    places: dict[int, float] = {}
    for founder in (track for track, parent in parents.items() if not parent):
        family = _family(founder, daughters)
        rows += [(founder, track, generation) for track, generation in family]
        _arrange([track for track, _ in family], daughters, places)
    order = pd.DataFrame(rows, columns=["family", "track", "generation"], dtype=np.int64)
    table = order.merge(summary, on="track", how="left")
    table["daughters"] = np.array([len(daughters[track]) for track in order["track"]], np.int64)
    table["place"] = np.array([places[track] for track in order["track"]], np.float64)
    columns = ["track", "parent", "family", "generation", "first", "last", "begin", "end", "daughters", "place"]
    dividing = summary[summary["end"] == "divides"]
    whole = dividing[dividing["begin"] == "born"]
    born, parted = whole["first"].to_numpy(), whole["last"].to_numpy() + 1
    return Lineage(
        table[columns],
        pd.DataFrame(
            {"track": whole["track"], "frames": parted - born, "minutes": minutes[parted] - minutes[born]}
        ).reset_index(drop=True),
        pd.DataFrame(
            {"track": dividing["track"], "frame": dividing["last"], "minutes": minutes[dividing["last"].to_numpy()]}
        ).reset_index(drop=True),
    )


def _family(founder: int, daughters: dict[int, list[int]]) -> list[tuple[int, int]]:
    """All that descend from a track, with their generations, mothers first; branch by branch."""
    found, waiting = [], [(founder, 0)]
    while waiting:
        track, generation = waiting.pop()
        found.append((track, generation))
        waiting += [(daughter, generation + 1) for daughter in reversed(daughters[track])]
    return found


def _arrange(family: list[int], daughters: dict[int, list[int]], places: dict[int, float]) -> None:
    """Give a family's tracks places after those of the families before it."""
    leaves = sum(not daughters[track] for track in places)
    for track in family:
        if not daughters[track]:
            places[track] = float(leaves)
            leaves += 1
    for track in reversed(family):
        if daughters[track]:
            places[track] = float(np.mean([places[daughter] for daughter in daughters[track]]))
