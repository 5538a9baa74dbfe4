"""Times of frames."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.timelapse.frame_minutes import frame_minutes


def test_times_win_over_the_interval() -> None:
    assert frame_minutes(3, 10).tolist() == [0, 10, 20]
    assert frame_minutes(3, 10, [5, 6, 9]).tolist() == [0, 1, 4]
    assert np.isnan(frame_minutes(3)).all()
    assert frame_minutes(0, times=[]).tolist() == []


@pytest.mark.parametrize("times", [[0, 1], [[0, 1, 2]], [0, 1, 1], [0, 2, 1], [0, np.nan, 2], [0, 1, np.inf]])
def test_times_without_sense_are_refused(times: list[float]) -> None:
    with pytest.raises(ValueError, match="time"):
        frame_minutes(3, times=times)


@pytest.mark.parametrize("interval", [0, -1, np.nan])
def test_an_interval_of_nothing_is_refused(interval: float) -> None:
    with pytest.raises(ValueError, match="interval"):
        frame_minutes(3, interval)
