"""Tracks as the Cell Tracking Challenge wants them: mask000.tif, mask001.tif, ... and res_track.txt.

In the masks an object has its track's number. A line ``L B E P`` of res_track.txt says that track L goes from frame B
to frame E, its mother being P (0: none), and the track has to be in the mask of each of these frames. Where a cell was
missed for some frames, it is drawn in between: as it was last seen, at the places between, on what is background. Where
there is no pixel left for it, the track ends and goes on as its own daughter, which is the challenge's way to write a
gap.

Source: "Naming and file content conventions", http://celltrackingchallenge.net.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import DataError
from cytally.files import whole_folder, write_text
from cytally.timelapse.tracks import Tracks

Labels = NDArray[np.integer[Any]]

MOST_TRACKS = int(np.iinfo(np.uint16).max)
"""Masks have 16 bits."""


def write_challenge_tracks(folder: Path, labels: Iterable[Labels], tracks: Tracks) -> Path:
    """Write a result folder, whole or not at all; one that is there already is replaced.

    Parameters
    ----------
    folder
        Where to put it; the challenge names it ``01_RES``.
    labels
        The label images (Y, X) that were tracked, in order, as the camera saw them; one is held at a time. Of points,
        `cytally.timelapse.point_labels`.
    tracks
        What they were tracked to.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    DataError
        When there are more than 65,535 tracks, or more or fewer label images than frames.
    """
    import tifffile

    digits = max(3, len(str(tracks.frames - 1)))
    with whole_folder(folder) as unfinished:
        numbering = _Numbering(tracks)
        written = 0
        for written, frame in enumerate(labels, 1):
            if written > tracks.frames:
                break
            path = unfinished / f"mask{written - 1:0{digits}d}.tif"
            tifffile.imwrite(path, numbering.mask(np.asarray(frame)), compression="zlib", metadata=None)
        if written != tracks.frames:
            many = "more than" if written > tracks.frames else str(written)
            raise DataError(
                f"would get {many} label images for tracks of {tracks.frames} frames",
                file=folder,
                cure="give the label images that were tracked",
            )
        write_text(unfinished / "res_track.txt", numbering.lines())
    return folder


@dataclass
class _Line:
    """A line of res_track.txt."""

    begin: int
    end: int
    parent: int


@dataclass
class _Gap:
    """A cell that is missed for some frames.

    Parameters
    ----------
    track
        Its track.
    label
        Its label when it was last seen.
    frames
        When it was last seen, and when it is seen again.
    places
        (2, 2) y, x of both times.
    pixels
        (N, 2) where it was last seen.
    drawn
        Whether it could be drawn in all frames so far.
    """

    track: int
    label: int
    frames: tuple[int, int]
    places: NDArray[np.float64]
    pixels: NDArray[np.intp] = field(default_factory=lambda: np.zeros((0, 2), np.intp))
    drawn: bool = True


class _Numbering:
    """Turns label images into masks, one after the other, and keeps the lines."""

    def __init__(self, tracks: Tracks) -> None:
        if len(tracks) > MOST_TRACKS:
            raise _too_many()
        self._shifts = tracks.shifts
        self._parents = dict(zip(tracks.summary["track"].tolist(), tracks.summary["parent"].tolist(), strict=True))
        self._objects: dict[int, dict[int, int]] = {}
        """Per frame, from each track to its label."""
        self._missed: dict[int, list[_Gap]] = {}
        """Per frame, the tracks that are missed from the next one on."""
        columns = (tracks.table[name].tolist() for name in ("track", "frame", "label", "y", "x"))
        before = (0, 0, 0, 0.0, 0.0)
        for row in zip(*columns, strict=True):
            track, frame, label, y, x = row
            self._objects.setdefault(frame, {})[track] = label
            if before[0] == track and before[1] < frame - 1:
                places = np.array([before[3:], (y, x)])
                self._missed.setdefault(before[1], []).append(_Gap(track, before[2], (before[1], frame), places))
            before = row
        self._frame = 0
        self._names: dict[int, int] = {}
        """From each track to the number it has in the masks now."""
        self._written: dict[int, _Line] = {}
        self._gaps: list[_Gap] = []

    def mask(self, labels: Labels) -> NDArray[np.uint16]:
        """The mask of the next frame."""
        mask = np.zeros(labels.shape, np.uint16)
        objects = self._objects.get(self._frame, {})
        table = np.zeros(max(objects.values(), default=0) + 1, np.uint16)
        for track, label in objects.items():
            table[label] = self._seen(track)
        known = labels < len(table)
        mask[known] = table[labels[known]]
        for gap in self._gaps:
            self._fill(mask, labels, gap)
        self._gaps = [gap for gap in self._gaps if gap.frames[1] > self._frame + 1]
        for gap in self._missed.get(self._frame, []):
            gap.pixels = np.argwhere(labels == gap.label)
            self._gaps.append(gap)
        self._frame += 1
        return mask

    def lines(self) -> str:
        """What res_track.txt says."""
        lines = sorted(self._written.items())
        return "".join(f"{name} {line.begin} {line.end} {line.parent}\n" for name, line in lines)

    def _seen(self, track: int) -> int:
        """The number of a track that is seen in this frame."""
        name = self._names.get(track)
        if name is None:
            name = self._names[track] = track
            parent = self._parents[track]
            self._written[name] = _Line(self._frame, self._frame, self._names[parent] if parent else 0)
        elif self._written[name].end < self._frame - 1:
            before, name = name, max(len(self._parents), *self._written) + 1
            if name > MOST_TRACKS:
                raise _too_many()
            self._names[track] = name
            self._written[name] = _Line(self._frame, self._frame, before)
        self._written[name].end = self._frame
        return name

    def _fill(self, mask: NDArray[np.uint16], labels: Labels, gap: _Gap) -> None:
        """Draw a cell that is missed in this frame."""
        if not gap.drawn:
            return
        since, until = gap.frames
        share = (self._frame - since) / (until - since)
        moved = share * (gap.places[1] - gap.places[0]) + self._shifts[self._frame] - self._shifts[since]
        rows, columns = (gap.pixels + np.rint(moved).astype(np.intp)).T
        seen = (rows >= 0) & (columns >= 0) & (rows < mask.shape[0]) & (columns < mask.shape[1])
        rows, columns = rows[seen], columns[seen]
        free = (mask[rows, columns] == 0) & (labels[rows, columns] == 0)
        gap.drawn = bool(free.any())
        if gap.drawn:
            mask[rows[free], columns[free]] = self._seen(gap.track)


def _too_many() -> DataError:
    return DataError(
        f"there are more than {MOST_TRACKS:,} tracks, and the 16-bit masks of the Cell Tracking Challenge can number "
        "no more",
        cure="use tracks.csv, which has them all, or fewer frames",
    )
