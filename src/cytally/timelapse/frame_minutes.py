"""When each frame was taken."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def frame_minutes(frames: int, interval: float | None = None, times: ArrayLike | None = None) -> NDArray[np.float64]:
    """Minutes (T,) of each frame from the first on, NaN where they are unknown.

    Parameters
    ----------
    frames
        How many there are.
    interval
        Minutes between frames, or None where unknown.
    times
        Minutes (T,) of each frame, with gaps where frames are missing; they win over `interval`.

    Raises
    ------
    ValueError
        When `interval` is not above 0, or `times` are not one per frame, finite and rising.

    Examples
    --------
    >>> frame_minutes(3, 10).tolist()
    [0.0, 10.0, 20.0]
    >>> frame_minutes(3, 10, [5, 15, 45]).tolist()
    [0.0, 10.0, 40.0]
    >>> frame_minutes(1).tolist()
    [nan]
    """
    if interval is not None and not interval > 0:
        raise ValueError(f"the interval is {interval} minutes, and must be above 0")
    if times is None:
        return np.arange(frames, dtype=np.float64) * (np.nan if interval is None else interval)
    minutes = np.asarray(times, np.float64)
    if minutes.shape != (frames,):
        raise ValueError(f"there are times of shape {minutes.shape} for {frames} frames, and must be one for each")
    if not np.isfinite(minutes).all() or not (np.diff(minutes) > 0).all():
        raise ValueError("the times of frames must be finite, and each later than the one before")
    return minutes - minutes[:1]
