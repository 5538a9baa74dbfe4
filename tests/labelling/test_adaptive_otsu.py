"""The adaptive threshold: each step with numbers worked out by hand, and properties of the whole."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from cytally.labelling.adaptive_otsu import (
    ThresholdSettings,
    adaptive_threshold,
    block_thresholds,
    foreground,
    interpolated,
    otsu,
    smoothed,
)

Floats = NDArray[np.float64]

scenes = arrays(
    np.float64,
    st.sampled_from([(40, 60), (80, 40), (60, 60)]),
    elements=st.integers(0, 255).map(lambda value: value / 255),
    fill=st.just(0.1),
)


def halves() -> Floats:
    """40 x 40: 0.2 on the left, 1 on the right."""
    image = np.full((40, 40), 0.2)
    image[:, 20:] = 1
    return image


def test_otsu_of_two_values_is_the_middle_of_the_lowest_bin() -> None:
    # 256 bins from 0 to 1 are 1/256 wide; whatever bin divides them, the first that does is the lowest.
    assert otsu(np.array([0.0, 0.0, 1.0, 1.0])) == pytest.approx(1 / 512)


def test_otsu_divides_where_classes_lie_furthest_apart() -> None:
    # 0, 0, 0.5, 1, 1, 1. Dividing below 0.5: 2 * 4 * (0.875 - 0)^2 = 6.125; above: 3 * 3 * (1 - 1/6)^2 = 6.25.
    assert 0.5 <= otsu(np.array([0, 0, 0.5, 1, 1, 1])) < 0.51
    # 0, 0, 0, 0.5, 1, 1 is its mirror image: below 0.5 it is 6.25.
    assert otsu(np.array([0, 0, 0, 0.5, 1, 1])) < 0.01


def test_blocks_share_out_what_does_not_divide() -> None:
    # 7 columns in windows of 2 are 3 blocks 2.33 wide: they begin at 0, 2 and 4.
    image = np.broadcast_to(np.array([0.0, 0.0, 0.1, 0.1, 0.2, 0.2, 0.2]), (4, 7))
    assert block_thresholds(image, 2).tolist() == [[0, 0.1, 0.2]] * 2


def test_interpolation_between_two_blocks_is_linear_and_goes_on_to_the_edges() -> None:
    # Blocks of 2 in 4 pixels: middles at 1 and 3; pixels have their middles at 0.5, 1.5, 2.5, 3.5.
    found = interpolated(np.array([[0.0, 1.0], [0.0, 1.0]]), (4, 4))
    np.testing.assert_allclose(found, [[-0.25, 0.25, 0.75, 1.25]] * 4, atol=1e-12)


def test_interpolation_is_a_cubic_spline_from_four_blocks_on() -> None:
    # A cubic is its own spline: thresholds ((x - 40) / 40)^3 at the middles 10, 30, 50, 70 of blocks of 20.
    cubic = ((np.array([10, 30, 50, 70]) - 40) / 40) ** 3
    found = interpolated(np.tile(cubic, (4, 1)), (80, 80))
    np.testing.assert_allclose(found[0], ((np.arange(80) + 0.5 - 40) / 40) ** 3, atol=1e-9)


def test_thresholds_are_kept_near_that_of_the_whole_image() -> None:
    # The whole image's: 0.2 + 0.8 / 512 = 0.2015625. Blocks: 0.2 and 1; between the middles at 10 and 30 it grows by
    # 0.8 / 20 a pixel: 0.2 + 0.5 * 0.04 = 0.22 in column 10. At the left it would fall to -0.18, and reach 1.38 at the
    # right.
    found = adaptive_threshold(halves())
    assert found[5, 10] == pytest.approx(0.22)
    assert found[5, 0] == pytest.approx(0.7 * 0.2015625)
    assert found[5, 39] == pytest.approx(1.5 * 0.2015625)


def test_bounds_are_stronger_than_the_whole_image() -> None:
    # Of an image 30 times as dark, the whole image's is 0.0067, raised to 0.05. The local ones reach 1.38 / 30 = 0.046.
    assert np.unique(adaptive_threshold(halves() / 30)).tolist() == [0.05]
    assert adaptive_threshold(halves(), ThresholdSettings(highest=0.21)).max() == 0.21


def test_correction_multiplies() -> None:
    found = adaptive_threshold(halves(), ThresholdSettings(correction=2))
    assert found[5, 10] == pytest.approx(0.44)
    assert found[5, 39] == pytest.approx(1.5 * 2 * 0.2015625)


def test_an_image_shorter_than_two_windows_has_one_threshold() -> None:
    found = adaptive_threshold(halves()[:39])
    assert found.shape == (39, 40)
    assert np.unique(found) == pytest.approx([0.2015625])


def test_smoothing_of_default_scale_is_a_gaussian_of_one_pixel() -> None:
    # 1.3488 / 0.6744 / 2 = 1. In the middle, of one pixel: 1 / (1 + 2 e^-0.5 + 2 e^-2 + 2 e^-4.5 + 2 e^-8), squared.
    image = np.zeros((21, 21))
    image[10, 10] = 1
    weight = 1 / (1 + 2 * sum(math.exp(-(k**2) / 2) for k in range(1, 5)))
    found = smoothed(image, 1.3488)
    assert found[10, 10] == pytest.approx(weight**2)
    assert found[10, 11] == pytest.approx(weight**2 * math.exp(-0.5))


def test_smoothing_divides_out_what_lies_beyond_the_edge() -> None:
    np.testing.assert_allclose(smoothed(np.full((5, 9), 0.3), 4.0), 0.3)
    image = np.random.default_rng(0).random((4, 4))
    assert smoothed(image, 0) is image


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (40, 40), (41, 97)])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_an_image_of_one_value_has_no_foreground(shape: tuple[int, int], value: float) -> None:
    assert not foreground(np.full(shape, value)).any()


def test_an_image_without_pixels_has_no_foreground() -> None:
    assert foreground(np.zeros((0, 4))).shape == (0, 4)


def test_a_dim_nucleus_is_found_that_a_global_threshold_misses() -> None:
    y, x = np.mgrid[:120, :120]
    image = 0.02 + 0.9 * np.exp(-((y - 80) ** 2 + (x - 90) ** 2) / 400)
    dim = np.hypot(y - 30, x - 30) < 8
    image[dim] = 0.85 * otsu(image)
    assert (image[dim] < otsu(image)).all()
    found = foreground(image)
    assert found[np.hypot(y - 30, x - 30) < 6].all()
    assert not found[y < 15].any()


@settings(max_examples=25, deadline=None)
@given(scenes)
def test_thresholds_are_numbers_within_their_bounds_and_flip_with_the_image(image: Floats) -> None:
    found = adaptive_threshold(image)
    assert found.shape == image.shape
    assert ((found >= 0.05) & (found <= 1)).all()
    np.testing.assert_allclose(adaptive_threshold(image[::-1]), found[::-1], atol=1e-9)
    np.testing.assert_allclose(adaptive_threshold(image[:, ::-1]), found[:, ::-1], atol=1e-9)
