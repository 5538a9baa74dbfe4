import numpy as np
import pytest
from pydantic import ValidationError
from scipy import ndimage

from cytally.errors import ConfigError
from cytally.synthesis.timelapse import TimelapseConfig, draw_timelapse
from cytally.synthesis.timelapse_presets import TIMELAPSE_PRESETS

SMALL = {"shape": (128, 128), "frames": 12, "cells": 14, "doubling_time": 200, "death_rate": 0.1, "drift": 10}


def drawn(seed=0, **changes):
    return draw_timelapse(TimelapseConfig(**(SMALL | changes)), np.random.default_rng(seed))


@pytest.fixture(scope="module")
def small():
    return drawn(1)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_time_lapse(small):
    again, other = drawn(1), drawn(2)
    assert small.frames.tobytes() == again.frames.tobytes() and small.labels.tobytes() == again.labels.tobytes()
    assert small.tracks.equals(again.tracks) and (small.frames != other.frames).any()


def test_labels_counts_and_tracks_say_the_same(small):
    assert small.frames.shape == small.labels.shape == (12, 128, 128)
    assert small.frames.dtype == np.uint8 and small.labels.dtype == np.uint16
    seen = [set(np.unique(labels).tolist()) - {0} for labels in small.labels]
    assert small.counts.tolist() == [len(labels) for labels in seen]
    for row in small.tracks.itertuples():
        assert [row.track in labels for labels in seen] == [row.begin <= frame <= row.end for frame in range(12)]
    assert small.tracks.track.tolist() == list(range(1, len(small.tracks) + 1))
    assert small.times.tolist() == [20.0 * frame for frame in range(12)]
    assert small.interval == 20 and small.doubling_time == pytest.approx(200)


def test_divisions_end_a_track_and_begin_two_beside_it(small):
    tracks = small.tracks.set_index("track")
    born = tracks[tracks.parent > 0]
    assert len(born) > 4
    pairs = 0
    for parent, children in born.groupby("parent"):
        assert (children.begin == tracks.end[parent] + 1).all() and tracks.fate[parent] == "divides"
        assert 1 <= len(children) <= 2
        pairs += len(children) == 2
        before = ndimage.center_of_mass(small.labels[tracks.end[parent]] == parent)
        after = small.labels[tracks.end[parent] + 1]
        moved = small.shifts[tracks.end[parent] + 1] - small.shifts[tracks.end[parent]]
        for child in children.index:
            assert np.hypot(*(np.subtract(ndimage.center_of_mass(after == child), before) - moved)) < 18
    assert pairs > 0
    assert set(tracks.index[tracks.fate == "divides"]) == set(born.parent)


def test_deaths_are_tracks_that_end_within(small):
    ends = small.tracks[small.tracks.fate == "dies"].end
    assert small.deaths.sum() == len(ends) > 0
    assert (np.bincount(ends + 1, minlength=12) == small.deaths).all()


def test_the_content_moves_with_the_camera():
    still = drawn(3, speed=0, cells=10, doubling_time=1e6, death_rate=0, turning=0, drift=15, frames=20)
    tracks = still.tracks[(still.tracks.begin == 0) & (still.tracks.end == 19)]
    whole = [t for t in tracks.track if all(not touches_border(labels == t) for labels in still.labels)]
    assert whole
    for track in whole:
        middles = np.array([ndimage.center_of_mass(labels == track) for labels in still.labels])
        assert np.abs(middles - middles[0] - still.shifts).max() < 0.6  # outlines wobble a little
    assert np.hypot(*still.shifts.T).max() == pytest.approx(15)


def touches_border(mask):
    return mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()


def test_without_drift_the_first_frame_holds_the_cells_that_were_asked_for():
    still = drawn(4, shape=(256, 256), cells=40, drift=0, frames=2)
    assert not still.shifts.any()
    assert 38 <= still.counts[0] <= 48, "those on the border whose centre lies outside count too"


@pytest.mark.parametrize("preset", TIMELAPSE_PRESETS)
def test_nuclei_shine_touch_and_hardly_overlap(preset):
    config = TIMELAPSE_PRESETS[preset].model_copy(update={"frames": 3})
    scene = draw_timelapse(config, np.random.default_rng(0))
    frame, labels = scene.frames[-1].astype(float), scene.labels[-1]
    assert np.median(frame[labels > 0]) > 4 * np.median(frame[labels == 0])
    assert (frame == 255).mean() < 0.01
    assert abs(scene.counts[0] - config.cells) < 0.12 * config.cells
    areas = np.bincount(labels.ravel())[1:]
    areas = areas[areas > 0]
    assert np.median(areas) == pytest.approx(np.pi / 4 * config.diameter**2, rel=0.25)
    for box, number in zip(ndimage.find_objects(labels), range(1, labels.max() + 1), strict=True):
        if box is not None and (labels[box] == number).sum() > 30:
            assert ndimage.label(labels[box] == number)[1] <= 2


def test_the_population_doubles_in_the_time_that_was_asked_for():
    population = np.mean([drawn(seed, frames=11, death_rate=0.05, cells=30).population for seed in range(6)], axis=0)
    assert population[10] / population[0] == pytest.approx(2, rel=0.12)


def test_light_fades_by_bleaching_and_cameras_of_more_bits_give_more_levels():
    quiet = {"flicker": 0, "read_noise": 0, "speed": 0, "doubling_time": 1e6, "death_rate": 0, "drift": 0}
    faded = drawn(5, bleaching=0.5, background=0, haze=0, debris=0, bit_depth=16, **quiet)
    assert faded.frames.dtype == np.uint16 and faded.frames.max() > 255
    assert faded.frames[-1].sum() / faded.frames[0].sum() == pytest.approx(0.5, rel=0.03)


def test_nobody_and_one_frame():
    empty = drawn(0, cells=0)
    assert not empty.labels.any() and not empty.counts.any() and not len(empty.tracks)
    one = drawn(0, frames=1)
    assert one.frames.shape[0] == 1 and one.interval == 0 and set(one.tracks.fate) == {"last frame"}


def test_cells_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="500 nuclei of 30 px do not fit into 128 × 128 px: about"):
        drawn(0, cells=500, diameter=30)


@pytest.mark.parametrize("wrong", [{"drift": 64}, {"cycle_spread": 0}, {"frames": 0}, {"speeed": 1}, {"debris": -1}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        TimelapseConfig(**(SMALL | wrong))
