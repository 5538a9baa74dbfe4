"""Objects from foreground: each step with numbers worked out by hand, a slow reference, and properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from cytally.labelling.identify import (
    fill_objects,
    fill_small_holes,
    identify,
    maxima,
    smoothed_within,
    split_clumps,
    within_diameters,
)

masks = arrays(bool, st.tuples(st.integers(1, 14), st.integers(1, 14)))


def disc(shape: tuple[int, int], y: float, x: float, radius: float) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.asarray(np.hypot(rows - y, columns - x) <= radius)


def hills(shape: tuple[int, int], *places: tuple[int, int], width: float) -> NDArray[np.float64]:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.max([np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * width**2)) for y, x in places], axis=0)


def test_holes_smaller_than_the_largest_object_are_filled() -> None:
    mask = np.ones((12, 12), bool)
    mask[2:4, 2:4] = False  # 4 pixels
    mask[6:9, 6:9] = False  # 9 pixels
    mask[0, 11] = False  # at the edge
    found = fill_small_holes(mask, 3)  # holes below 3 * 3 = 9 pixels
    assert found[2:4, 2:4].all()
    assert not found[6:9, 6:9].any()
    assert not found[0, 11]


def test_holes_do_not_leak_through_corners() -> None:
    # The middle touches the background outside at corners only.
    mask = np.array([[0, 0, 1, 0, 0], [0, 1, 0, 1, 0], [0, 0, 1, 0, 0]], bool)
    assert fill_small_holes(mask, 30)[1, 2]


@settings(max_examples=40, deadline=None)
@given(masks)
def test_filling_only_adds_and_flips(mask: NDArray[np.bool_]) -> None:
    found = fill_small_holes(mask, 3)
    assert found[mask].all()
    np.testing.assert_array_equal(fill_small_holes(mask[::-1], 3), found[::-1])
    np.testing.assert_array_equal(fill_small_holes(mask.T, 3), found.T)


def test_smoothing_worked_out_by_hand() -> None:
    # A least diameter of 3.5 has a standard deviation of 1; half of 2.35 is 1 pixel, so weights are e^-0.5, 1, e^-0.5.
    image = np.zeros((5, 5))
    image[2, 2] = 1
    middle = 1 / (1 + 2 * math.exp(-0.5))
    found = smoothed_within(image, 3.5)
    assert found[2, 2] == pytest.approx(middle**2)
    assert found[2, 3] == pytest.approx(middle**2 * math.exp(-0.5))
    assert found[2, 4] == 0
    # At the edge only two of three weights lie in the image.
    image[2, 2], image[0, 2] = 0, 1
    assert smoothed_within(image, 3.5)[0, 2] == pytest.approx(middle / (1 + math.exp(-0.5)))


def slow_maxima(image: NDArray[np.float64], clumps: NDArray[np.integer], smallest: float) -> NDArray[np.bool_]:
    radius = max(1, smallest / 1.5 - 0.5)
    found = np.zeros(image.shape, bool)
    for y, x in np.ndindex(*image.shape):
        rivals = [
            image[v, u]
            for v, u in np.ndindex(*image.shape)
            if (v - y) ** 2 + (u - x) ** 2 <= radius**2 and clumps[v, u] == clumps[y, x]
        ]
        found[y, x] = clumps[y, x] > 0 and image[y, x] > 0 and image[y, x] >= max(rivals)
    return found


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.uint8, (9, 8), elements=st.integers(0, 6)),
    arrays(np.uint8, (9, 8), elements=st.integers(0, 2)),
    st.sampled_from([1.0, 5.0, 8.0]),
)
def test_maxima_are_the_definition(image: NDArray[np.uint8], clumps: NDArray[np.uint8], smallest: float) -> None:
    grey, clumps = image / 6, clumps.astype(np.int64)
    found = maxima(grey, clumps, smallest)
    np.testing.assert_array_equal(found, slow_maxima(grey, clumps, smallest))
    np.testing.assert_array_equal(maxima(grey[:, ::-1], clumps[:, ::-1], smallest), found[:, ::-1])


def test_maxima_closer_than_the_distance_are_suppressed() -> None:
    # A least diameter of 5 has a radius of 5 / 1.5 - 0.5 = 2.83: 2 pixels away is suppressed, 3 is not.
    row = np.array([[0.9, 0.1, 0.8, 0.1, 0.1, 0.7]])
    assert maxima(row, np.ones(row.shape, int), 5).tolist() == [[True, False, False, False, False, True]]


def test_only_pixels_of_the_same_clump_compete() -> None:
    row = np.array([[0.9, 0.0, 0.5]])
    assert maxima(row, np.array([[1, 0, 2]]), 5).tolist() == [[True, False, True]]


def test_maxima_of_large_objects_are_found_in_a_smaller_image() -> None:
    image = hills((120, 120), (40, 30), (40, 80), width=12)
    found = maxima(image, (image > 0.2).astype(int), 20)
    assert found.any()
    for place in np.argwhere(found):
        assert min(np.hypot(*(place - [40, 30])), np.hypot(*(place - [40, 80]))) <= 2


def test_a_clump_is_divided_along_its_valley() -> None:
    # One row: maxima 5 apart; the lowest pixel between them, 0.3, comes last and goes to either.
    image = np.array([[0.2, 0.9, 0.6, 0.5, 0.3, 0.6, 0.9, 0.2]])
    found = split_clumps(image, np.ones(image.shape, bool), 3, "intensity")[0]
    assert found[:4].tolist() == [1, 1, 1, 1]
    assert found[5:].tolist() == [2, 2, 2]
    assert found[4] in (1, 2)


def test_every_clump_keeps_its_pixels() -> None:
    image = hills((40, 60), (20, 15), (20, 29), (20, 47), width=4)
    mask = image > 0.3
    found = split_clumps(image, mask, 5)
    np.testing.assert_array_equal(found > 0, mask)
    assert found.max() == 3
    assert len({found[20, 15], found[20, 29], found[20, 47]}) == 3


def test_by_shape_spots_are_no_objects_and_a_waist_divides() -> None:
    rows, columns = np.mgrid[:24, :40]
    discs = [np.hypot(rows - 12, columns - x) < 8 for x in (11, 26)]
    image = np.where(discs[0] | discs[1], 0.5, 0.0)
    image[8:11, 8:11] = image[14:17, 12:15] = image[12:15, 25:28] = 0.9  # three spots in two discs
    mask = image > 0
    assert split_clumps(image, mask, 5, "intensity").max() > 2
    found = split_clumps(image, mask, 5, "shape")
    assert found.max() == 2 and found[12, 11] != found[12, 26]
    np.testing.assert_array_equal(found > 0, mask)


def test_objects_outside_the_diameters_are_discarded() -> None:
    # A disc of diameter 5 has an area of 19.6, one of 30 has 706.9.
    labels = np.zeros((60, 60), int)
    labels[0, :19] = 1
    labels[2, :20] = 2
    labels[4:5, :] = 0
    labels[10:36, :27] = 3  # 702
    labels[10:36, 30:58] = 4  # 728
    assert np.unique(within_diameters(labels, 5, 30)).tolist() == [0, 2, 3]


def test_holes_of_one_object_are_filled_and_others_left() -> None:
    labels = np.array([[1, 1, 1, 2, 2], [1, 0, 1, 0, 2], [1, 1, 1, 2, 2], [0, 0, 0, 0, 0]])
    expected = labels.copy()
    expected[1, 1] = 1  # 0 at (1, 3) lies between two objects; the last row reaches the edge
    np.testing.assert_array_equal(fill_objects(labels), expected)


def test_objects_at_the_edge_are_kept() -> None:
    shape = (60, 60)
    mask = disc(shape, 0, 30, 8) | disc(shape, 40, 30, 8)
    image = hills(shape, (0, 30), (40, 30), width=5) + 0.01
    found = identify(image, mask)
    assert found.max() == 2
    assert found[0, 30] == 1
    assert found[40, 30] == 2


def test_a_nucleus_with_a_dark_middle_is_whole() -> None:
    shape = (40, 40)
    mask = disc(shape, 20, 20, 9) & ~disc(shape, 20, 20, 2)
    image = hills(shape, (20, 13), width=6) + 0.01
    found = identify(image, mask)
    np.testing.assert_array_equal(found > 0, disc(shape, 20, 20, 9))


def test_discarding_can_be_left_out() -> None:
    mask = disc((80, 80), 40, 40, 30)
    image = hills((80, 80), (40, 40), width=20)
    assert identify(image, mask).max() == 0
    assert identify(image, mask, discard=False).max() >= 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (8, 8)])
@pytest.mark.parametrize("full", [False, True])
def test_tiny_and_constant_images_are_safe(shape: tuple[int, int], full: bool) -> None:
    found = identify(np.full(shape, 0.5), np.full(shape, full))
    assert found.shape == shape
    assert found.max() == int(full and found.size >= 20)


@settings(max_examples=40, deadline=None)
@given(
    arrays(bool, (16, 18)),
    arrays(np.uint8, (16, 18), elements=st.integers(0, 255)),
    st.sampled_from([(1.0, 30.0), (3.0, 8.0), (12.0, 40.0)]),
)
def test_labels_are_numbered_without_gaps_and_sizes_fit(
    mask: NDArray[np.bool_], image: NDArray[np.uint8], diameters: tuple[float, float]
) -> None:
    found = identify(image / 255, mask, *diameters)
    areas = np.bincount(found.ravel())
    assert (areas[1:] > 0).all()
    assert (areas[1:] >= math.pi * diameters[0] ** 2 / 4).all()
    assert not (found > 0)[~fill_small_holes(mask, 100)].any()
