"""laptrack's LapTrack with its candidates for gaps found at once instead of one by one.

laptrack asks pandas for the candidates of each end of a track, which takes half of all the time. What is found is the
same; should a later laptrack ask in another way, its own way is taken.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix

FRAME = 3
"""Column of the objects' frame."""


@cache
def segment_tracker() -> type[Any]:
    """The class; its `gap_closing_metric` has to take arrays (..., D) of ends and of starts as well as single rows."""
    from laptrack import LapTrack  # takes a second

    class SegmentTracker(LapTrack):  # type: ignore[misc, unused-ignore]
        def _get_gap_closing_matrix(self, segments_df: pd.DataFrame, **forced: Any) -> tuple[pd.DataFrame, Any]:
            if any(forced.values()) or not self.gap_closing_cutoff:
                theirs: Any = super()
                found: tuple[pd.DataFrame, Any] = theirs._get_gap_closing_matrix(segments_df, **forced)
                return found
            metric: Any = self.gap_closing_metric
            ends = np.stack(segments_df["last_frame_coords"].tolist())
            starts = np.stack(segments_df["first_frame_coords"].tolist())
            after = {frame: np.flatnonzero(starts[:, FRAME] == frame) for frame in np.unique(starts[:, FRAME])}
            rows, columns, costs = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)], [np.zeros(0)]
            for frame in np.unique(ends[:, FRAME]):
                ending = np.flatnonzero(ends[:, FRAME] == frame)
                for gap in range(1, self.gap_closing_max_frame_count + 1):
                    starting = after.get(frame + gap)
                    if starting is not None:
                        cost = metric(ends[ending][:, None], starts[starting][None])
                        row, column = np.nonzero(cost < self.gap_closing_cutoff)
                        rows.append(ending[row])
                        columns.append(starting[column])
                        costs.append(cost[row, column])
            joined = np.concatenate(costs), (np.concatenate(rows), np.concatenate(columns))
            return segments_df, coo_matrix(joined, shape=(len(ends), len(ends)))

    return SegmentTracker
