"""Deaths per hour, where tracks end inside the field of view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

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


def death_rate(tracks: Tracks, interval: float | None = None, *, coverage: float = 0.95) -> DeathRate:
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
    coverage
        Of the interval.

    Raises
    ------
    ValueError
        When `interval` is not above 0, or `coverage` not between 0 and 1.
    """
    if interval is not None and not interval > 0:
        raise ValueError(f"the interval is {interval} minutes, and must be above 0")
    if not 0 < coverage < 1:
        raise ValueError(f"the coverage is {coverage}, and must lie between 0 and 1")
    deaths = int((tracks.summary["end"] == "dies").sum())
    exposure = _intervals_at_risk(tracks) * (1.0 if interval is None else interval / 60)
    unit = "frame" if interval is None else "hour"
    if not exposure:
        return DeathRate(deaths, 0.0, None, None, None, unit)
    tail = (1 - coverage) / 2
    lower = float(chi2.ppf(tail, 2 * deaths)) / 2 if deaths else 0.0
    upper = float(chi2.ppf(1 - tail, 2 * deaths + 2)) / 2
    return DeathRate(deaths, exposure, deaths / exposure, lower / exposure, upper / exposure, unit)


def _intervals_at_risk(tracks: Tracks) -> int:
    """From one frame to the next, of all cells; a cell that is missed for a while stays where it was."""
    table = tracks.table
    if table.empty:
        return 0
    track, frame = table["track"].to_numpy(), table["frame"].to_numpy()
    last = np.append(track[1:] != track[:-1], True)
    until = np.where(last, frame + 1, np.append(frame[1:], 0))
    until[last & table["end"].isin(["merges", "lost"]).to_numpy()] -= 1
    until = np.minimum(until, tracks.frames - 1 - tracks.gap_frames)
    inner = ~tracks.view.at_rim(frame, table[["y", "x"]].to_numpy(), 1)
    return int(np.maximum(until - frame, 0)[inner].sum())
