"""The quick way finds what laptrack's own way finds."""

from __future__ import annotations

import numpy as np
import pytest
from laptrack import LapTrack

from cytally.timelapse.gap_candidates import segment_tracker


def cost(ends: np.ndarray, starts: np.ndarray) -> np.ndarray:
    apart = np.asarray(ends) - np.asarray(starts)
    return (apart[..., 0] ** 2 + apart[..., 1] ** 2) / -apart[..., 3] / 100


@pytest.mark.parametrize("seed", range(4))
def test_as_laptrack_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 60, (15, 2))
    frames = []
    for frame in range(12):
        places = places + rng.normal(0, 2, places.shape)
        seen = places[rng.random(15) > 0.3] if frame != 5 else places[:0]
        frames.append(np.column_stack([seen, np.zeros(len(seen)), np.full(len(seen), frame)]))
    settings = {
        "cutoff": 30,
        "gap_closing_metric": cost,
        "gap_closing_cutoff": 1.0,
        "gap_closing_max_frame_count": 3,
        "segment_start_cost": 1.0,
        "segment_end_cost": 1.0,
    }
    wanted, found = (set(tracker(**settings).predict(frames).edges) for tracker in (LapTrack, segment_tracker()))
    assert found == wanted
    assert any(other[0] - one[0] > 1 for one, other in found)


def test_without_gaps() -> None:
    frames = [np.array([[0.0, 0, 0, 0]]), np.zeros((0, 4)), np.array([[0.0, 0, 0, 2]])]
    assert not segment_tracker()(gap_closing_cutoff=False).predict(frames).edges
