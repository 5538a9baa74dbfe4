"""Density maps against slow references, and what all three kinds have in common."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.datasets.augment import AugmentationConfig, augment, augment_whole
from cytally.datasets.example import Example
from cytally.methods.density_maps import gaussian_density, object_density, sigma_from_spacing, square_density

seeds = st.integers(0, 2**32 - 1)
KINDS = ("gaussian", "square", "object")
kinds = st.sampled_from(KINDS)


def density_map(kind, points, covariances, shape, size, bounds=None):
    """A map of any kind; `size` is the σ, the side or the spread."""
    if kind == "object":
        return object_density(points, covariances, shape, size, bounds)
    return {"gaussian": gaussian_density, "square": square_density}[kind](points, shape, size, bounds)


def draw_shapes(number, rng):
    """Covariances from nothing to long, in all directions."""
    axes = rng.normal(size=(number, 2, 2)) * rng.choice([0, 0.5, 3], size=(number, 1, 2))
    return axes @ axes.transpose(0, 2, 1)


def slow_density(points, shape, sigma, bounds=None):
    """Each Gaussian on a grid five times finer, cut at the image's edges and scaled to a mass of one."""
    fine, pad = 5, math.ceil(6 * sigma)
    rows, columns = shape
    top, left, bottom, right = bounds or (-0.5, -0.5, rows - 0.5, columns - 0.5)
    y = (np.arange(-pad * fine, (rows + pad) * fine) + 0.5) / fine - 0.5
    x = (np.arange(-pad * fine, (columns + pad) * fine) + 0.5) / fine - 0.5
    density = np.zeros(shape)
    for point in points:
        gaussian = np.exp(-((y[:, None] - point[0]) ** 2 + (x - point[1]) ** 2) / (2 * sigma**2))
        gaussian *= ((y > top) & (y < bottom))[:, None] & (x > left) & (x < right)
        gaussian /= gaussian.sum()
        inner = gaussian[pad * fine : (pad + rows) * fine, pad * fine : (pad + columns) * fine]
        density += inner.reshape(rows, fine, columns, fine).sum(axis=(1, 3))
    return density


@pytest.mark.parametrize("sigma", [1.5, 3.0])
def test_a_map_is_the_sum_of_gaussians_cut_at_the_edges(sigma):
    points = np.array([[4.2, 7.9], [0.0, 0.0], [11.5, 3.1], [11.4, 14.5], [4.0, 8.5]])
    found, slow = gaussian_density(points, (12, 15), sigma), slow_density(points, (12, 15), sigma)
    assert np.abs(found - slow).max() < 0.004 * slow.max()


def test_a_gaussian_far_from_the_edge_has_the_textbook_height():
    density = gaussian_density(np.array([[30.0, 30.0]]), (61, 61), sigma=6.0)
    assert density[30, 30] == pytest.approx(1 / (2 * math.pi * 36), rel=0.005)
    assert density[30, 36] == pytest.approx(math.exp(-0.5) / (2 * math.pi * 36), rel=0.005)


@given(kinds, st.integers(1, 40), st.integers(1, 40), st.floats(0.3, 30), st.integers(0, 20), seeds)
def test_a_map_sums_to_the_number_of_points_wherever_they_lie(kind, rows, columns, size, number, seed):
    rng = np.random.default_rng(seed)
    places = rng.choice([0, 0.5, 1, rng.random()], size=(number, 2))  # in corners, on edges and anywhere
    points = places * (rows, columns) - 0.5
    density = density_map(kind, points, draw_shapes(number, rng), (rows, columns), size)
    assert density.shape == (rows, columns)
    assert (density >= 0).all()
    assert density.sum() == pytest.approx(number, abs=1e-9)


@settings(max_examples=40)
@given(kinds, st.floats(0.5, 8), seeds)
def test_a_map_is_cropped_turned_and_flipped_as_its_image_is(kind, size, seed):
    rng = np.random.default_rng(seed)
    points, covariances = rng.uniform((-0.5, -0.5), (31.5, 39.5), (6, 2)), draw_shapes(6, rng)
    whole = density_map(kind, points, covariances, (32, 40), size)
    # the map is the picture, so that what happens to the picture is what should happen to the map
    example = Example("a", whole[None].astype(np.float32), points, (-0.5, -0.5, 31.5, 39.5), covariances)
    config = AugmentationConfig(blur=None)
    for shown in (
        augment(example, 20, config, rng),
        augment(example, 36, config, rng),
        augment_whole(example, config, rng),
    ):
        moved = density_map(kind, shown.points, shown.covariances, shown.image.shape[1:], size, shown.bounds)
        # tails beyond 5 sigma are left out of a crop: at most 6e-7 of a Gaussian that an edge may have doubled, twice
        assert np.abs(moved - shown.image[0]).max() < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_padding_around_a_small_image_holds_no_cells(kind):
    covariances = np.array([[[9.0, 5.0], [5.0, 9.0]]])
    density = density_map(kind, np.array([[2.0, 3.0]]), covariances, (20, 20), 4.0, bounds=(-0.5, -0.5, 5.5, 7.5))
    assert density[6:].sum() == density[:, 8:].sum() == 0
    assert density.sum() == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
def test_cells_beyond_the_real_image_are_no_cells(kind):
    points, covariances = np.array([[-1.0, 3.0], [3.0, 8.0]]), np.zeros((2, 2, 2))
    assert not density_map(kind, points, covariances, (8, 8), 2.0).any()
    assert density_map(kind, points, covariances, (8, 8), 2.0, (-0.5, -0.5, 7.5, 9.5)).any()
    assert density_map(kind, points[:0], covariances[:0], (3, 4), 2.0).tolist() == np.zeros((3, 4)).tolist()


def slow_square(points, shape, side, bounds):
    """Pixel by pixel: the area that each square, cut at the edges, shares with it."""

    def overlap(low, high, first, last):
        return max(0.0, min(high, last) - max(low, first))

    density = np.zeros(shape)
    for y, x in points:
        top, bottom = max(y - side / 2, bounds[0]), min(y + side / 2, bounds[2])
        left, right = max(x - side / 2, bounds[1]), min(x + side / 2, bounds[3])
        for row, column in np.ndindex(*shape):
            area = overlap(top, bottom, row - 0.5, row + 0.5) * overlap(left, right, column - 0.5, column + 0.5)
            density[row, column] += area / ((bottom - top) * (right - left))
    return density


@settings(max_examples=30)
@given(st.floats(0.2, 12), seeds)
def test_squares_are_shared_out_by_area(side, seed):
    points = np.random.default_rng(seed).uniform((-0.5, -3.5), (7.5, 6.5), (4, 2))
    bounds = (-0.5, -3.5, 7.5, 6.5)  # a crop: the image goes on to the left
    found, slow = square_density(points, (8, 7), side, bounds), slow_square(points, (8, 7), side, bounds)
    np.testing.assert_allclose(found, slow, atol=1e-10)


def test_each_pixel_counts_the_cells_in_the_window_around_it():
    rng = np.random.default_rng(0)
    points = rng.integers(4, 26, (30, 2)).astype(float)  # the squares stay inside
    density = square_density(points, (30, 30), 7)
    for row, column in np.ndindex(30, 30):
        window = (np.abs(points - (row, column)) <= 3).all(axis=1).sum()
        assert 49 * density[row, column] == pytest.approx(window, abs=1e-9)


def test_a_square_by_hand():
    density = square_density(np.array([[1.0, 1.5]]), (3, 4), 3)
    np.testing.assert_allclose(density * 9, [[0.5, 1, 1, 0.5]] * 3, atol=1e-12)


@pytest.mark.parametrize("sigma", [1.0, 2.5])
def test_a_square_of_the_root_of_twelve_sigma_is_as_wide_as_the_gaussian(sigma):
    variances = {"square": [], "gaussian": []}
    for y in np.linspace(19.5, 20.5, 20, endpoint=False):  # how a square falls onto the pixels makes a difference
        for kind, size in (("square", math.sqrt(12) * sigma), ("gaussian", sigma)):
            density = density_map(kind, np.array([[y, 20.0]]), None, (41, 41), size)
            variances[kind].append(density.sum(axis=1) @ (np.arange(41) - y) ** 2)
    # both are integrated over pixels, which adds a twelfth
    assert np.mean(variances["square"]) == pytest.approx(sigma**2 + 1 / 12, rel=0.001)
    assert np.mean(variances["gaussian"]) == pytest.approx(sigma**2 + 1 / 12, rel=0.001)


def slow_objects(points, covariances, shape, spread):
    """Pixel by pixel, the textbook's exponent; nothing cut off, so it differs in the tails."""
    density = np.zeros(shape)
    for point, covariance in zip(points, covariances, strict=True):
        precision = np.linalg.inv(spread**2 * covariance + 0.49 * np.eye(2))
        gaussian = np.zeros(shape)
        for place in np.ndindex(*shape):
            gaussian[place] = math.exp(-0.5 * (place - point) @ precision @ (place - point))
        density += gaussian / gaussian.sum()
    return density


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0, 2.0])
def test_objects_are_spread_by_their_covariance(spread):
    points = np.array([[4.2, 7.9], [0.0, 0.0], [11.5, 3.1], [6.0, 14.5]])
    covariances = np.array([[[4, 3], [3, 9]], [[1, 0], [0, 16]], [[5, -2], [-2, 1]], [[0, 0], [0, 0]]], float)
    found, slow = (
        object_density(points, covariances, (12, 15), spread),
        slow_objects(points, covariances, (12, 15), spread),
    )
    assert np.abs(found - slow).max() < 5e-4 * slow.max()


def test_the_narrowest_object_by_hand():
    density = object_density(np.array([[5.0, 5.0]]), np.zeros((1, 2, 2)), (11, 11), spread=1.0)
    assert density[5, 5] == pytest.approx(1 / (2 * math.pi * 0.49), rel=0.001)
    assert density[5, 6] / density[5, 5] == pytest.approx(math.exp(-0.5 / 0.49))
    assert not density[5, 8:].any()  # 4 standard deviations are 2.8 pixels


def test_a_map_has_the_shape_of_the_object():
    covariance = np.array([[6.0, 4.0], [4.0, 12.0]])
    density = object_density(np.array([[30.3, 29.6]]), covariance[None], (61, 61), spread=0.8)
    places = np.mgrid[:61, :61].reshape(2, -1)
    found = np.cov(places, aweights=density.ravel(), bias=True)
    np.testing.assert_allclose(found, 0.64 * covariance + 0.49 * np.eye(2), rtol=0.01)  # for want of tails
    assert places @ density.ravel() == pytest.approx([30.3, 29.6], abs=0.01)


def test_an_object_that_no_real_pixel_shows_is_left_out():
    sliver = (-0.5, -0.5, -0.1, 8.5)  # an image shrunk to less than half a pixel
    assert not object_density(np.array([[-0.3, 4.0]]), np.zeros((1, 2, 2)), (9, 9), 1.0, sliver).any()


def test_points_without_their_covariances_are_refused():
    with pytest.raises(ValueError, match=r"covariances of shape \(1, 2, 2\) do not belong to 2 points"):
        object_density(np.zeros((2, 2)), np.zeros((1, 2, 2)), (9, 9), 1.0)


def test_the_spacing_of_the_cells_sets_sigma():
    row = np.array([[0.0, 0], [0, 8], [0, 16], [0, 100]])  # nearest neighbours at 8, 8, 8 and 84
    assert sigma_from_spacing([row, np.zeros((0, 2)), np.zeros((1, 2))]) == pytest.approx(0.3 * 8)
    assert sigma_from_spacing([row * 10]) == 6.0
    assert sigma_from_spacing([row / 10]) == 1.5
    assert sigma_from_spacing([]) == 6.0
