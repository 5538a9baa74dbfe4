"""Where cells came from."""

from __future__ import annotations

import pandas

from cytally.report.track_tails import TrackTails

TRACKS = pandas.DataFrame(
    # Track 2 has a gap in frame 1, track 3 has ended before frame 2.
    [(2, 2, 22.0, 0.0), (1, 0, 10.0, 1.0), (1, 1, 11.0, 1.0), (1, 2, 12.0, 1.0), (2, 0, 20.0, 0.0), (3, 1, 30.0, 0.0)],
    columns=["track", "frame", "y", "x"],
)


def test_tails_end_at_the_frame() -> None:
    points, tracks, tails = TrackTails(TRACKS).at(2)
    assert points.tolist() == [[12, 1], [22, 0]] and tracks.tolist() == [1, 2]
    assert [(track, places[:, 0].tolist()) for track, places in tails] == [(1, [10, 11, 12]), (2, [20, 22])]


def test_they_are_no_longer_than_told() -> None:
    _, _, tails = TrackTails(TRACKS, length=2).at(2)
    assert [(track, places[:, 0].tolist()) for track, places in tails] == [(1, [11, 12]), (2, [22])]


def test_a_frame_without_cells() -> None:
    points, tracks, tails = TrackTails(TRACKS).at(7)
    assert points.shape == (0, 2) and tracks.shape == (0,) and tails == []
