import numpy as np
import pytest

from cytally.errors import ConfigError
from cytally.synthesis import timelapse_tracks
from cytally.synthesis.timelapse_tracks import Sighting, true_tracks


def sightings(*frames):
    """Frames as dictionaries of number: share."""
    return [Sighting(np.array(list(frame), dtype=np.int64), np.array(list(frame.values()), float)) for frame in frames]


def rows(tracks):
    return [tuple(row) for row in tracks.table.itertuples(index=False)]


def test_a_division_a_death_and_one_that_lasts():
    seen = sightings({1: 1, 2: 1}, {1: 1, 2: 1}, {3: 1, 4: 1, 2: 1}, {3: 1, 4: 1})
    tracks = true_tracks(seen, {1: 0, 2: 0, 3: 1, 4: 1}, {1: 1, 2: 2}, {2})
    assert rows(tracks) == [
        (1, 0, 1, 0, "divides"), (2, 0, 2, 0, "dies"), (3, 2, 3, 1, "last frame"), (4, 2, 3, 1, "last frame"),
    ]  # fmt: skip
    assert tracks.deaths.tolist() == [0, 0, 0, 1]
    assert [len(names) for names in tracks.names] == [2, 2, 3, 2]
    assert tracks.labels(2, np.array([[0, 3], [4, 2]])).tolist() == [[0, 3], [4, 2]]


def test_who_leaves_and_returns_is_another_track_and_so_are_daughters_from_without():
    seen = sightings({1: 1}, {}, {1: 1}, {}, {2: 1}, {2: 1})
    tracks = true_tracks(seen, {1: 0, 2: 1, 3: 1}, {1: 3}, set())
    assert rows(tracks) == [(1, 0, 0, 0, "leaves"), (2, 2, 2, 0, "leaves"), (3, 4, 5, 0, "last frame")]


def test_on_the_border_cells_do_not_flicker():
    seen = sightings({1: 0.1}, {1: 0.3}, {1: 0.1}, {1: 0.2}, {1: 0.3}, {1: 0.2}, {1: 0.1})
    tracks = true_tracks(seen, {1: 0}, {}, set())
    assert rows(tracks) == [(1, 1, 4, 0, "leaves")]
    assert tracks.labels(0, np.array([[1]])).tolist() == [[0]], "a glimpse before does not count"
    long = sightings({1: 0.3}, *[{1: 0.1}] * 4, {1: 0.3})
    assert rows(true_tracks(long, {1: 0}, {}, set())) == [(1, 0, 0, 0, "leaves"), (2, 5, 5, 0, "last frame")]
    hidden = sightings({1: 0.3}, {}, {1: 0.3})
    assert len(true_tracks(hidden, {1: 0}, {}, set()).table) == 2


def test_a_mother_whose_daughters_are_not_seen_has_left_and_one_with_one_daughter_divides():
    seen = sightings({1: 1, 2: 1}, {3: 1})
    tracks = true_tracks(seen, {1: 0, 2: 0, 3: 1, 4: 1, 5: 2, 6: 2}, {1: 0, 2: 0}, set())
    assert rows(tracks) == [(1, 0, 0, 0, "divides"), (2, 0, 0, 0, "leaves"), (3, 1, 1, 1, "last frame")]


def test_nobody_at_all():
    tracks = true_tracks(sightings({}, {}), {}, {}, set())
    assert not len(tracks.table) and list(tracks.table) == ["track", "begin", "end", "parent", "fate"]
    assert tracks.labels(1, np.zeros((2, 2), dtype=np.int32)).dtype == np.uint16


def test_more_tracks_than_labels(monkeypatch):
    monkeypatch.setattr(timelapse_tracks, "MOST", 1)
    with pytest.raises(ConfigError, match="2 tracks"):
        true_tracks(sightings({1: 1, 2: 1}), {1: 0, 2: 0}, {}, set())
