"""Regions worked out by hand: touching discs, dark cells, noise, edges."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.filters import threshold_otsu

from cytally.readout.watershed import (
    WatershedSettings,
    averaged,
    beyond,
    cells_per_region,
    connected_regions,
    distance_to_background,
    find_cells,
    otsu,
    scaled_otsu,
)

HALF = WatershedSettings(threshold=0.5)


def discs(*centres, radius=5.0, shape=(40, 40)) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    near = [np.hypot(rows - y, columns - x) <= radius for y, x in centres]
    return np.any(near, axis=0).astype(np.float32) if near else np.zeros(shape, np.float32)


def with_(**changes) -> WatershedSettings:
    return WatershedSettings(**{"threshold": 0.5, **changes})


def test_two_discs_that_touch_are_two_only_where_regions_are_split():
    picture = discs((20, 14), (20, 23))
    assert len(find_cells(picture, HALF)[1]) == 1
    labels, points = find_cells(picture, with_(separation=4))
    assert len(points) == 2
    assert sorted(points[:, 1].round().tolist()) == pytest.approx([14, 23], abs=1)
    assert points[:, 0] == pytest.approx([20, 20], abs=0.5)
    assert labels.dtype == np.uint16 and labels.shape == picture.shape
    assert ((labels > 0) == (picture > 0)).all()  # nothing lost between them
    for number, (y, x, _) in enumerate(points, start=1):
        assert np.argwhere(labels == number).mean(axis=0) == pytest.approx([y, x])


def test_a_separation_beyond_their_distance_leaves_them_one():
    assert len(find_cells(discs((20, 14), (20, 23)), with_(separation=12))[1]) == 1


@pytest.mark.parametrize("threshold", [None, 0.5])
def test_dark_cells_on_bright_ground(threshold):
    picture = 1 - discs((10, 10), (28, 30))
    settings = with_(dark=True, threshold=threshold)
    labels, points = find_cells(picture, settings)
    assert points.tolist() == [[10, 10, 1], [28, 30, 1]]
    assert ((labels > 0) == (picture == 0)).all()
    assert len(find_cells(picture, with_(threshold=threshold))[1]) == 1  # the ground itself


def test_corners_touch():
    picture = np.zeros((6, 6))
    picture[1, 1] = picture[2, 2] = picture[5, 5] = 1
    assert len(find_cells(picture, HALF)[1]) == 2


@pytest.mark.parametrize(("least_area", "number"), [(1, 2), (4, 2), (5, 1), (16, 1), (17, 0)])
def test_regions_of_less_than_the_least_area_are_left_out(least_area, number):
    picture = np.zeros((20, 20))
    picture[2:4, 2:4], picture[10:14, 10:14] = 1, 1
    assert len(find_cells(picture, with_(least_area=least_area))[1]) == number


def test_nothing_is_found_in_the_cropped_edges():
    picture = discs((5, 5), (20, 20), (20, 38))
    labels, points = find_cells(picture, with_(crop=10))
    assert points[:, :2].tolist() == [[20, 20]]
    assert labels.shape == picture.shape
    assert not labels[:10].any() and not labels[:, -10:].any()
    assert find_cells(picture, with_(crop=20))[1].shape == (0, 3)


@pytest.mark.parametrize("value", [0.0, 0.4, -3.0])
@pytest.mark.parametrize("dark", [False, True])
def test_an_empty_picture_holds_nothing(value, dark):
    labels, points = find_cells(np.full((9, 9), value), WatershedSettings(dark=dark, separation=4))
    assert points.shape == (0, 3) and not labels.any()


def test_a_picture_full_of_cell_is_one():
    assert find_cells(np.ones((9, 9)), with_(separation=2))[1].tolist() == [[4, 4, 1]]


def test_the_filter_is_a_mean_and_removes_specks():
    picture = discs((20, 20))
    picture[3, 3] = 1
    assert averaged(picture, 3)[3, 3] == pytest.approx(1 / 9)
    assert len(find_cells(picture, HALF)[1]) == 2
    assert len(find_cells(picture, with_(kernel=3))[1]) == 1


def test_the_clearest_region_scores_one_and_others_less():
    picture = discs((10, 10)) + 0.75 * discs((30, 30))
    assert find_cells(picture, HALF)[1][:, 2].tolist() == [1.0, 0.5]


def test_otsu_is_that_of_scikit_image_and_factors_start_at_the_background():
    values = np.random.default_rng(0).normal(2, 0.1, (30, 30))
    values[:10] += 3
    low, high = otsu(values)
    assert (low, high) == pytest.approx((2, 5), abs=0.05)
    whole = scaled_otsu((low, high), 1, dark=False)
    assert ((values > whole) == (values > threshold_otsu(values))).all()
    assert scaled_otsu((low, high), 1, dark=True) == pytest.approx(whole)
    assert scaled_otsu((low, high), 0.5, dark=False) == pytest.approx((low + whole) / 2)
    assert scaled_otsu((low, high), 0.5, dark=True) == pytest.approx((high + whole) / 2)
    assert math.isnan(otsu(np.ones((3, 3)))[0])


def test_without_a_gap_otsu_lies_midway_between_its_means_too():
    values = np.random.default_rng(0).normal(size=(200, 200)) ** 2
    assert scaled_otsu(otsu(values), 1, dark=False) == pytest.approx(threshold_otsu(values), rel=0.02)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.floats(-5, 5), st.booleans(), st.sampled_from([0.5, 0.75, 1.25]))
def test_an_offset_or_inverting_changes_nothing_that_is_beyond(seed, offset, dark, factor):
    rng = np.random.default_rng(seed)
    values = np.concatenate([rng.normal(0, 0.2, 200), rng.normal(4, 0.2, 80)]).reshape(20, 14)
    mask = beyond(values, scaled_otsu(otsu(values), factor, dark), dark)
    moved = offset - values
    again = beyond(moved, scaled_otsu(otsu(moved), factor, not dark), not dark)
    assert (mask != again).mean() < 0.02  # Otsu's bins have a width


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(0, 5))
def test_the_search_counts_what_is_found(seed, separation):
    """`cells_per_region`, which needs no watershed, gives the number of labels, region by region."""
    picture = averaged(np.random.default_rng(seed).normal(size=(24, 31)), 3)
    labels, points = find_cells(picture, with_(threshold=0.1, separation=separation))
    regions = connected_regions(picture > 0.1)
    cells = cells_per_region(regions, distance_to_background(picture > 0.1), separation)
    assert cells.sum() == len(points) == labels.max()
    for number in range(1, len(cells)):
        assert len(np.unique(labels[regions == number])) == cells[number]
