import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from cytally.datasets.geometry import random_crop, random_place, rescale, turn_and_flip

sides = st.integers(1, 12)
seeds = st.integers(0, 2**32 - 1)


def inside(points: np.ndarray, bounds: tuple[float, float, float, float]) -> int:
    return int(((points > bounds[:2]) & (points < bounds[2:])).all(axis=1).sum())


@given(sides, sides, seeds, st.integers(0, 7), st.booleans())
def test_points_stay_on_their_pixels_when_turned_and_flipped(
    marked, assert_on_their_pixels, rows, columns, seed, turns, flip
):
    image, points = turn_and_flip(*marked(rows, columns, seed), turns, flip)
    assert image.flags["C_CONTIGUOUS"]
    assert inside(points, (-0.5, -0.5, image.shape[1] - 0.5, image.shape[2] - 0.5)) == len(points)
    assert_on_their_pixels(image, points)


@given(sides, sides, seeds, st.booleans())
def test_turning_four_times_and_flipping_twice_are_nothing(marked, rows, columns, seed, flip):
    image, points = marked(rows, columns, seed)
    turned, moved = image, points
    for _ in range(4):
        turned, moved = turn_and_flip(turned, moved, 1, False)
    for _ in range(2):
        turned, moved = turn_and_flip(turned, moved, 0, flip)
    np.testing.assert_array_equal(turned, image)
    np.testing.assert_allclose(moved, points, atol=1e-12)


def test_a_quarter_turn_by_hand():
    image = np.array([[[0, 1], [2, 3], [4, 5]]], np.float32)
    turned, points = turn_and_flip(image, np.array([[2.25, 0.0]]), 1, False)
    assert turned[0].tolist() == [[1, 3, 5], [0, 2, 4]]
    assert points.tolist() == [[1.0, 2.25]]
    flipped, points = turn_and_flip(image, np.array([[2.25, 0.0]]), 1, True)
    assert flipped[0].tolist() == [[5, 3, 1], [4, 2, 0]]
    assert points.tolist() == [[1.0, -0.25]]


@given(sides, sides, st.integers(1, 15), seeds)
def test_a_crop_keeps_all_points_on_their_pixels_and_knows_the_edges(
    marked, assert_on_their_pixels, rows, columns, size, seed
):
    image, points = marked(rows, columns, seed)
    crop, moved, bounds = random_crop(image, points, size, np.random.default_rng(seed))
    assert crop.shape == (2, size, size)
    assert len(moved) == len(points) == inside(moved, bounds)
    assert (bounds[2] - bounds[0], bounds[3] - bounds[1]) == (rows, columns)
    assert_on_their_pixels(crop, moved)
    # what lies beyond the bounds is padding, and padding is zero
    y, x = np.mgrid[:size, :size]
    beyond = (y < bounds[0]) | (x < bounds[1]) | (y > bounds[2]) | (x > bounds[3])
    assert not crop[:, beyond].any()


def test_every_place_of_a_crop_is_reached():
    image = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    rng = np.random.default_rng(0)
    corners = {float(random_crop(image, np.empty((0, 2)), 2, rng)[0][0, 0, 0]) for _ in range(200)}
    assert corners == {0, 1, 2, 4, 5, 6}


@pytest.mark.parametrize("factor", [0.25, 0.4, 0.7, 1.0, 1.3, 2.0, 3.5])
def test_a_blob_and_its_point_move_together_when_rescaled(factor):
    image = np.zeros((1, 60, 80), np.float32)
    image[0, 23, 41] = 1
    image = gaussian_filter(image, (0, 4, 4))
    scaled, points = rescale(image, np.array([[23.0, 41.0]]), factor)
    assert scaled.shape == (1, round(60 * factor), round(80 * factor))
    y, x = np.mgrid[: scaled.shape[1], : scaled.shape[2]]
    centroid = [(scaled[0] * axis).sum() / scaled[0].sum() for axis in (y, x)]
    assert centroid == pytest.approx(points[0].tolist(), abs=0.02)
    assert scaled.sum() == pytest.approx(factor**2 * image.sum(), rel=0.01)


def test_rescaling_by_hand():
    image = np.array([[[0, 0, 4, 4]]], np.float32)
    # factor 2: the centres -0.25, 0.25, 0.75, 1.25 ... of the new pixels, in old ones, interpolated
    np.testing.assert_allclose(rescale(image, np.empty((0, 2)), 2)[0][0, 0], [0, 0, 0, 1, 3, 4, 4, 4], atol=1e-6)
    # factor 1/2: weights 3/8 and 1/8 at distances 0.5 and 1.5 from the centres 0.5 and 2.5, over their sum of 7/8
    np.testing.assert_allclose(rescale(image, np.empty((0, 2)), 0.5)[0][0, 0], [4 / 7, 24 / 7], rtol=1e-6)


@given(sides, sides, st.floats(0.1, 4))
def test_an_even_picture_stays_even_at_every_size(rows, columns, factor):
    scaled, _ = rescale(np.full((1, rows, columns), 3, np.float32), np.empty((0, 2)), factor)
    np.testing.assert_allclose(scaled, 3, rtol=1e-5)


def test_each_end_of_a_side_stands_for_an_eighth_of_a_crop_more():
    """Of 20 pixels and crops of 16: places 0 to 4, drawn from -2 to 6."""
    rng = np.random.default_rng(0)
    places = np.bincount([random_place(20, 16, rng) for _ in range(9000)], minlength=5)
    assert len(places) == 5
    np.testing.assert_allclose(places / 9000, np.array([3, 1, 1, 1, 3]) / 9, atol=0.02)


@given(st.integers(1, 40), st.integers(1, 60), seeds)
def test_a_crop_begins_inside_and_ends_inside_where_it_can(length, size, seed):
    place = random_place(length, size, np.random.default_rng(seed))
    assert 0 <= place <= max(0, length - size)
