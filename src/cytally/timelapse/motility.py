"""How cells move: speed, persistence, and how their mean squared displacement grows with time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cytally.timelapse.frame_minutes import frame_minutes
from cytally.timelapse.tracks import Tracks

RESAMPLINGS = 200
"""Times that tracks are drawn anew for the interval of the exponent."""

MOST_STEPS = 10_000
"""Steps into which time is cut for lags, or as many as there are frames: bounds work where frames come in bursts."""


@dataclass(frozen=True, eq=False)
class Motility:
    """How cells move.

    Parameters
    ----------
    table
        One row per track: ``track``, ``frames`` (from its first to its last), ``path`` (length), ``net`` (distance from
        its first place to its last one), ``duration``, ``speed`` (path / duration), ``persistence`` (net / path: 1 on a
        straight line). What a track of one frame has no value for is empty, as is the persistence of a cell that
        does not move.
    displacement
        One row per lag: ``lag`` (time), ``msd`` (mean squared displacement of all tracks and beginnings), ``pairs``
        (how many places it is the mean of).
    alpha
        Exponent of the fit ``msd = coefficient × lag^alpha``: 1 where cells wander at random, 2 where they go straight
        on, below 1 where they are confined. None where too few lags are seen, or nothing moves.
    alpha_interval
        95 % interval of alpha, tracks being drawn anew; None with fewer than three tracks.
    coefficient
        msd at lag 1; of cells that wander at random, four times their diffusion coefficient.
    fitted_lags
        Over how many lags, from the first, alpha was fitted.
    length_unit, time_unit
        ``µm`` or ``pixel``; ``minute`` or ``frame``.
    """

    table: pd.DataFrame
    displacement: pd.DataFrame
    alpha: float | None
    alpha_interval: tuple[float, float] | None
    coefficient: float | None
    fitted_lags: int
    length_unit: str
    time_unit: str


def motility(
    tracks: Tracks,
    interval: float | None = None,
    pixel_size: float | None = None,
    *,
    times: ArrayLike | None = None,
) -> Motility:
    """Measure how cells move.

    alpha is the slope of the logarithm of the mean squared displacement over that of the lag, by least squares over the
    first quarter of the lags (at least two): of longer ones, too few are seen to be trusted. Lags are whole steps of
    the median time between frames, to which the times of frames are rounded.

    Parameters
    ----------
    tracks
        From `track` or `track_labels`, shifts of the camera undone.
    interval
        Minutes between frames; None counts time in frames.
    pixel_size
        Micrometres per pixel; None measures in pixels.
    times
        Minutes (T,) of each frame, with gaps where frames are missing; they win over `interval`.

    Raises
    ------
    ValueError
        When `interval` or `pixel_size` is not above 0, or `times` are not one per frame, finite and rising.
    """
    if pixel_size is not None and not pixel_size > 0:
        raise ValueError(f"the pixel size is {pixel_size}, and must be above 0")
    in_frames = interval is None and times is None
    moments = frame_minutes(tracks.frames, 1.0 if in_frames else interval, times)
    steps, step = _steps(moments)
    length = pixel_size or 1.0
    numbers = tracks.table["track"].to_numpy()
    cuts = np.flatnonzero(np.diff(numbers)) + 1
    frames = np.split(tracks.table["frame"].to_numpy(), cuts) if len(numbers) else []
    places = np.split(tracks.table[["y", "x"]].to_numpy() * length, cuts) if len(numbers) else []
    squares, pairs = _squared_displacements([steps[when] for when in frames], places)
    total = pairs.sum(axis=0)
    seen = np.flatnonzero(total)
    lags = np.asarray((seen + 1) * step, np.float64)
    msd: NDArray[np.float64] = squares.sum(axis=0)[seen] / total[seen]
    quarter = min(max(2, len(seen) // 4), len(seen))
    fit = _fit(lags[:quarter], msd[:quarter])
    return Motility(
        table=_table(tracks.summary["track"].to_numpy(), frames, places, moments),
        displacement=pd.DataFrame({"lag": lags, "msd": msd, "pairs": total[seen]}),
        alpha=None if fit is None else fit[0],
        alpha_interval=None if fit is None else _interval(lags, squares, pairs, seen[:quarter]),
        coefficient=None if fit is None else float(np.exp(fit[1])),
        fitted_lags=0 if fit is None else quarter,
        length_unit="pixel" if pixel_size is None else "µm",
        time_unit="frame" if in_frames else "minute",
    )


def _steps(times: NDArray[np.float64]) -> tuple[NDArray[np.int64], float]:
    """The times of frames in whole steps, and how long a step is."""
    if len(times) < 2:
        return np.zeros(len(times), np.int64), 1.0
    step = max(float(np.median(np.diff(times))), float(times[-1]) / max(MOST_STEPS, len(times)))
    return np.rint(times / step).astype(np.int64), step


def _table(
    numbers: NDArray[np.int64],
    frames: list[NDArray[np.int64]],
    places: list[NDArray[np.float64]],
    times: NDArray[np.float64],
) -> pd.DataFrame:
    lasting = np.array([when[-1] - when[0] for when in frames], np.int64)
    duration = np.array([times[when[-1]] - times[when[0]] for when in frames], np.float64)
    path = np.array([np.linalg.norm(np.diff(where, axis=0), axis=1).sum() for where in places], np.float64)
    net = np.array([np.linalg.norm(where[-1] - where[0]) for where in places], np.float64)
    moving = lasting > 0
    return pd.DataFrame(
        {
            "track": numbers,
            "frames": lasting + 1,
            "path": np.where(moving, path, np.nan),
            "net": np.where(moving, net, np.nan),
            "duration": duration,
            "speed": _ratio(path, duration),
            "persistence": _ratio(net, path),
        }
    )


def _ratio(over: NDArray[np.float64], under: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.full(len(over), np.nan)
    np.divide(over, under, out=ratio, where=under > 0)
    return ratio


def _squared_displacements(
    steps: list[NDArray[np.int64]], places: list[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Per track and lag (S, L): the sum of squared displacements, and of how many pairs of frames. Lag 1 is first.

    Of frames that fall into the same step, the last counts.
    """
    longest = max((int(when[-1] - when[0]) for when in steps), default=0)
    squares, pairs = np.zeros((len(steps), longest)), np.zeros((len(steps), longest), np.int64)
    for row, (when, where) in enumerate(zip(steps, places, strict=True)):
        lasting = int(when[-1] - when[0])
        seen, moved = np.zeros(lasting + 1), np.zeros((lasting + 1, 2))
        seen[when - when[0]] = 1
        moved[when - when[0]] = where - where[0]  # from where it began: the sums below then cancel well
        length = (moved**2).sum(axis=1)
        # |b - a|² = |a|² + |b|² - 2 ab, summed over all pairs of frames at each lag.
        apart = _at_lags(length, seen) + _at_lags(seen, length)
        apart -= 2 * sum(_at_lags(moved[:, axis], moved[:, axis]) for axis in (0, 1))
        squares[row, :lasting] = np.maximum(apart, 0)
        pairs[row, :lasting] = np.rint(_at_lags(seen, seen)).astype(np.int64)
    return squares, pairs


def _at_lags(after: NDArray[np.float64], before: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of after[t + lag] before[t] over t, of every lag from 1 on."""
    return np.correlate(after, before, "full")[len(after) :].astype(np.float64)


def _fit(lags: NDArray[np.float64], msd: NDArray[np.float64]) -> tuple[float, float] | None:
    """Slope and intercept of log msd over log lag."""
    if len(lags) < 2 or not (msd > 0).all():
        return None
    slope, intercept = np.polyfit(np.log(lags), np.log(msd), 1)
    return float(slope), float(intercept)


def _interval(
    lags: NDArray[np.float64],
    squares: NDArray[np.float64],
    pairs: NDArray[np.int64],
    fitted: NDArray[np.intp],
) -> tuple[float, float] | None:
    """95 % percentile interval of alpha, from tracks drawn with replacement; the lags of a track hang together."""
    used = pairs.sum(axis=1) > 0
    if used.sum() < 3:
        return None
    squares, pairs = squares[used][:, fitted], pairs[used][:, fitted]
    drawn = np.random.default_rng(0).multinomial(len(pairs), np.full(len(pairs), 1 / len(pairs)), RESAMPLINGS)
    sums, counts = drawn @ squares, drawn @ pairs
    fits = [_fit(lags[: len(fitted)], s / n) for s, n in zip(sums, counts, strict=True) if n.all()]
    slopes = [fit[0] for fit in fits if fit is not None]
    if len(slopes) < RESAMPLINGS / 2:
        return None
    low, high = np.percentile(slopes, [2.5, 97.5])
    return float(low), float(high)
