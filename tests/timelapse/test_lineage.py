"""Families, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.timelapse.lineage import lineage
from cytally.timelapse.tracking import TrackingOptions, Tracks, track


def family() -> Tracks:
    """1 divides after frame 2 into 2 and 3; 3, on the right, divides after frame 5. Another cell, 4, stays alone."""
    alone = [20, 150]
    points = [[[100, 100], alone]] * 3
    points += [[[100, 93], [100, 107], alone]] + [[[100, 90], [100, 112], alone]] * 2
    points += [[[100, 90], [93, 112], [107, 112], alone]] * 3
    return track(points, TrackingOptions(diameter=20), shape=(200, 200))


def test_generations_and_places() -> None:
    tree = lineage(family(), 20).table
    rows = tree[["track", "parent", "family", "generation", "daughters", "place"]].to_numpy().tolist()
    # Tracks are numbered by frame, then from above: the one alone is 1.
    assert rows == [
        [1, 0, 1, 0, 0, 0],
        [2, 0, 2, 0, 2, 1.75],
        [3, 2, 2, 1, 0, 1],
        [4, 2, 2, 1, 2, 2.5],
        [5, 4, 2, 2, 0, 2],
        [6, 4, 2, 2, 0, 3],
    ]


def test_division_times_and_cycles() -> None:
    found = lineage(family(), 20)
    assert found.divisions.to_numpy().tolist() == [[2, 2, 40], [4, 5, 100]]
    assert found.cycles.to_numpy().tolist() == [[4, 3, 60]]  # born in frame 3, her daughters in frame 6
    assert found.dividing == [2]


def test_without_an_interval_there_are_no_minutes() -> None:
    found = lineage(family())
    assert np.isnan(found.cycles["minutes"]).all() and found.cycles["frames"].tolist() == [3]


@pytest.mark.parametrize("points", [[], [[]], [[[5, 5]]]])
def test_without_divisions(points: list[object]) -> None:
    found = lineage(track(points), 5)  # type: ignore[arg-type]
    assert found.cycles.empty and found.divisions.empty and found.dividing == []
    assert found.table["generation"].tolist() == [0] * len(found.table)


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="interval"):
        lineage(family(), -1)


def test_times_of_frames_win_over_the_interval() -> None:
    times = np.array([0, 20, 40, 60, 80, 100, 300, 320, 340])  # frames are missing before the second division is seen
    for interval in (None, 20):
        found = lineage(family(), interval, times=times + 5)
        assert found.divisions.to_numpy().tolist() == [[2, 2, 40], [4, 5, 100]]
        assert found.cycles.to_numpy().tolist() == [[4, 3, 240]]
