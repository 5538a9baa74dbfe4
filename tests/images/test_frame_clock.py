"""The times of frames, from what is known."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.images.frame_clock import Clock, find_times

FILE = Path("exp")
NOON = datetime(2024, 1, 1, 12)


def clock(places: list[float], **known: Any) -> Clock:
    return Clock([f"t{place:g}" for place in places], places, known.pop("readable", [True] * len(places)), **known)


@given(st.lists(st.integers(0, 500), min_size=2, unique=True), st.floats(0.01, 1000))
def test_an_interval_keeps_gaps(places: list[int], interval: float) -> None:
    found = find_times(clock(sorted(places), said=interval), FILE)
    assert found.times is not None
    assert found.times == pytest.approx(np.array(sorted(places)) * interval)
    assert (found.interval, found.notes) == (interval, ())


def test_what_wins() -> None:
    dates = [NOON, NOON + timedelta(minutes=7), NOON + timedelta(minutes=14)]
    known: dict[str, Any] = {"said": 20, "times": (0, 5, 11), "dates": dates, "interval": 3}
    expected = {"said": [0, 20, 40], "times": [0, 5, 11], "dates": [0, 7, 14], "interval": [0, 3, 6]}
    for name in expected:
        found = find_times(clock([0, 1, 2], **known), FILE)
        assert found.times is not None
        assert found.times.tolist() == expected[name]
        del known[name]
    found = find_times(clock([0, 1, 2]), FILE)
    assert (found.interval, found.times) == (None, None)
    assert found.notes == (
        "exp: tells no time between frames, so that its curve is in frames; "
        "give the minutes between frames with --interval",
    )


def test_the_interval_is_that_between_places() -> None:
    dates = [NOON + timedelta(minutes=minute) for minute in (0, 10, 40)]
    found = find_times(clock([0, 1, 4], dates=dates), FILE)
    assert found.times is not None
    assert (found.interval, found.times.tolist()) == (10, [0, 10, 40])


def test_frames_without_a_date_that_cannot_be_read_have_times_by_their_places() -> None:
    dates = [None, NOON, None, NOON + timedelta(minutes=20), None]
    readable = [False, True, False, True, False]
    found = find_times(clock([0, 1, 2, 3, 5], dates=dates, readable=readable), FILE)
    assert found.times is not None
    assert found.times.tolist() == [-10, 0, 10, 20, 40]
    # A frame that can be read and has none makes dates useless.
    assert find_times(clock([0, 1, 2, 3, 5], dates=dates), FILE).times is None


def test_disorder() -> None:
    dates = [NOON, NOON - timedelta(minutes=5), NOON + timedelta(minutes=5), NOON - timedelta(minutes=9)]
    found = find_times(clock([0, 1, 2, 3], dates=dates, said=1), FILE)
    assert found.notes == (
        "exp: has frames in the order of their names, not of their dates (t1 is older than t0, and 1 more); "
        "rename them in the order of time if the names are wrong",
    )


def test_files_are_trusted_to_a_second(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    for seconds, notes in ((10, 0), (9.5, 0), (8, 1)):
        for file, when in zip(files, (10, seconds), strict=True):
            file.touch()
            os.utime(file, (when, when))
        assert len(find_times(clock([0, 1], files=files, said=1), FILE).notes) == notes
    # Files that tell their times need no help; files that are gone tell nothing.
    assert not find_times(clock([0, 1], files=files, interval=1), FILE).notes
    files[0].unlink()
    assert not find_times(clock([0, 1], files=files, said=1), FILE).notes
