import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import ndimage

from cytally.errors import ImageError
from cytally.synthesis.timelapse import draw_timelapse
from cytally.synthesis.timelapse_presets import TIMELAPSE_PRESETS
from cytally.timelapse.stabilise import StabiliseOptions, estimate_shifts, register

WORLD = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((240, 240)), 1.5)


def view(shift, side=128, noise=0.1, seed=0):
    """A window of a larger scene, so that nothing wraps around; sampled between pixels by a spline."""
    y, x = np.mgrid[:side, :side].astype(float) + 56
    seen = ndimage.map_coordinates(WORLD, [y - shift[0], x - shift[1]], order=5)
    return seen + noise * WORLD.std() * np.random.default_rng(seed).standard_normal(seen.shape)


def error(found, truth):
    return np.atleast_1d(np.hypot(*(found - truth).T))


@settings(max_examples=15, deadline=None)
@given(shifts=st.lists(st.tuples(st.floats(-20, 20), st.floats(-20, 20)), min_size=1, max_size=4))
def test_known_shifts_are_recovered(shifts):
    path = np.array([(0.0, 0.0), *shifts])
    found = estimate_shifts([view(shift) for shift in path])
    assert found.shape == path.shape and not found[0].any()
    assert error(found, path).max() < 0.25


def test_still_images_stay_where_they_are():
    found = register([view((0, 0))] * 5)
    assert np.abs(found.shifts).max() < 1e-6 and not found.lost.any() and not found.breaks
    noisy = estimate_shifts([view((0, 0), noise=0.5, seed=seed) for seed in range(8)])
    assert np.abs(noisy).max() < 0.1


@pytest.mark.parametrize("preset", TIMELAPSE_PRESETS)
def test_drawn_time_lapses_within_a_third_of_a_pixel(preset):
    """Cells move, grow, divide and die, light flickers and fades, the camera drifts by 20 px and jumps twice."""
    scale = {"shape": (320, 320), "cells": TIMELAPSE_PRESETS[preset].cells * 2 // 5, "frames": 30}
    scene = draw_timelapse(TIMELAPSE_PRESETS[preset].model_copy(update=scale), np.random.default_rng([123, 4]))
    found = register(iter(scene.frames))
    assert np.median(error(found.shifts, scene.shifts)) < 0.3
    assert error(found.shifts, scene.shifts).max() < 1
    assert not found.lost.any()


def test_light_that_changes_does_not_matter():
    y = np.linspace(0.5, 1.5, 128)[:, None]
    path = np.array([(0, 0), (1.5, -2), (3, 3), (-4, 0.5)])
    lamps = (1, 1 * y, 0.4 * y[::-1], 3)
    found = estimate_shifts([(view(shift) + 5) * lamp for shift, lamp in zip(path, lamps, strict=True)])
    assert error(found, path).max() < 0.25


def test_hot_pixels_stay_with_the_camera_and_do_not_matter():
    hot = np.zeros((128, 128))
    hot.flat[np.random.default_rng(1).choice(128 * 128, 60, replace=False)] = 20 * WORLD.std()
    path = np.array([(0, 0), (2.25, -3), (5, 1)])
    assert error(estimate_shifts([view(shift) + hot for shift in path]), path).max() < 0.25


def test_black_frames_and_frames_of_noise_are_told_and_interpolated(caplog):
    path = np.array([(0.0, 0.0), (1, 2), (2, 4), (3, 6), (4, 8), (5, 10)])
    frames = [view(shift) for shift in path]
    frames[1] = np.zeros((128, 128))
    frames[3] = np.random.default_rng(5).standard_normal((128, 128))
    frames[5] = np.full((128, 128), 7.0)
    found = register(frames)
    assert found.lost.tolist() == [False, True, False, True, False, True]
    assert error(found.shifts[:5], path[:5]).max() < 0.25, "between neighbours"
    assert (found.shifts[5] == found.shifts[4]).all(), "carried on"
    with caplog.at_level(logging.WARNING):
        estimate_shifts(frames)
    assert "nothing was recognised in 3 of 6 frames" in caplog.text


def test_a_black_beginning_and_nothing_but_black():
    frames = [np.zeros((128, 128)), view((0, 0)), view((2, 1))]
    found = register(frames)
    assert found.lost.tolist() == [True, False, False]
    assert error(found.shifts, np.array([(0, 0), (0, 0), (2, 1)])).max() < 0.25
    found = register([np.zeros((64, 64), dtype=np.uint8)] * 3)
    assert found.lost.all() and not found.shifts.any()


def test_another_scene_goes_on_from_where_the_last_one_was():
    path = np.array([(0.0, 0.0), (3, 0), (3, 0), (4, 1), (5, 2)])
    frames = [view(shift) for shift in path[:2]] + [view(shift)[::-1, ::-1] for shift in path[2:]]
    found = register(frames)
    assert found.breaks == (2,) and not found.lost.any()
    assert error(found.shifts[:2], path[:2]).max() < 0.25
    assert error(found.shifts[2] - path[2], 0).max() < 1, "nobody can know"
    assert error(found.shifts[2:] - found.shifts[2], path[2] - path[2:]).max() < 0.25


def test_nothing_one_frame_tiny_frames_and_frames_of_two_sizes():
    assert register([]).shifts.shape == (0, 2)
    assert not estimate_shifts([view((0, 0))]).any()
    found = register([np.random.default_rng(0).random((8, 200))] * 2)
    assert found.lost.all() and not found.shifts.any()
    with pytest.raises(ImageError, match=r"frame 1 has \(60, 60\) pixels"):
        register([view((0, 0)), np.zeros((60, 60))])


def test_large_frames_are_reduced_and_shifts_still_told_in_their_pixels():
    path = np.array([(0, 0), (6.0, -9.0), (-12.0, 3.0)])
    found = estimate_shifts([view(shift) for shift in path], StabiliseOptions(longest_side=64))
    assert error(found, path).max() < 0.4


def test_errors_do_not_add_up():
    path = np.cumsum(np.random.default_rng(2).normal(0, 0.5, (60, 2)), axis=0)
    path -= path[0]
    frames = (view(shift, noise=1.0, seed=number) for number, shift in enumerate(path))
    assert error(estimate_shifts(frames, StabiliseOptions(memory=10)), path)[-10:].max() < 0.2


@pytest.mark.parametrize("wrong", [{"memory": 0}, {"certainty": 0}, {"longest_side": 10}, {"memori": 3}])
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        StabiliseOptions(**wrong)
