"""Contrast-limited adaptive histogram equalisation against a slow reference and numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.labelling.clahe import clahe, clip, to_bytes


def slow_clip(histogram: list[int], limit: int) -> list[int]:
    """The redistribution for one histogram, bin by bin."""
    bins, before = len(histogram), 0
    while True:
        cut = sum(max(count - limit, 0) for count in histogram)
        histogram = [min(count, limit) + cut // bins for count in histogram]
        if cut % bins:
            step = (bins - 1) // (cut % bins)
            for place in range(step // 2, bins, step):
                histogram[place] += 1
        if cut == before:
            return histogram
        before = cut


def slow_share(window: NDArray[np.uint8], value: int, limit_pixels: int, bins: int, slope: float) -> float:
    """Where a value lies among the pixels of a window, 0 to 1."""
    histogram = [0] * bins
    for pixel in window.ravel():
        histogram[math.floor(int(pixel) / 255 * (bins - 1) + 0.5)] += 1
    histogram = slow_clip(histogram, math.floor(slope * limit_pixels / (bins - 1) + 0.5))
    first = next(place for place, count in enumerate(histogram) if count)
    lowest, most = histogram[first], sum(histogram)
    rank = sum(histogram[: math.floor(value / 255 * (bins - 1) + 0.5) + 1])
    return 0.0 if most == lowest else max(0.0, (rank - lowest) / (most - lowest))


def slow_pixel(image: NDArray[np.uint8], y: int, x: int, block: int, bins: int, slope: float) -> int:
    """The definition for one pixel."""
    reach = (block - 1) // 2
    window = image[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
    return math.floor(slow_share(window, int(image[y, x]), window.size, bins, slope) * 255 + 0.5)


def slow_clahe(image: NDArray[np.uint8], block: int, bins: int, slope: float) -> NDArray[np.uint8]:
    return np.array(
        [[slow_pixel(image, y, x, block, bins, slope) for x in range(image.shape[1])] for y in range(image.shape[0])],
        np.uint8,
    )


images = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 255))


def test_ranks_within_each_window_worked_out_by_hand() -> None:
    # Four bins: 0, 85, 170, 255. Windows of three pixels; slope 4 cuts nothing off.
    # 0 is the lowest of {0, 255}: 0. 255 is the highest of {0, 255, 85}: 255. 85 is the lowest of {255, 85}: 0.
    image = np.array([[0, 255, 85]], np.uint8)
    assert clahe(image, block=3, bins=4, slope=4).tolist() == [[0, 255, 0]]


def test_clipping_worked_out_by_hand() -> None:
    # One window for all: histogram 2, 1, 0, 1 of 4 pixels, limit int(1 * 4 / 3 + 0.5) = 1.
    # Round 1 cuts 1 off: a remainder of 1 goes to every 3rd bin from 3 // 2 = 1 on: 1, 2, 0, 1.
    # Round 2 again cuts 1 off and puts it back: 1, 2, 0, 1; the end. Summed up: 1, 3, 3, 4.
    # 0 -> (1 - 1) / 3 = 0; 85 -> (3 - 1) / 3 * 255 = 170; 255 -> (4 - 1) / 3 * 255 = 255. Unclipped 85 would get 128.
    image = np.array([[0, 0, 85, 255]], np.uint8)
    assert clahe(image, block=9, bins=4, slope=1).tolist() == [[0, 0, 170, 255]]
    # Unclipped: 2, 3, 3, 4 summed up; 85 -> (3 - 2) / 2 * 255 = 127.5, rounded up.
    assert clahe(image, block=9, bins=4, slope=4).tolist() == [[0, 0, 128, 255]]


@settings(max_examples=40, deadline=None)
@given(images, st.integers(1, 9), st.sampled_from([2, 5, 16, 256]), st.sampled_from([1.0, 1.7, 3.0, 300.0]))
def test_the_exact_mode_is_the_definition(image: NDArray[np.uint8], block: int, bins: int, slope: float) -> None:
    np.testing.assert_array_equal(clahe(image, block, bins, slope), slow_clahe(image, block, bins, slope))


def test_the_exact_mode_is_the_definition_in_full_windows() -> None:
    rng = np.random.default_rng(0)
    image = rng.normal(40, 4, (140, 150)).astype(np.uint8)
    image[60:90, 40:90] += rng.integers(80, 120, (30, 50), dtype=np.uint8)
    found = clahe(image)
    for y, x in [(0, 0), (70, 60), (139, 149), (64, 149), (75, 75), (5, 100)]:
        assert found[y, x] == slow_pixel(image, y, x, 127, 256, 3.0)


def test_windows_too_large_for_narrow_integers() -> None:
    image = np.random.default_rng(1).integers(0, 9, (190, 180)).astype(np.uint8)  # 34,200 pixels, most of them alike
    found = clahe(image, block=501)
    for y, x in [(0, 0), (100, 90), (189, 179)]:
        assert found[y, x] == slow_pixel(image, y, x, 501, 256, 3.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=2, max_size=40), st.integers(0, 40))
def test_clipping_is_the_definition_and_ends(histogram: list[int], limit: int) -> None:
    assert clip(np.array([histogram]), np.array([limit]))[0].tolist() == slow_clip(histogram, limit)


def test_the_fast_mode_interpolates_between_windows_on_a_grid() -> None:
    # Blocks of 5 along 10 pixels: centres 0 * 5 + 2 + 1 = 3 and 1 * 5 + 2 + 1 = 8; along 13: 3 pixels are left, so the
    # blocks are moved by 3 // 2 = 1, to 4 and 9, and one lies at each end, at 3 and 13 - 2 - 1 = 10.
    image = np.random.default_rng(2).integers(0, 256, (10, 13)).astype(np.uint8)
    rows, columns = [3, 8], [3, 4, 9, 10]

    def around(centres: list[int], place: int) -> list[tuple[int, float]]:
        if place <= centres[0] or place >= centres[-1]:
            return [(centres[0] if place <= centres[0] else centres[-1], 1.0)]
        behind = next(centre for centre in centres if centre > place)
        before = centres[centres.index(behind) - 1]
        share = (place - before) / (behind - before)
        return [(before, 1 - share), (behind, share)]

    expected = np.zeros(image.shape)
    for y, x in np.ndindex(*image.shape):
        for row, down in around(rows, y):
            for column, along in around(columns, x):
                window = image[row - 2 : row + 3, column - 2 : column + 3]
                expected[y, x] += down * along * slow_share(window, int(image[y, x]), 25, 64, 2.0)
    found = clahe(image, block=5, bins=64, slope=2.0, fast=True).astype(float)
    assert np.abs(found - expected * 255).max() <= 0.5 + 1e-3


@settings(max_examples=30, deadline=None)
@given(images)
def test_both_modes_agree_where_one_window_holds_everything(image: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(clahe(image, 19), clahe(image, 19, fast=True))


def test_both_modes_are_close_on_a_smooth_scene() -> None:
    y, x = np.mgrid[:150, :170]
    image = (60 + 40 * np.sin(y / 9) * np.cos(x / 11) + 0.2 * x).astype(np.uint8)
    difference = np.abs(clahe(image, 31).astype(int) - clahe(image, 31, fast=True))
    assert 0 < difference.mean() < 13  # of 255, which the ranks within a block of 31 spread over


@settings(max_examples=30, deadline=None)
@given(images, st.integers(1, 9))
def test_flips_and_turns_flip_and_turn_the_result(image: NDArray[np.uint8], block: int) -> None:
    found = clahe(image, block)
    np.testing.assert_array_equal(clahe(image[::-1], block), found[::-1])
    np.testing.assert_array_equal(clahe(image[:, ::-1], block), found[:, ::-1])
    np.testing.assert_array_equal(clahe(image.T, block), found.T)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("value", [0, 7, 255])
@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (40, 30)])
def test_one_value_stays_nearly_one_value(shape: tuple[int, int], value: int, fast: bool) -> None:
    # Windows that are cut off at the edges share out other remainders.
    assert np.ptp(clahe(np.full(shape, value, np.uint8), 9, fast=fast)) <= 8


@pytest.mark.parametrize("fast", [False, True])
def test_contrast_grows_and_order_within_one_window_is_kept(fast: bool) -> None:
    image = np.random.default_rng(3).integers(90, 120, (30, 30)).astype(np.uint8)
    found = clahe(image, 127, fast=fast)
    assert np.ptp(found) > 2 * np.ptp(image)
    order = np.argsort(image.ravel(), kind="stable")
    assert (np.diff(found.ravel()[order].astype(int)) >= 0).all()


def test_sixteen_bits_are_scaled_by_their_range() -> None:
    # 256 / (4095 - 0 + 1) = 1/16: 4095 / 16 = 255.9, rounded 256, at most 255; 8 / 16 = 0.5, rounded up to 1.
    image = np.array([[0, 8], [7, 4095]], np.uint16)
    assert to_bytes(image).tolist() == [[0, 1], [0, 255]]
    assert to_bytes(image + 1000).tolist() == [[0, 1], [0, 255]]


def test_floats_are_scaled_by_their_range() -> None:
    # (0.25 - -0.25) / 1 * 255 = 127.5, rounded up.
    assert to_bytes(np.array([[-0.25, 0.25, 0.75]])).tolist() == [[0, 128, 255]]
    assert to_bytes(np.array([[False, True]])).tolist() == [[0, 255]]
    assert to_bytes(np.array([[-1.7e308, 1.7e308]])).tolist() == [[0, 255]]
    assert to_bytes(np.array([[0.0, 5e-324]])).max() == 0


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (4,), (2, 3, 4)])
def test_what_is_no_picture_is_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(ImageError, match="has shape"):
        clahe(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_numbers_are_an_error(bad: float) -> None:
    with pytest.raises(ImageError, match="NaN or infinite"):
        to_bytes(np.array([[0.0, bad]]))


@pytest.mark.parametrize("wrong", [{"block": 0}, {"bins": 1}, {"bins": 257}, {"slope": 0.5}])
def test_settings_that_make_no_sense_are_an_error(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        clahe(np.zeros((3, 3), np.uint8), **wrong)  # type: ignore[arg-type]
