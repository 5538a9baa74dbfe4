"""Speeds by hand; mean squared displacements against two loops; exponents of known walks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.timelapse.motility import motility
from cytally.timelapse.tracking import TrackingOptions, Tracks, track

OPTIONS = TrackingOptions(diameter=20, max_step=100)


def test_speeds_by_hand() -> None:
    # A cell goes 3 down and 4 right, misses a frame, and comes back half the way: 5 + 2.5 pixels in 3 frames.
    tracks = track([[[50, 50]], [[53, 54]], [], [[51.5, 52]]], OPTIONS, shape=(100, 100))
    found = motility(tracks, interval=10, pixel_size=0.5)
    row = found.table.iloc[0]
    assert (row["path"], row["net"], row["duration"]) == pytest.approx((3.75, 1.25, 30))
    assert (row["speed"], row["persistence"], row["frames"]) == pytest.approx((0.125, 1 / 3, 4))
    assert (found.length_unit, found.time_unit) == ("µm", "minute")
    # Lag 1: 25; lag 2: 6.25; lag 3: 6.25 square pixels, each once.
    assert found.displacement["lag"].tolist() == [10, 20, 30]
    assert found.displacement["msd"].tolist() == pytest.approx([25 / 4, 6.25 / 4, 6.25 / 4])
    assert found.displacement["pairs"].tolist() == [1, 1, 1]


def walks(seed: int, cells: int, frames: int, missed: float = 0.0, drift: float = 0.0) -> Tracks:
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 1, (frames, cells, 2)) * (drift == 0)
    places = np.cumsum(steps, axis=0) + np.arange(cells)[:, None] * 200
    places[..., 1] += drift * np.arange(frames)[:, None]
    return track([some[rng.random(cells) >= missed] for some in places], OPTIONS, inside=[-999, -999, 9999, 9999])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 999))
def test_displacements_are_those_of_two_loops(seed: int) -> None:
    tracks = walks(seed, 3, 10, missed=0.2)
    found = motility(tracks).displacement
    sums: dict[int, list[float]] = {}
    for _, path in tracks.table.groupby("track"):
        rows = path[["frame", "y", "x"]].to_numpy()
        for one in rows:
            for other in rows:
                if other[0] > one[0]:
                    sums.setdefault(int(other[0] - one[0]), []).append(float(np.sum((other[1:] - one[1:]) ** 2)))
    lags = sorted(sums)
    assert found["lag"].tolist() == lags
    assert found["pairs"].tolist() == [len(sums[lag]) for lag in lags]
    assert found["msd"].tolist() == pytest.approx([np.mean(sums[lag]) for lag in lags])


def test_a_random_walk_diffuses() -> None:
    found = motility(walks(1, 60, 60), interval=2, pixel_size=3)
    assert found.alpha == pytest.approx(1, abs=0.1)
    assert found.alpha_interval is not None and found.alpha_interval[0] < found.alpha < found.alpha_interval[1]
    assert found.alpha_interval[1] - found.alpha_interval[0] < 0.3
    # Steps of deviation 1 pixel along both axes in 2 minutes: 2 * 9 square micrometres in 2 minutes.
    assert found.coefficient == pytest.approx(9, rel=0.2)
    assert found.fitted_lags == 14


def test_a_straight_line_is_ballistic() -> None:
    found = motility(walks(0, 4, 12, drift=5))
    assert found.alpha == pytest.approx(2) and found.coefficient == pytest.approx(25)
    assert found.table["persistence"].tolist() == pytest.approx([1] * 4)
    assert (found.length_unit, found.time_unit) == ("pixel", "frame")


@pytest.mark.parametrize("points", [[], [[]], [[[5, 5]]], [[[5, 5]]] * 9])
def test_where_nothing_moves(points: list[object]) -> None:
    found = motility(track(points, OPTIONS))  # type: ignore[arg-type]
    assert (found.alpha, found.alpha_interval, found.coefficient, found.fitted_lags) == (None, None, None, 0)
    assert found.table["persistence"].isna().all()


@pytest.mark.parametrize("settings", [{"interval": 0}, {"pixel_size": -1}])
def test_settings_without_sense_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        motility(track([]), **settings)


def test_times_with_a_gap() -> None:
    # 1 pixel per minute all along, the frames of minutes 2 and 3 missing; the camera is a little early or late.
    times = np.array([0, 1.1, 3.9, 5, 6])
    tracks = track([[[50, 50 + time]] for time in times], OPTIONS, shape=(100, 100))
    for interval in (None, 7):
        found = motility(tracks, interval, times=times + 3)
        row = found.table.iloc[0]
        assert (row["path"], row["duration"], row["speed"], row["frames"]) == pytest.approx((6, 6, 1, 5))
        assert found.time_unit == "minute"
        # Median 1.1: steps 0, 1, 4, 5, 5, the last of which are one.
        assert found.displacement["lag"].tolist() == pytest.approx([1.1, 3.3, 4.4, 5.5])
        assert found.displacement["pairs"].tolist() == [2, 1, 2, 1]
        msd = [(1.1**2 + 2.1**2) / 2, 2.8**2, (3.9**2 + 4.9**2) / 2, 36]
        assert found.displacement["msd"].tolist() == pytest.approx(msd)


def test_a_gap_does_not_change_the_exponent() -> None:
    tracks = walks(0, 4, 20, drift=5)
    kept = np.delete(np.arange(20), slice(3, 9))
    table = tracks.table
    points = [table.loc[table["frame"] == frame, ["y", "x"]].to_numpy() for frame in kept]
    found = motility(track(points, OPTIONS, inside=[-999, -999, 9999, 9999]), times=kept * 2)
    assert found.alpha == pytest.approx(2)
    assert found.table["speed"].tolist() == pytest.approx([2.5] * 4)


def test_bursts_with_long_pauses_are_bounded() -> None:
    times = [0, 1, 2, 1e6, 1e6 + 1, 1e6 + 2]
    found = motility(track([[[50, 50 + frame]] for frame in range(6)], OPTIONS, shape=(100, 100)), times=times)
    assert found.displacement["lag"].tolist() == pytest.approx([1e6], rel=1e-3)
