"""Discs of points."""

from __future__ import annotations

import numpy as np

from cytally.timelapse.point_labels import point_labels
from cytally.timelapse.tracking import TrackingOptions, track


def test_discs_against_a_slow_reference() -> None:
    points = np.array([[5, 5], [7, 12.5], [0, 19], [30, 30]])
    tracks = track([points, points[:0], points[:1]], TrackingOptions(diameter=9), inside=[0, 0, 40, 40])
    first, second, third = point_labels(tracks, (14, 20))
    wanted = np.zeros((14, 20), int)
    for y in range(14):
        for x in range(20):
            distances = np.hypot(points[:, 0] - y, points[:, 1] - x)
            if distances.min() < 6:
                wanted[y, x] = distances.argmin() + 1
    assert np.array_equal(first, wanted)
    assert not second.any() and set(np.unique(third)) == {0, 1}


def test_discs_follow_the_camera() -> None:
    tracks = track([[[5, 5]], [[8, 4]]], TrackingOptions(diameter=3), shape=(12, 12), shifts=[[0, 0], [3, -1]])
    assert [np.argwhere(image).mean(axis=0).tolist() for image in point_labels(tracks, (12, 12))] == [[5, 5], [8, 4]]


def test_a_tiny_disc_has_a_pixel() -> None:
    (image,) = point_labels(track([[[3.1, 3.2]]], TrackingOptions(diameter=0.1)), (7, 7))
    assert np.argwhere(image).tolist() == [[3, 3]]
