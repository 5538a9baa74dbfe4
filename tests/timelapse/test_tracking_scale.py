"""Lengths from the cells, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.timelapse.objects import objects_of_points
from cytally.timelapse.tracking_options import TrackingOptions
from cytally.timelapse.tracking_scale import UNKNOWN_DIAMETER, tracking_scale

ROW = np.column_stack([np.zeros(5), np.arange(5) * 30.0])


def test_of_areas() -> None:
    frames = objects_of_points([ROW, ROW + np.array([0, 4])], areas=[[100 * np.pi] * 5, [100 * np.pi] * 5])
    scale = tracking_scale(frames, TrackingOptions())
    assert scale.diameter == pytest.approx(20)
    assert scale.step == pytest.approx(4 / np.sqrt(np.log(4)))
    assert scale.max_step == pytest.approx(5 * scale.step)
    assert scale.division_distance == pytest.approx(40)
    assert scale.border == pytest.approx(10 + scale.step)


def test_of_points() -> None:
    assert tracking_scale(objects_of_points([ROW]), TrackingOptions()).diameter == pytest.approx(30)
    assert tracking_scale(objects_of_points([ROW]), TrackingOptions(), side=130).diameter == pytest.approx(13)


def test_the_greatest_step_stays_between_its_bounds() -> None:
    still = tracking_scale(objects_of_points([ROW, ROW]), TrackingOptions())
    assert still.step == 0 and still.max_step == pytest.approx(0.6 * 30)
    fast = tracking_scale(objects_of_points([ROW, ROW + np.array([14, 0])]), TrackingOptions(diameter=5))
    assert fast.max_step == pytest.approx(5 * 14 / np.sqrt(np.log(4))) and fast.max_step < 60
    faster = tracking_scale(objects_of_points([ROW, ROW + np.array([29, 0])]), TrackingOptions(diameter=5))
    assert faster.max_step == pytest.approx(60)


def test_what_is_set_stays() -> None:
    options = TrackingOptions(diameter=9, max_step=3, division_distance=7, border=2)
    scale = tracking_scale(objects_of_points([ROW, ROW + 1]), options)
    assert (scale.diameter, scale.max_step, scale.division_distance, scale.border) == (9, 3, 7, 2)


@pytest.mark.parametrize("points", [[], [[]], [[[3, 3]]], [[[3, 3]], [], [[4, 4]]]])
def test_with_nothing_to_learn_from(points: list[object]) -> None:
    scale = tracking_scale(objects_of_points(points), TrackingOptions())  # type: ignore[arg-type]
    assert scale.diameter == UNKNOWN_DIAMETER and scale.step == 0 and scale.max_step == 6
