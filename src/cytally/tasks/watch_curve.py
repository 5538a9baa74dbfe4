"""The curve of a folder that is watched, drawn again as frames come."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cytally.files import whole_file
from cytally.report.growth_curve import CurveSeries, draw_growth_curve
from cytally.report.plots import png_of
from cytally.tasks.count_row import CountRow
from cytally.tasks.counted_frames import LEFT_OUT
from cytally.tasks.growth_series import with_fit
from cytally.timelapse.growth_fit import fit_growth

SHARE = 0.1
"""Of the time between two drawings at most so much is spent on drawing: frames may come fast."""


class WatchCurve:
    """OUT/curve.png: counts over the time at which they were written, and what growth fits them.

    Parameters
    ----------
    folder
        The output folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "curve.png"
        self._ready = -np.inf

    def draw(self, minutes: Sequence[float], rows: Sequence[CountRow], *, now: bool = False) -> None:
        """Draw the curve; unless it shall be `now`, not while the last drawing has taken too much of the time."""
        started = time.monotonic()
        if not rows or (started < self._ready and not now):
            return
        order = np.argsort(minutes, kind="stable")
        times, counts = np.asarray(minutes)[order], np.array([row.count for row in rows])[order]
        flagged = np.array([bool(LEFT_OUT & set(row.flags)) for row in rows])[order]
        kept = ~flagged & np.concatenate([[True], np.diff(times) > 0])  # of frames of one moment the first
        series = CurveSeries("counts", times / 60, counts, left_out=flagged)
        with_curve = with_fit(series, fit_growth(times[kept], counts[kept]))
        with whole_file(self._path) as temporary:
            temporary.write_bytes(png_of(draw_growth_curve([with_curve])))
        spent = time.monotonic() - started
        self._ready = started + spent / SHARE
