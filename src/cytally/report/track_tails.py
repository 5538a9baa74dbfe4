"""Where the cells of a frame came from: the last positions of every track that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas

LENGTH = 12


class TrackTails:
    """The tails of all tracks, frame by frame.

    Parameters
    ----------
    tracks
        One row per track and frame: ``track``, ``frame``, ``y`` and ``x``.
    length
        Frames that a tail goes back, this one included.
    """

    def __init__(self, tracks: pandas.DataFrame, length: int = LENGTH) -> None:
        ordered = tracks.sort_values(["frame", "track"])
        self.length = length
        self._frames = ordered["frame"].to_numpy(np.intp)
        self._tracks = ordered["track"].to_numpy(np.intp)
        self._places = ordered[["y", "x"]].to_numpy(float)

    def at(self, frame: int) -> tuple[NDArray[np.float64], NDArray[np.intp], list[tuple[int, NDArray[np.float64]]]]:
        """Cells of a frame (N, 2), the track of each (N,), and for each track its number and last positions (K, 2)."""
        first, begin, end = np.searchsorted(self._frames, (frame - self.length + 1, frame, frame + 1))
        there = self._tracks[begin:end]
        near = first + np.flatnonzero(np.isin(self._tracks[first:end], there))
        near = near[np.argsort(self._tracks[near], kind="stable")]
        numbers, starts = np.unique(self._tracks[near], return_index=True)
        places = np.split(self._places[near], starts[1:]) if len(numbers) else []
        return self._places[begin:end], there, list(zip(numbers.tolist(), places, strict=True))
