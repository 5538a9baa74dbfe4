"""Families of tracks: a first cell with all that came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas

KNOWN_ENDS = ("divides", "dies", "leaves", "merges", "last frame")


@dataclass(frozen=True, eq=False)
class Families:
    """The tracks of a time-lapse by family.

    Parameters
    ----------
    roots
        The first track of each family: those with the most divisions first, then those that were seen for longest.
    last_frame
        The last frame of all.
    """

    roots: Sequence[int]
    last_frame: int
    _members: Mapping[int, Sequence[int]]
    _daughters: Mapping[int, Sequence[int]]
    _frames: Mapping[int, NDArray[np.intp]]
    _ends: Mapping[int, str]

    def members(self, root: int) -> Sequence[int]:
        """All tracks of a family, mothers before their daughters."""
        return self._members[root]

    def daughters(self, track: int) -> Sequence[int]:
        """What a track became."""
        return self._daughters.get(track, ())

    def frames(self, track: int) -> NDArray[np.intp]:
        """The frames that a track was seen in, rising."""
        return self._frames[track]

    def end(self, track: int) -> str:
        """How a track ended; empty where that is not known."""
        return self._ends[track]

    def divisions(self, root: int) -> int:
        """How often cells of a family divided."""
        return sum(len(self.daughters(track)) > 1 for track in self.members(root))

    def leaves(self, root: int) -> int:
        """How many of a family's tracks have no daughters."""
        return sum(not self.daughters(track) for track in self.members(root))

    def heights(self, root: int) -> dict[int, float]:
        """The row of each track: those without daughters from 0 downwards, mothers amid their daughters."""
        rows: dict[int, float] = {}
        for track in self.members(root):
            if not self.daughters(track):
                rows[track] = float(len(rows))
        for track in reversed(self.members(root)):
            if track not in rows:
                rows[track] = float(np.mean([rows[daughter] for daughter in self.daughters(track)]))
        return rows


def families_of(tracks: pandas.DataFrame) -> Families:
    """Sort tracks into families.

    Parameters
    ----------
    tracks
        One row per track and frame: ``track``, ``frame`` and ``parent`` (0: none), and where known ``end``. A parent
        that is no track counts as none, and so does one that would be its own forebear.
    """
    ordered = tracks.sort_values(["track", "frame"])
    numbers, starts = np.unique(ordered["track"].to_numpy(), return_index=True)
    frames = dict(
        zip(numbers.tolist(), np.split(ordered["frame"].to_numpy(np.intp), starts[1:]), strict=len(numbers) > 0)
    )
    heads = ordered.iloc[starts]
    parents = dict(zip(numbers.tolist(), heads["parent"].fillna(0).to_numpy(np.intp).tolist(), strict=True))
    daughters: dict[int, list[int]] = {}
    for track, parent in parents.items():
        if parent in parents:
            daughters.setdefault(parent, []).append(track)
    members, daughters = _members(parents, daughters)
    last = int(ordered["frame"].max()) if len(ordered) else 0
    told = heads["end"].astype(str).tolist() if "end" in heads else [""] * len(numbers)
    ends = {
        track: end if end in KNOWN_ENDS else "last frame" if frames[track][-1] == last else ""
        for track, end in zip(numbers.tolist(), told, strict=True)
    }
    for track in numbers.tolist():
        if ends[track] == "divides" and track not in daughters:
            ends[track] = ""
    found = Families([], last, members, daughters, frames, ends)
    seen = {root: sum(len(frames[track]) for track in each) for root, each in members.items()}
    roots = sorted(members, key=lambda root: (-found.divisions(root), -seen[root], root))
    return Families(roots, last, members, daughters, frames, ends)


def _members(
    parents: Mapping[int, int], daughters: Mapping[int, Sequence[int]]
) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Each family from its root downwards, and the daughters without those that lead back."""
    members: dict[int, list[int]] = {}
    kept: dict[int, list[int]] = {}
    met: set[int] = set()
    first = [track for track, parent in parents.items() if parent not in parents]
    for root in [*first, *parents]:
        if root in met:
            continue
        family, waiting = [], [root]
        met.add(root)
        while waiting:
            track = waiting.pop()
            family.append(track)
            fresh = [daughter for daughter in daughters.get(track, ()) if daughter not in met]
            met.update(fresh)
            if fresh:
                kept[track] = fresh
            waiting += reversed(fresh)
        members[root] = family
    return members, kept
