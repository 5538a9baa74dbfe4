"""Regions: the most disputed one is found, and none meets another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.choosing.regions import Box, boxes, most_disputed, spread_boxes


def test_the_most_disputed_region_of_a_map_made_by_hand() -> None:
    mean, variance = np.zeros((128, 192), np.float32), np.zeros((128, 192), np.float32)
    variance[70:90, 140:150] = 0.02  # 200 pixels: 4 cells squared, where about one cell is
    variance[5:25, 5:15] = 0.03  # 6 cells squared, but among 24 cells
    mean[0:24, 0:64] = 24 / (24 * 64)
    (first, disagreement), (second, other) = most_disputed(mean, variance, 64, 2)
    assert first.y <= 70 and first.y + first.height >= 90 and first.x <= 140 and first.x + first.width >= 150
    assert disagreement == pytest.approx(2.0, rel=1e-5)
    assert second == Box(0, 0, 64, 64) and other == pytest.approx(0.5, rel=1e-4)


def test_a_picture_smaller_than_a_region_is_one_region() -> None:
    still = np.zeros((40, 30), np.float32)
    assert most_disputed(still, still, 64, 4) == [(Box(0, 0, 40, 30), 0.0)]


@given(st.integers(1, 300), st.integers(1, 300), st.integers(8, 120))
def test_boxes_cover_the_picture_and_stay_inside(height: int, width: int, side: int) -> None:
    covered = np.zeros((height, width), bool)
    for box in boxes((height, width), side):
        assert covered[box.window].shape == (box.height, box.width) == (min(side, height), min(side, width))
        covered[box.window] = True
    assert covered.all()
    assert 1 <= len(spread_boxes((height, width), side, 4)) <= 4


@given(st.integers(0, 99))
def test_chosen_regions_never_meet_and_fall_in_dispute(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mean, variance = (rng.random((90, 130)).astype(np.float32) for _ in range(2))
    chosen = most_disputed(mean, variance, 32, 5)
    assert [each for _, each in chosen] == sorted((each for _, each in chosen), reverse=True)
    assert not any(one.meets(other) for i, (one, _) in enumerate(chosen) for other, _ in chosen[:i])
