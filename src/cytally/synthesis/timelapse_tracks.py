"""The true tracks of a drawn time-lapse: who is seen in which frames, and of whom each track descends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cytally.errors import ConfigError

VISIBLE = 0.25
"""Share of a nucleus's area that must lie in the frame for it to count, as in `draw_nuclei`."""

GLIMPSE = 0.05
"""Share that is enough for a few frames between others in which it counts: cells on the border do not flicker."""

GAP = 3
"""How many frames those may be."""

MOST = 65_535
"""Labels are uint16."""


@dataclass(frozen=True)
class Sighting:
    """The cells (numbers (N,)) that own a pixel in a frame, and the share (N,) of each one's area that lies in it."""

    numbers: NDArray[np.int64]
    shares: NDArray[np.float64]


@dataclass(frozen=True)
class _Stay:
    """A cell's unbroken stay in the field, first and last frame included."""

    begin: int
    end: int
    number: int


@dataclass(frozen=True, eq=False)
class TrueTracks:
    """Tracks of all cells that were seen.

    Attributes
    ----------
    table
        One row per track: track (from 1, in the order of beginning), begin and end (frames, both included), parent (a
        track, 0: none) and fate: "divides", "dies", "leaves" or "last frame". A cell that leaves and comes back begins
        a new track without a parent, as do daughters whose mother was not seen in the frame before.
    deaths
        (T,) cells seen in the frame before that died since.
    names
        Of each frame: by number of the cells that count in it, their tracks.
    """

    table: pd.DataFrame
    deaths: NDArray[np.int64]
    names: list[dict[int, int]]

    def labels(self, frame: int, owner: NDArray[np.int32]) -> NDArray[np.uint16]:
        """Labels (Y, X) by track of a frame whose pixels belong to cells of these numbers."""
        tracks = np.zeros(max(int(owner.max(initial=0)), *self.names[frame], 0) + 1, dtype=np.uint16)
        tracks[list(self.names[frame])] = list(self.names[frame].values())
        return tracks[owner]


def true_tracks(
    sightings: Sequence[Sighting], mother: Mapping[int, int], last_alive: Mapping[int, int], died: Collection[int]
) -> TrueTracks:
    """Put together who was seen when.

    Parameters
    ----------
    sightings
        Of T frames.
    mother
        By number of every cell; 0: none.
    last_alive
        By number of every cell that divided or died: the last frame before that.
    died
        Numbers of the cells that died.

    Raises
    ------
    ConfigError
        There are more tracks than labels of 16 bits.
    """
    stays = [stay for number, seen in _by_cell(sightings).items() for stay in _stays(number, seen)]
    stays.sort(key=lambda stay: (stay.begin, stay.number))
    if len(stays) > MOST:
        raise ConfigError(f"{len(stays)} tracks are more than labels of 16 bits", cure="lower frames or cells")
    # Of each cell the stay that its division or death ended.
    ended = {stay.number: track for track, stay in enumerate(stays, start=1) if last_alive.get(stay.number) == stay.end}
    parents = [
        ended.get(mother[stay.number], 0) if last_alive.get(mother[stay.number]) == stay.begin - 1 else 0
        for stay in stays
    ]
    mothers = set(parents)
    deaths = np.zeros(len(sightings), dtype=np.int64)
    names: list[dict[int, int]] = [{} for _ in sightings]
    fates = []
    for track, stay in enumerate(stays, start=1):
        for frame in range(stay.begin, stay.end + 1):
            names[frame][stay.number] = track
        if stay.end == len(sightings) - 1:
            fates.append("last frame")
        elif stay.number in died and ended.get(stay.number) == track:
            fates.append("dies")
            deaths[stay.end + 1] += 1
        else:  # a mother of whom no daughter is seen has left with them
            fates.append("divides" if track in mothers else "leaves")
    table = pd.DataFrame(
        {
            "track": np.arange(1, len(stays) + 1),
            "begin": np.array([stay.begin for stay in stays], dtype=np.int64),
            "end": np.array([stay.end for stay in stays], dtype=np.int64),
            "parent": np.array(parents, dtype=np.int64),
            "fate": np.array(fates, dtype=object),
        }
    )
    return TrueTracks(table, deaths, names)


def _by_cell(sightings: Sequence[Sighting]) -> dict[int, list[tuple[int, float]]]:
    """By number: the frames in which a cell owns a pixel, each with the share of its area."""
    seen: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for frame, sighting in enumerate(sightings):
        for number, share in zip(sighting.numbers.tolist(), sighting.shares.tolist(), strict=True):
            seen[number].append((frame, share))
    return seen


def _stays(number: int, seen: Sequence[tuple[int, float]]) -> Iterator[_Stay]:
    """The unbroken stays of one cell that is seen in these frames with these shares."""
    begin = end = previous = None
    for frame, share in seen:
        unbroken = previous == frame - 1
        previous = frame
        if begin is not None and end is not None and not (unbroken and frame - end <= GAP + 1):
            yield _Stay(begin, end, number)
            begin = end = None
        if share >= VISIBLE:
            begin, end = frame if begin is None else begin, frame
    if begin is not None and end is not None:
        yield _Stay(begin, end, number)
