"""Deaths per hour, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from cytally.timelapse.track_ends import death_rate
from cytally.timelapse.tracking import TrackingOptions, Tracks, track

OPTIONS = TrackingOptions(diameter=20, gap_frames=1)


def followed(frames: int = 8) -> Tracks:
    """One cell lives on, one dies after frame 2, one is in the rim, one is lost after a frame."""
    points = []
    for frame in range(frames):
        now = [[100, 100], [3, 100]]
        if frame <= 2:
            now.append([50, 50])
        if frame == 3:
            now.append([150, 150])
        points.append(now)
    return track(points, OPTIONS, shape=(200, 200))


def test_by_hand() -> None:
    # Of 8 frames, deaths can be told until frame 5. Cell 1: from frames 0 to 5 on, 6 intervals. Cell 2: 3 intervals, in
    # the last of which it dies. The others do not count.
    rate = death_rate(followed(), 20)
    assert (rate.deaths, rate.unit) == (1, "hour")
    assert rate.exposure == pytest.approx(9 * 20 / 60)
    assert rate.rate == pytest.approx(1 / 3)
    assert rate.lower is not None and rate.upper is not None
    assert poisson.sf(0, rate.lower * rate.exposure) == pytest.approx(0.025)
    assert poisson.cdf(1, rate.upper * rate.exposure) == pytest.approx(0.025)


def test_without_an_interval_per_frame() -> None:
    rate = death_rate(followed())
    assert (rate.unit, rate.exposure) == ("frame", 9)


def test_without_deaths_the_interval_begins_at_zero() -> None:
    rate = death_rate(track([[[100, 100]]] * 8, OPTIONS, shape=(200, 200)), 60)
    assert (rate.deaths, rate.rate, rate.lower) == (0, 0, 0)
    assert rate.upper == pytest.approx(-np.log(0.025) / 6)


@pytest.mark.parametrize("points", [[], [[]], [[[100, 100]]], [[[100, 100]]] * 2])
def test_where_nothing_could_be_seen_to_die(points: list[object]) -> None:
    rate = death_rate(track(points, OPTIONS, shape=(200, 200)))  # type: ignore[arg-type]
    assert (rate.deaths, rate.exposure, rate.rate, rate.lower, rate.upper) == (0, 0, None, None, None)


def test_a_gap_counts_as_watched() -> None:
    points: list[object] = [[[100, 100]]] * 3 + [[]] + [[[100, 100]]] * 4
    assert death_rate(track(points, OPTIONS, shape=(200, 200))).exposure == 6


def test_the_rate_of_a_simulation_is_recovered() -> None:
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.arange(30, 570, 40), np.arange(30, 570, 40)), axis=-1).reshape(-1, 2)
    alive = rng.geometric(0.02, len(grid))
    points = [grid[alive > frame] + rng.normal(0, 1, (np.sum(alive > frame), 2)) for frame in range(40)]
    rate = death_rate(track(points, TrackingOptions(diameter=20), shape=(600, 600)), 60, coverage=0.99)
    assert rate.lower is not None and rate.upper is not None
    assert rate.lower < 0.02 < rate.upper and rate.deaths > 50


def test_settings_without_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="interval"):
        death_rate(followed(), 0)
    with pytest.raises(ValueError, match="coverage"):
        death_rate(followed(), 20, coverage=1)


def test_time_in_which_frames_are_missing_was_watched() -> None:
    # As by hand above, but an hour passes from frame 1 to frame 2, and 20 minutes between the others.
    for interval in (None, 7):
        rate = death_rate(followed(), interval, times=[0, 20, 80, 100, 120, 140, 160, 180])
        # Cell 1 is watched until frame 6, cell 2 until frame 3.
        assert (rate.deaths, rate.unit) == (1, "hour")
        assert rate.exposure == pytest.approx((160 + 100) / 60)
