"""Tables and files of tracks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cytally.timelapse.tracking import TrackingOptions, track
from cytally.timelapse.tracks import write_tracks


def test_the_file_holds_the_table(tmp_path: Path) -> None:
    points = [[[100, 100]], [[100, 101]], [[100, 93], [101, 109]], [[100, 90.12345], [101, 112]]]
    tracks = track(points, TrackingOptions(diameter=20), shape=(200, 200))
    write_tracks(tmp_path / "tracks.csv", tracks)
    read = pd.read_csv(tmp_path / "tracks.csv")
    assert list(read)[:5] == ["track", "frame", "y", "x", "parent"]
    pd.testing.assert_frame_equal(read, tracks.table.round(3), check_dtype=False)
    assert read[["track", "frame", "parent"]].to_numpy().tolist() == [
        [1, 0, 0],
        [1, 1, 0],
        [2, 2, 1],
        [2, 3, 1],
        [3, 2, 1],
        [3, 3, 1],
    ]


def test_the_file_of_nothing_has_a_header(tmp_path: Path) -> None:
    write_tracks(tmp_path / "tracks.csv", track([]))
    text = (tmp_path / "tracks.csv").read_text(encoding="utf-8")
    assert text == "track,frame,y,x,parent,label,area,begin,end,merged_into\n"
