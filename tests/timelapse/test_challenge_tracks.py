"""Result folders of the Cell Tracking Challenge: read back, and found valid by py-ctcmetrics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from ctc_metrics.scripts.validate import validate_sequence

from cytally.errors import DataError
from cytally.timelapse import challenge_tracks
from cytally.timelapse.challenge_tracks import write_challenge_tracks
from cytally.timelapse.point_labels import point_labels
from cytally.timelapse.tracking import TrackingOptions, track, track_labels


def square(image: np.ndarray, y: int, x: int, label: int, side: int = 6) -> None:
    image[y : y + side, x : x + side] = label


def masks(folder: Path) -> np.ndarray:
    return np.array([tifffile.imread(path) for path in sorted(folder.glob("mask*.tif"))])


def lines(folder: Path) -> list[list[int]]:
    return [[int(word) for word in line.split()] for line in (folder / "res_track.txt").read_text().splitlines()]


def test_labels_become_tracks(tmp_path: Path) -> None:
    labels = np.zeros((3, 40, 40), np.uint16)
    for frame, (one, other) in enumerate([(3, 7), (9, 2), (5, 1000)]):
        square(labels[frame], 10, 10 + frame, one)
        square(labels[frame], 25, 25, other)
    folder = write_challenge_tracks(tmp_path / "01_RES", iter(labels), track_labels(labels))
    assert sorted(path.name for path in folder.iterdir()) == [
        "mask000.tif",
        "mask001.tif",
        "mask002.tif",
        "res_track.txt",
    ]
    assert lines(folder) == [[1, 0, 2, 0], [2, 0, 2, 0]]
    found = masks(folder)
    assert found.dtype == np.uint16
    for frame, (one, other) in enumerate([(3, 7), (9, 2), (5, 1000)]):
        assert np.array_equal(found[frame] == 1, labels[frame] == one)
        assert np.array_equal(found[frame] == 2, labels[frame] == other)
    assert validate_sequence(str(folder), threads=1)["Valid"] == 1


def test_a_gap_is_filled_half_way(tmp_path: Path) -> None:
    labels = np.zeros((5, 60, 60), np.uint16)
    for frame in (0, 1, 3, 4):
        square(labels[frame], 20 + frame, 20 + 2 * frame, 5)
    folder = write_challenge_tracks(tmp_path / "r", labels, track_labels(labels))
    wanted = np.zeros((60, 60), int)
    square(wanted, 22, 24, 1)
    assert lines(folder) == [[1, 0, 4, 0]]
    assert np.array_equal(masks(folder)[2], wanted)
    assert validate_sequence(str(folder), threads=1)["Valid"] == 1


def test_a_gap_follows_the_camera_and_spares_others(tmp_path: Path) -> None:
    labels = np.zeros((3, 60, 60), np.uint16)
    square(labels[0], 20, 20, 1)
    square(labels[1], 30, 13, 1, side=4)  # another cell, which covers what the first one's lower left would be
    square(labels[2], 20, 20, 1)
    shifts = np.array([[0, 0], [7, -5], [0, 0]])
    tracks = track_labels(labels, TrackingOptions(diameter=7, max_step=3), shifts=shifts)
    assert tracks.summary["seen"].tolist() == [2, 1]
    found = masks(write_challenge_tracks(tmp_path / "r", labels, tracks))[1]
    filled = np.zeros((60, 60), int)
    square(filled, 27, 15, 1)
    square(filled, 30, 13, 2, side=4)
    assert np.array_equal(found, filled)


def test_a_gap_without_room_becomes_a_track_of_its_own(tmp_path: Path) -> None:
    labels = np.zeros((5, 60, 60), np.uint16)
    for frame in (0, 1, 3, 4):
        square(labels[frame], 20, 20, 1)
        square(labels[frame], 20, 40, 2)
    labels[2] = 7  # an object that covers all
    tracks = track_labels(labels, TrackingOptions(diameter=7, max_step=3, area_weight=0, divisions=False))
    assert tracks.summary["seen"].tolist() == [4, 4, 1]
    folder = write_challenge_tracks(tmp_path / "r", labels, tracks)
    assert lines(folder) == [[1, 0, 1, 0], [2, 0, 1, 0], [3, 2, 2, 0], [4, 3, 4, 1], [5, 3, 4, 2]]
    assert validate_sequence(str(folder), threads=1)["Valid"] == 1


def test_mothers_and_points(tmp_path: Path) -> None:
    points = [[[50, 50]], [[50, 50]], [[50, 43], [50, 57]], [[50, 40], [50, 60]]]
    tracks = track(points, TrackingOptions(diameter=20), shape=(100, 100))
    folder = write_challenge_tracks(tmp_path / "r", point_labels(tracks, (100, 100)), tracks)
    assert lines(folder) == [[1, 0, 1, 0], [2, 2, 3, 1], [3, 2, 3, 1]]
    assert validate_sequence(str(folder), threads=1)["Valid"] == 1


def test_nothing_to_track(tmp_path: Path) -> None:
    labels = np.zeros((2, 9, 9), int)
    folder = write_challenge_tracks(tmp_path / "r", labels, track_labels(labels))
    assert lines(folder) == [] and masks(folder).shape == (2, 9, 9)


def test_an_older_result_is_replaced_and_a_failed_one_leaves_nothing(tmp_path: Path) -> None:
    labels = np.zeros((2, 9, 9), int)
    square(labels[0], 2, 2, 1, side=4)
    folder = write_challenge_tracks(tmp_path / "r", labels, track_labels(labels))
    (folder / "mask009.tif").touch()
    write_challenge_tracks(folder, labels, track_labels(labels))
    assert not (folder / "mask009.tif").exists()
    for wrong in (labels[:1], np.concatenate([labels, labels])):
        with pytest.raises(DataError, match="label images for tracks of 2 frames"):
            write_challenge_tracks(folder, wrong, track_labels(labels))
    assert [path.name for path in tmp_path.iterdir()] == ["r"] and len(list(folder.iterdir())) == 3


def test_too_many_tracks_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(challenge_tracks, "MOST_TRACKS", 1)
    labels = np.zeros((1, 20, 20), int)
    square(labels[0], 2, 2, 1)
    square(labels[0], 12, 12, 2)
    with pytest.raises(DataError, match="more than 1 tracks"):
        write_challenge_tracks(tmp_path / "r", labels, track_labels(labels))


def test_names_of_many_frames_sort(tmp_path: Path) -> None:
    labels = np.zeros((1001, 3, 3), np.uint8)
    folder = write_challenge_tracks(tmp_path / "r", labels, track_labels(labels))
    names = sorted(path.name for path in folder.glob("*.tif"))
    assert names[0] == "mask0000.tif" and names[-1] == "mask1000.tif"
