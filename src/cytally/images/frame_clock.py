"""The times of a time-lapse's frames: what the user says or the files tell; and whether names are in that order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cytally.images.frame_times import from_dates
from cytally.images.timelapse import note

LATER = 1.0
"""Seconds by which a file must be older than the one before it for the order of their names to be doubted."""

GIVE = "give the minutes between frames with --interval"


@dataclass(frozen=True)
class Clock:
    """What is known of the frames' times.

    Parameters
    ----------
    names, places
        What frames are called, and where they stand in the order of time.
    readable
        Which of them can be read.
    said
        Minutes between frames by the user's word, or None.
    interval, times
        Minutes between frames, and minutes of each frame, by the files, or None.
    dates
        When each frame was taken by its file, or None.
    files
        The file of each frame, or None.
    """

    names: Sequence[str]
    places: Sequence[float]
    readable: Sequence[bool]
    said: float | None = None
    interval: float | None = None
    times: Sequence[float] | None = None
    dates: Sequence[datetime | None] = ()
    files: Sequence[Path | None] = ()


@dataclass(frozen=True)
class Times:
    """Minutes between frames (the median), minutes (T,) from the place 0 on, and what is amiss with them."""

    interval: float | None
    times: NDArray[np.float64] | None
    notes: tuple[str, ...] = ()


def find_times(clock: Clock, file: Path) -> Times:
    """Find the times of the frames.

    What the user says wins; then come the times of the frames in one file, the dates of frames in several, and the
    interval that a file tells. Where frames are missing, time goes on.

    Parameters
    ----------
    clock
        What is known.
    file
        The time-lapse's file or folder, for the notes.
    """
    if len(clock.places) == 1:
        cure = "put the frames of a time-lapse into one folder or one file"
        return Times(clock.said, np.zeros(1), (note(file, "is a single frame", cure),))
    places = np.asarray(clock.places, dtype=np.float64)
    notes = _disorder(clock, file)
    if clock.said is not None:
        return Times(clock.said, places * clock.said, notes)
    known = [place for place, readable in enumerate(clock.readable) if readable]
    dated = None if clock.times else from_dates([clock.dates[place] for place in known] if clock.dates else [])
    exact: Sequence[float] | NDArray[np.float64] | None = (
        clock.times if clock.times is not None and len(clock.times) == len(places) else None
    )
    if exact is None and dated is not None:
        exact = _spread(places, known, dated)
    if exact is not None:
        times = np.asarray(exact, dtype=np.float64)
        steps = np.diff(times) / np.diff(places)
        return Times(float(np.median(steps)), times, notes)
    if clock.interval is not None:
        return Times(clock.interval, places * clock.interval, notes)
    return Times(None, None, (*notes, note(file, "tells no time between frames, so that its curve is in frames", GIVE)))


def _spread(places: NDArray[np.float64], known: Sequence[int], times: Sequence[float]) -> NDArray[np.float64]:
    """Times of all frames from those of some: what lies between is interpolated, what lies outside extrapolated."""
    there = places[list(known)]
    rate = (times[-1] - times[0]) / (there[-1] - there[0])
    found = np.interp(places, there, times)
    found = np.where(places < there[0], times[0] - (there[0] - places) * rate, found)
    return np.where(places > there[-1], times[-1] + (places - there[-1]) * rate, found)


def _disorder(clock: Clock, file: Path) -> tuple[str, ...]:
    """A note where frames, in the order of their names, were not taken or written one after another."""
    dated = [(name, date) for name, date in zip(clock.names, clock.dates, strict=False) if date is not None]
    if len(dated) == len(clock.places):
        moments, what = [(name, date.timestamp()) for name, date in dated], "their dates"
    elif clock.interval is None and clock.times is None:
        moments, what = _written(clock), "the times at which their files were written"
    else:
        return ()
    wrong = [(one[0], two[0]) for one, two in pairwise(moments) if two[1] < one[1] - LATER]
    if not wrong:
        return ()
    earlier, later = wrong[0]
    more = "" if len(wrong) == 1 else f", and {len(wrong) - 1} more"
    message = f"has frames in the order of their names, not of {what} ({later} is older than {earlier}{more})"
    return (note(file, message, "rename them in the order of time if the names are wrong"),)


def _written(clock: Clock) -> list[tuple[str, float]]:
    found = []
    for name, path in zip(clock.names, clock.files, strict=False):
        try:
            if path is not None:
                found.append((name, path.stat().st_mtime))
        except OSError:
            continue
    return found
