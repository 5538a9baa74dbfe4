"""Deaths per hour, where tracks end inside the field of view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from cytally.timelapse.frame_minutes import frame_minutes
from cytally.timelapse.tracks import Tracks


@dataclass(frozen=True)
class DeathRate:
    """How often cells die.

    Parameters
    ----------
    deaths
        Tracks that end inside the field.
    exposure
        For how long cells have been watched that could have been seen to die: cell-hours, or cell-frames where the
        interval is unknown.
    rate
        Deaths per cell and hour (or frame); None where nothing was watched.
    lower, upper
        Exact Poisson interval of the rate (Garwood 1936); None where nothing was watched.
    unit
        ``hour`` or ``frame``.
    """

    deaths: int
    exposure: float
    rate: float | None
    lower: float | None
    upper: float | None
    unit: str


def death_rate(
    tracks: Tracks, interval: float | None = None, *, times: ArrayLike | None = None, coverage: float = 0.95
) -> DeathRate:
    """Deaths over the time in which they could have been seen.

    A cell is at risk from one frame to the next where it is off the rim of the field, since what ends in the rim counts
    as leaving, and where as many frames follow as it may be missed for. How a track ends that merges or is lost is not
    known, so that its last interval does not count.

    Parameters
    ----------
    tracks
        From `track` or `track_labels`.
    interval
        Minutes between frames, or None where unknown.
    times
        Minutes (T,) of each frame, with gaps where frames are missing; they win over `interval`.
    coverage
        Of the interval.

    Raises
    ------
    ValueError
        When `interval` is not above 0, `times` are not one per frame, finite and rising, or `coverage` is not between
        0 and 1.
    """
    minutes = frame_minutes(tracks.frames, interval, times)
    if not 0 < coverage < 1:
        raise ValueError(f"the coverage is {coverage}, and must lie between 0 and 1")
    deaths = int((tracks.summary["end"] == "dies").sum())
    unit = "frame" if interval is None and times is None else "hour"
    exposure = _time_at_risk(tracks, np.arange(tracks.frames, dtype=np.float64) if unit == "frame" else minutes / 60)
    if not exposure:
        return DeathRate(deaths, 0.0, None, None, None, unit)
    tail = (1 - coverage) / 2
    lower = float(chi2.ppf(tail, 2 * deaths)) / 2 if deaths else 0.0
    upper = float(chi2.ppf(1 - tail, 2 * deaths + 2)) / 2
    return DeathRate(deaths, exposure, deaths / exposure, lower / exposure, upper / exposure, unit)


def _time_at_risk(tracks: Tracks, times: NDArray[np.float64]) -> float:
    """Time from one frame to the next, of all cells; a cell that is missed for a while stays where it was."""
    table = tracks.table
    if table.empty:
        return 0.0
    track, frame = table["track"].to_numpy(), table["frame"].to_numpy()
    last = np.append(track[1:] != track[:-1], True)
    until = np.where(last, frame + 1, np.append(frame[1:], 0))
    until[last & table["end"].isin(["merges", "lost"]).to_numpy()] -= 1
    until = np.maximum(np.minimum(until, tracks.frames - 1 - tracks.gap_frames), frame)
    inner = ~tracks.view.at_rim(frame, table[["y", "x"]].to_numpy(), 1)
    return float((times[until] - times[frame])[inner].sum())
