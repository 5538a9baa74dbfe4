"""Edges, rims and windows."""

from __future__ import annotations

import numpy as np

from cytally.timelapse.field_of_view import FieldOfView, windows_of
from cytally.timelapse.objects import objects_of_points

NOTHING = objects_of_points([[], []])


def test_windows_of_a_camera_that_shifts() -> None:
    found = windows_of(NOTHING, shape=(10, 20), shifts=np.array([[0, 0], [3, -2]]), windows=None)
    assert found.tolist() == [[-0.5, -0.5, 9.5, 19.5], [-3.5, 1.5, 6.5, 21.5]]


def test_windows_that_are_given_win() -> None:
    found = windows_of(NOTHING, shape=(10, 20), shifts=np.zeros((2, 2)), windows=[2, 3, 8, 9])
    assert found.tolist() == [[1.5, 2.5, 7.5, 8.5]] * 2


def test_without_any_the_points_tell() -> None:
    frames = objects_of_points([[[2.2, 8]], [[5, 3.9]]])
    assert windows_of(frames, shape=None, shifts=np.zeros((2, 2)), windows=None).tolist() == [[1.5, 2.5, 5.5, 8.5]] * 2


def test_the_rim_of_this_frame_and_of_the_next() -> None:
    view = FieldOfView(np.array([[-0.5, -0.5, 99.5, 99.5], [-0.5, -0.5, 99.5, 49.5]]), border=5)
    places = [[50, 50], [4, 50], [50, 20], [4.6, 20], [50, 120]]
    assert view.at_rim([0] * 5, places, -1).tolist() == [False, True, False, False, True]
    assert view.at_rim([0] * 5, places, 1).tolist() == [True, True, False, False, True]
    assert view.at_rim([1] * 5, places, 1).tolist() == [True, True, False, False, True]
