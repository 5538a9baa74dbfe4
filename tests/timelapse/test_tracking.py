"""Small time-lapses worked out by hand, what must not matter, and cells of which the truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cytally.metrics.tracking import tracking_metrics
from cytally.timelapse.challenge_tracks import write_challenge_tracks
from cytally.timelapse.point_labels import point_labels
from cytally.timelapse.tracking import TrackingOptions, Tracks, track, track_labels

FIELD = (200, 200)
SIZED = TrackingOptions(diameter=20)


def told(tracks: Tracks) -> list[tuple[object, ...]]:
    """First and last frame, parent, begin and end of every track."""
    return list(tracks.summary[["first", "last", "parent", "begin", "end"]].itertuples(index=False, name=None))


def test_two_cells_and_a_gap() -> None:
    points = [[[50, 50], [100, 100]], [[52, 50], [99, 101]], [[54, 50]], [[56, 50], [97, 103]]]
    tracks = track(points, SIZED, shape=FIELD)
    assert told(tracks) == [(0, 3, 0, "first frame", "last frame")] * 2
    assert tracks.summary["seen"].tolist() == [4, 3]
    second = tracks.table[tracks.table["track"] == 2]
    assert second[["frame", "y", "x", "label"]].to_numpy().tolist() == [
        [0, 100, 100, 2],
        [1, 99, 101, 2],
        [3, 97, 103, 2],
    ]


def test_a_gap_that_is_too_long_stays() -> None:
    points: list[object] = [[[50, 50], [100, 100]]] * 2 + [[[50, 50]]] * 2 + [[[50, 50], [100, 100]]] * 2
    closed = track(points, SIZED, shape=FIELD)
    assert len(closed) == 2
    open_ = track(points, TrackingOptions(diameter=20, gap_frames=1), shape=FIELD)
    assert told(open_)[1:] == [(0, 1, 0, "first frame", "dies"), (4, 5, 0, "appears", "last frame")]


def test_a_division_ends_the_mother_and_begins_two() -> None:
    points = [[[100, 100]], [[100, 101]], [[100, 93], [101, 109]], [[100, 90], [101, 112]]]
    tracks = track(points, SIZED, shape=FIELD)
    assert told(tracks) == [
        (0, 1, 0, "first frame", "divides"),
        (2, 3, 1, "born", "last frame"),
        (2, 3, 1, "born", "last frame"),
    ]
    assert tracks.challenge.to_numpy().tolist() == [[1, 0, 1, 0], [2, 2, 3, 1], [3, 2, 3, 1]]
    assert len(track(points, TrackingOptions(diameter=20, divisions=False), shape=FIELD)) == 2


def test_a_stranger_beside_a_cell_is_no_daughter() -> None:
    points = [[[100, 100]], [[100, 100]], [[100, 100], [100, 121]], [[100, 100], [100, 121]]]
    assert told(track(points, SIZED, shape=FIELD)) == [
        (0, 3, 0, "first frame", "last frame"),
        (2, 3, 0, "appears", "last frame"),
    ]


def test_areas_tell_a_division_from_a_neighbour() -> None:
    points = [[[100, 100]], [[100, 100]], [[100, 96], [100, 112]], [[100, 96], [100, 112]]]
    halves = [[300], [300], [160, 150], [160, 150]]
    whole = [[300], [300], [300, 290], [300, 290]]
    assert [len(track(points, SIZED, areas=areas, shape=FIELD)) for areas in (halves, whole)] == [3, 2]


def test_a_cell_cut_in_two_for_a_frame_did_not_divide() -> None:
    points = [[[100, 100]]] * 2 + [[[100, 93], [100, 107]]] + [[[100, 100]]] * 4
    tracks = track(points, SIZED, shape=FIELD)
    assert told(tracks) == [(0, 6, 0, "first frame", "last frame"), (2, 2, 0, "appears", "lost")]


def test_a_cell_cut_in_two_for_long_did_not_divide_either() -> None:
    points = [[[100, 100]]] * 2 + [[[100, 92], [100, 108]]] * 3 + [[[100, 100]]] * 4
    tracks = track(points, SIZED, shape=FIELD)
    assert told(tracks) == [(0, 8, 0, "first frame", "last frame"), (2, 4, 0, "appears", "merges")]
    assert tracks.summary["merged_into"].tolist() == [0, 1]


def test_two_cells_that_merge_are_flagged() -> None:
    points = [[[100, 88], [100, 112]], [[100, 91], [100, 109]], *[[[100, 100]]] * 6]
    areas = [[300, 300], [300, 300], *[[600]] * 6]
    tracks = track(points, SIZED, areas=areas, shape=FIELD)
    assert sorted(word for *_, word in told(tracks)) == ["last frame", "merges"]
    merged = tracks.summary[tracks.summary["end"] == "merges"].iloc[0]
    assert merged["merged_into"] == 3 - merged["track"]


def test_ends_and_beginnings() -> None:
    leaves = [[4, 100], [3, 100]]
    points = [
        [[100, 100], leaves[0]],
        [[100, 100], leaves[1]],
        [[100, 100], [100, 195]],
        [[100, 194]],
        [[100, 193]],
        [[100, 192], [150, 50]],
        [[100, 191], [150, 50]],
    ]
    assert told(track(points, SIZED, shape=FIELD)) == [
        (0, 1, 0, "first frame", "leaves"),
        (0, 2, 0, "first frame", "dies"),
        (2, 6, 0, "enters", "last frame"),
        (5, 6, 0, "appears", "last frame"),
    ]


def test_what_vanishes_too_late_to_tell_is_lost() -> None:
    points: list[object] = [[[100, 100], [50, 50]]] * 4 + [[[50, 50]]] * 2
    assert told(track(points, SIZED, shape=FIELD))[1][-1] == "lost"
    assert told(track(points, TrackingOptions(diameter=20, gap_frames=0), shape=FIELD))[1][-1] == "dies"


def test_cells_leave_where_the_common_area_ends() -> None:
    points: list[object] = [[[100, 100], [50, 50]]] * 3 + [[[50, 50]]] * 5
    inside = np.tile([0, 0, 200, 200], (8, 1))
    inside[3:, 3] = 100
    assert told(track(points, SIZED, inside=inside))[1][-1] == "leaves"
    assert told(track(points, SIZED, shape=FIELD))[1][-1] == "dies"


def test_shifts_of_the_camera_are_undone() -> None:
    shifts = np.array([[0, 0], [15, -10], [-20, 30.5]])
    still = np.array([[100, 100], [60, 70], [150, 30]])
    tracks = track([still + shift for shift in shifts], SIZED, shape=FIELD, shifts=shifts)
    assert len(tracks) == 3 and tracks.scale.step == 0
    assert np.allclose(tracks.table.groupby("track")[["y", "x"]].std(), 0)
    assert tracks.view.windows[1].tolist() == [-15.5, 9.5, 184.5, 209.5]


@pytest.mark.parametrize("points", [[], [[]], [[], [], []], [[[3, 4]]], [[], [[3, 4]], []]])
def test_hardly_anything_can_be_tracked(points: list[object]) -> None:
    tracks = track(points)  # type: ignore[arg-type]
    assert tracks.frames == len(points)
    assert len(tracks) == sum(len(frame) > 0 for frame in points)  # type: ignore[arg-type]
    assert list(tracks.table)[:5] == ["track", "frame", "y", "x", "parent"]
    assert tracks.table[["track", "frame", "parent", "label"]].dtypes.eq(np.int64).all()


def test_no_labels_at_all() -> None:
    assert len(track_labels(np.zeros((3, 8, 8), np.uint16))) == 0
    assert track_labels([]).frames == 0


def test_frames_of_changing_size_are_refused() -> None:
    with pytest.raises(ValueError, match=r"frame 1 has the shape \(3, 4\)"):
        track_labels([np.zeros((4, 4), int), np.zeros((3, 4), int)])


def test_shifts_and_windows_must_fit() -> None:
    with pytest.raises(ValueError, match="one row per frame"):
        track([[[1, 1]]], shifts=[[0, 0], [1, 1]])
    with pytest.raises(ValueError, match="windows"):
        track([[[1, 1]]], inside=[[0, 0, 2]])


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValidationError, match="speed"):
        TrackingOptions(speed=3)  # type: ignore[call-arg]
    assert all(field.description for field in TrackingOptions.model_fields.values())


class Truth:
    """A small world: discs of 16 pixels whose steps have a deviation of 2, with a cycle of about 20 frames."""

    def __init__(self, rng: np.random.Generator, frames: int, cells: int, shape: tuple[int, int]) -> None:
        places = rng.uniform(-30, np.array(shape) + 30, (cells, 2))
        names, ages = np.arange(1, cells + 1), rng.uniform(0, 20, cells)
        parents: dict[int, int] = {}
        self.points: list[np.ndarray] = []
        self.labels = np.zeros((frames, *shape), np.uint16)
        for frame in range(frames):
            seen = ((places >= 0) & (places < shape)).all(axis=1)
            self.points.append(places[seen])
            self._paint(self.labels[frame], places[seen], names[seen])
            ages = ages + 1
            alive, divide = rng.random(len(names)) > 0.003, ages > 20
            mothers = np.flatnonzero(alive & divide)
            turns = rng.uniform(0, np.pi, len(mothers))
            apart = 7 * np.stack([np.sin(turns), np.cos(turns)], axis=1)
            born = names.max(initial=0) + 1 + np.arange(2 * len(mothers))
            parents |= dict(zip(born.tolist(), np.tile(names[mothers], 2).tolist(), strict=True))
            kept = alive & ~divide
            names = np.concatenate([names[kept], born])
            ages = np.concatenate([ages[kept], rng.uniform(-2, 2, len(born))])
            places = np.concatenate([places[kept], places[mothers] + apart, places[mothers] - apart])
            places = places + rng.normal(0, 2, places.shape)
            for _ in range(3):
                places = self._apart(places)
        self.tracks = self._lines(parents)

    def _apart(self, places: np.ndarray) -> np.ndarray:
        """Push cells that overlap apart."""
        between = places[:, None] - places[None]
        distance = np.linalg.norm(between, axis=2) + np.eye(len(places))
        push = np.clip(16 - distance, 0, None) * (1 - np.eye(len(places)))
        return places + 0.25 * (between / np.maximum(distance, 1e-9)[..., None] * push[..., None]).sum(axis=1)

    def _paint(self, image: np.ndarray, places: np.ndarray, names: np.ndarray) -> None:
        rows, columns = np.indices(image.shape)
        for (y, x), name in zip(places, names, strict=True):
            image[((rows - y) ** 2 + (columns - x) ** 2 < 64) & (image == 0)] = name

    def _lines(self, parents: dict[int, int]) -> np.ndarray:
        """Tracks as in the challenge; a cell that returns into view is a new one."""
        lines: list[tuple[int, int, int, int]] = []
        spare, last = 10_000, {}
        for name in np.unique(self.labels)[1:].tolist():
            frames = np.flatnonzero((self.labels == name).any(axis=(1, 2)))
            for number, run in enumerate(np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1)):
                own, mother = name, parents.get(name, 0)
                if number:
                    spare += 1
                    own = spare
                    self.labels[run[0] : run[-1] + 1][self.labels[run[0] : run[-1] + 1] == name] = own
                kin = number == 0 and last.get(mother, (0, -2))[1] == run[0] - 1
                lines.append((own, int(run[0]), int(run[-1]), last[mother][0] if kin else 0))
                last[name] = (own, int(run[-1]))
        return np.array(lines)


def wander(seed: int, *, frames: int = 25, cells: int = 30, shape: tuple[int, int] = (300, 300)) -> Truth:
    """Cells that wander, divide and die; those within `shape` are seen."""
    return Truth(np.random.default_rng(seed), frames, cells, shape)


def measured(truth: Truth, labels: object, tracks: Tracks, folder: Path) -> dict[str, float]:
    written = write_challenge_tracks(folder / "01_RES", labels, tracks)  # type: ignore[arg-type]
    masks = [tifffile.imread(path) for path in sorted(written.glob("mask*.tif"))]
    lines = np.loadtxt(written / "res_track.txt", dtype=int, ndmin=2)
    return tracking_metrics(truth.labels, truth.tracks, masks, lines)


@pytest.mark.parametrize(("cells", "least"), [(20, 0.98), (80, 0.97)])
def test_labels_of_wandering_cells(cells: int, least: float, tmp_path: Path) -> None:
    truth = wander(cells, cells=cells)
    figures = measured(truth, truth.labels, track_labels(truth.labels), tmp_path)
    assert figures["tra"] > least and figures["det"] > 0.99 and figures["lnk"] > 2 * least - 1


def test_points_that_are_missed_and_invented(tmp_path: Path) -> None:
    truth, rng = wander(7, cells=30), np.random.default_rng(0)
    points = [
        np.concatenate([some[rng.random(len(some)) > 0.03], rng.uniform(0, 300, (int(rng.random() < 0.5), 2))])
        for some in truth.points
    ]
    tracks = track(points, shape=(300, 300))
    figures = measured(truth, point_labels(tracks, (300, 300), 16), tracks, tmp_path)
    assert figures["tra"] > 0.95 and figures["lnk"] > 0.9
    dividing = int((tracks.summary["end"] == "divides").sum())
    assert 0.7 < dividing / (np.count_nonzero(truth.tracks[:, 3]) / 2) < 1.2


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_points_changes_nothing_but_labels(seed: int) -> None:
    truth, rng = wander(seed, frames=8, cells=15, shape=(120, 120)), np.random.default_rng(seed)
    orders = [rng.permutation(len(some)) for some in truth.points]
    mixed = [some[order] for some, order in zip(truth.points, orders, strict=True)]
    one, other = (track(points, SIZED, shape=(120, 120)) for points in (truth.points, mixed))
    pd.testing.assert_frame_equal(one.summary, other.summary)
    pd.testing.assert_frame_equal(one.table.drop(columns="label"), other.table.drop(columns="label"))
    for frame, order in enumerate(orders):
        label, mixed_label = (
            tracks.table.loc[tracks.table["frame"] == frame, "label"].to_numpy() - 1 for tracks in (one, other)
        )
        assert np.array_equal(label, order[mixed_label])


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.integers(-50, 50), st.integers(-50, 50))
def test_a_shift_of_all_frames_changes_nothing(seed: int, down: int, right: int) -> None:
    points = wander(seed, frames=8, cells=15, shape=(120, 120)).points
    points = [np.round(some * 64) / 64 for some in points]  # so that sums are exact
    one = track(points, SIZED, inside=[0, 0, 120, 120])
    moved = [down, right]
    other = track([some + moved for some in points], SIZED, inside=[down, right, 120 + down, 120 + right])
    pd.testing.assert_frame_equal(one.summary, other.summary)
    assert np.array_equal(one.table[["y", "x"]] + moved, other.table[["y", "x"]])


def test_long_time_lapses_are_tracked_in_stretches_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, rng = wander(3, frames=30, cells=25, shape=(200, 200)), np.random.default_rng(1)
    points = [some[rng.random(len(some)) > 0.05] for some in truth.points]
    whole = track(points, SIZED, shape=FIELD)
    monkeypatch.setattr("cytally.timelapse.segment_links.STRETCH", 7)
    pd.testing.assert_frame_equal(whole.table, track(points, SIZED, shape=FIELD).table)
