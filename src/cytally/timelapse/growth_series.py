"""Counts as they were given, checked, and made ready for a fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cytally.errors import DataError
from cytally.timelapse.growth_result import TimeUnit

Floats = NDArray[np.float64]

IN_FRAMES = "The interval between frames is unknown: times are in frames."

_LOWEST_REFERENCE = 0.5  # cells: an expected count below it would weigh a zero without bound
_NEIGHBOURS = 5  # frames, at least, under the kernel that smooths


@dataclass(frozen=True)
class GivenCounts:
    """The counts (T,) that can be fitted, their times (T,) in minutes or frames, and what was left out."""

    times: Floats
    counts: Floats
    begin: float
    """The first time given, whether or not its frame could be counted."""
    unit: TimeUnit
    left_out: int
    notes: tuple[str, ...]

    @property
    def duration(self) -> float:
        """From the first time given to the last one fitted, in minutes or frames."""
        return float(self.times[-1] - self.begin) or 1.0

    @property
    def span(self) -> float:
        """The duration in the unit of the results: hours, or frames."""
        return self.duration / 60 if self.unit == "hours" else self.duration

    @property
    def scaled(self) -> Floats:
        """Times (T,) from 0 to 1."""
        return (self.times - self.begin) / self.duration

    @cached_property
    def smoothed(self) -> Floats:
        """About what is expected (T,), without any model: the logarithm smoothed by local straight lines."""
        logarithm, times = np.log(self.counts + 0.5), self.scaled
        width = max(0.1, _NEIGHBOURS / len(times)) / 2
        smooth = np.empty_like(times)
        for index, time in enumerate(times):
            weights = np.exp(-(((times - time) / width) ** 2) / 2)
            centre = np.average(times, weights=weights)
            spread = np.average((times - centre) ** 2, weights=weights)
            mean = np.average(logarithm, weights=weights)
            slope = np.average((times - centre) * (logarithm - mean), weights=weights) / spread
            smooth[index] = mean + slope * (time - centre)
        return floored(np.exp(smooth) - 0.5)


def floored(expected: Floats) -> Floats:
    """Expected counts that variances can be in proportion to."""
    return np.maximum(expected, _LOWEST_REFERENCE)


def given_counts(times: ArrayLike | None, counts: ArrayLike, *, in_frames: bool = False) -> GivenCounts:
    """Check counts and their times, and leave out what cannot be fitted: frames without a count, before the first and
    after the last cell. Times are in minutes unless they are `in_frames`.

    Raises
    ------
    DataError
        When lengths differ, times do not ascend, or a count is below 0 or infinite.

    Examples
    --------
    >>> given = given_counts([0, 20, 40, 60], [5, np.nan, 0, 0])
    >>> given.counts.tolist(), given.left_out
    ([5.0, 0.0], 2)
    """
    count = np.asarray(counts, dtype=np.float64)
    if count.ndim != 1:
        raise DataError(f"counts have {count.ndim} axes", cure="give one count for each frame")
    if np.isinf(count).any() or (count < 0).any():
        raise DataError("a count is below 0 or infinite", cure="give NaN for a frame that could not be counted")
    time = np.arange(len(count), dtype=np.float64) if times is None else np.asarray(times, dtype=np.float64)
    if time.shape != count.shape:
        raise DataError(f"there are {time.size} times for {count.size} counts", cure="give one time for each frame")
    if not np.isfinite(time).all() or (np.diff(time) <= 0).any():
        raise DataError("times do not ascend", cure="put the frames in order, each once, or give their interval")
    notes = []
    if times is None or in_frames:
        notes.append(IN_FRAMES)
    begin = float(time[0]) if len(time) else 0.0
    counted = np.isfinite(count)
    if not counted.all():
        notes.append(_told(int((~counted).sum()), "left out of the fit: not counted, or the same as the frame before"))
    time, count = time[counted], count[counted]
    taken = np.flatnonzero(fitted_frames(count))
    first, end = (int(taken[0]), int(taken[-1]) + 1) if len(taken) else (0, 0)
    if first:
        notes.append(_told(first, "left out of the fit: before the first cell nothing can grow"))
    if count.any() and not count[-1]:
        notes.append("The counts fall to zero: what grew was lost, or was no longer seen.")
    if count.any() and _comes_back(count[first:]):
        notes.append("The counts fall to zero and come back: look at the frames in between, which are fitted, too.")
    if end < len(count):
        notes.append(_told(len(count) - end, "left out of the fit: after the last cell nothing can grow"))
    time, count = time[first:end], count[first:end]
    unit: TimeUnit = "frames" if times is None or in_frames else "hours"
    return GivenCounts(time, count, begin, unit, len(counted) - len(count), tuple(notes))


def fitted_frames(counts: ArrayLike) -> NDArray[np.bool_]:
    """Which counts (T,), NaN where there is none, take part in a fit: from the first cell to one frame after the last.

    Examples
    --------
    >>> fitted_frames([0, 4, np.nan, 2, 0, 0]).tolist()
    [False, True, False, True, True, False]
    """
    count = np.asarray(counts, dtype=np.float64)
    taken: NDArray[np.bool_] = np.isfinite(count)
    filled = np.flatnonzero(taken & (count > 0))
    if len(filled):
        after = np.flatnonzero(taken[filled[-1] + 1 :]) + filled[-1] + 1
        taken[: filled[0]] = False
        taken[after[1:]] = False
    return taken


def _comes_back(count: Floats) -> bool:
    """Whether there are cells, then none in two frames or more on end, then cells.

    Examples
    --------
    >>> _comes_back(np.array([3.0, 0, 0, 5])), _comes_back(np.array([3.0, 0, 5])), _comes_back(np.array([3.0, 0, 0]))
    (True, False, False)
    """
    filled = np.flatnonzero(count)
    return bool(len(filled) and (np.diff(filled) > 2).any())


def _told(number: int, what: str) -> str:
    return f"{number} {'frame was' if number == 1 else 'frames were'} {what}."
