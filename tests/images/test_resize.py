import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.images.resize import resize, resize_density, resize_labels, scale_points

SIDES = st.integers(2, 40)  # no image is a single pixel wide


@settings(max_examples=40)
@given(SIDES, SIDES, SIDES, SIDES, st.integers(0, 99))
def test_a_density_keeps_its_sum_whatever_the_sizes(rows, columns, to_rows, to_columns, seed):
    density = np.random.default_rng(seed).normal(0.1, 1, (rows, columns)).astype(np.float32)
    resized = resize_density(density, (to_rows, to_columns))
    assert resized.shape == (to_rows, to_columns)
    assert resized.dtype == np.float32
    assert resized.sum(dtype=float) == pytest.approx(density.sum(dtype=float), abs=1e-5 * float(np.abs(density).sum()))


@settings(max_examples=40)
@given(st.sampled_from([0.25, 0.5, 2.0, 3.7]), st.integers(0, 19), st.integers(0, 29))
def test_each_pixels_mass_stays_where_it_is(factor, y, x):
    """One pixel's share keeps its sum by itself, and its centre to within a pixel of the coarser map."""
    density = np.zeros((20, 30), np.float32)
    density[y, x] = 1
    shape = (round(20 * factor), round(30 * factor))
    resized = resize_density(density, shape)
    assert resized.sum() == pytest.approx(1, abs=1e-5)
    assert resized.min() >= 0
    (moved,) = scale_points(np.array([[y, x]], float), (shape[0] / 20, shape[1] / 30))
    centre = [(resized.sum(axis=1 - axis) * np.arange(shape[axis])).sum() for axis in (0, 1)]
    assert centre == pytest.approx(moved, abs=max(1, factor))


def test_a_map_that_almost_cancels_is_not_blown_up():
    density = np.zeros((8, 8), np.float32)
    density[0, 0], density[4, 4] = 1.0, -0.999
    resized = resize_density(density, (24, 24))
    assert np.abs(resized).max() < 1
    assert resized.sum(dtype=float) == pytest.approx(0.001, abs=1e-5)


def test_the_same_size_is_the_same_map():
    density = np.random.default_rng(0).random((5, 7), np.float32)
    assert np.array_equal(resize_density(density, (5, 7)), density)
    assert np.array_equal(resize(density[None], (5, 7))[0], density)


def test_shrinking_averages_so_that_no_pixel_is_skipped():
    picture = np.zeros((1, 16, 16), np.float32)
    picture[0, ::4, ::4] = 16
    assert resize(picture, (4, 4)).mean() == pytest.approx(1, rel=0.1)
    assert resize(np.full((2, 9, 9), 3.0), (4, 5)) == pytest.approx(3)


@pytest.mark.parametrize("factor", [2, 4])
def test_pictures_and_points_move_together(factor):
    rows, columns = np.mgrid[:40, :48]
    picture = np.exp(-((rows - 21) ** 2 + (columns - 13) ** 2) / 18)[None]
    resized = resize(picture, (40 * factor, 48 * factor))[0]
    ((y, x),) = scale_points(np.array([[21.0, 13.0]]), factor)
    weights = resized / resized.sum()
    assert (weights.sum(axis=1) * np.arange(40 * factor)).sum() == pytest.approx(y, abs=0.1)
    assert (weights.sum(axis=0) * np.arange(48 * factor)).sum() == pytest.approx(x, abs=0.1)


def test_points_keep_their_score_and_edges_stay_edges():
    points = np.array([[-0.5, 9.5, 0.7], [4.5, -0.5, 0.3]])
    assert scale_points(points, (2.0, 0.5)).tolist() == [[-0.5, 4.5, 0.7], [9.5, -0.5, 0.3]]
    assert points[0, 1] == 9.5
    assert scale_points(np.zeros((0, 2)), 3.0).shape == (0, 2)


@settings(max_examples=40)
@given(SIDES, SIDES, SIDES, SIDES, st.integers(0, 99))
def test_each_pixel_of_a_label_image_takes_the_label_its_centre_falls_in(rows, columns, to_rows, to_columns, seed):
    labels = np.random.default_rng(seed).integers(0, 9, (rows, columns)).astype(np.uint16)
    resized = resize_labels(labels, (to_rows, to_columns))
    assert resized.shape == (to_rows, to_columns) and resized.dtype == np.uint16
    for y in range(to_rows):
        for x in range(to_columns):
            # whole numbers alone: the centre lies at (2 y + 1) / 2 of to_rows
            assert (
                resized[y, x] == labels[(2 * y + 1) * rows // (2 * to_rows), (2 * x + 1) * columns // (2 * to_columns)]
            )


def test_enlarged_labels_shrink_back_and_the_same_size_is_the_same():
    labels = np.arange(12).reshape(3, 4)
    assert resize_labels(labels, (3, 4)) is labels
    large = resize_labels(labels, (9, 8))
    assert np.array_equal(large, np.kron(labels, np.ones((3, 2), int)))
    assert np.array_equal(resize_labels(large, (3, 4)), labels)
