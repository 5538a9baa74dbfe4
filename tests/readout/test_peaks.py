import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.feature import peak_local_max

from cytally.readout.peaks import LEAST_SCORE, density_peaks


def gaussians(points, shape, sigma):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    heights = [np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * sigma**2)) for y, x in points]
    return np.sum(heights, axis=0) / (2 * math.pi * sigma**2)


@given(st.sampled_from([1.5, 2.0, 4.0]), st.integers(0, 2**32 - 1))
def test_isolated_cells_are_found_where_they_are(sigma, seed):
    """One cell in each field of a coarse grid, at least 6 sigma from the next, borders included."""
    rng, field = np.random.default_rng(seed), math.ceil(8 * sigma)
    jitter = math.floor(sigma)
    points = [
        (field * (row + 0.5) + rng.integers(-jitter, jitter + 1), field * (column + 0.5))
        for row in range(3)
        for column in range(2)
        if rng.random() < 0.7
    ] + [(0.0, 0.0)]
    points = np.floor(np.array(points))
    found = density_peaks(gaussians(points, (3 * field, 2 * field), sigma), sigma)
    assert sorted(map(tuple, found[:, :2])) == sorted(map(tuple, points))
    assert found[:, 2] == pytest.approx(1, abs=0.01)


def test_two_cells_on_one_spot_share_a_peak_of_score_one():
    found = density_peaks(gaussians([(9, 9), (9, 9)], (20, 20), 2.0), 2.0)
    assert found.tolist() == [[9, 9, 1]]


def test_cells_four_sigma_apart_are_two():
    assert len(density_peaks(gaussians([(9, 5), (9, 13)], (20, 20), 2.0), 2.0)) == 2


def test_faint_humps_are_noise():
    hump = gaussians([(9, 9)], (20, 20), 2.0)
    assert len(density_peaks(0.24 * hump, 2.0)) == 0
    assert density_peaks(0.26 * hump, 2.0)[:, 2] == pytest.approx(0.26)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 2)], ids=str)
def test_tiny_maps_are_no_trouble(shape):
    assert density_peaks(np.zeros(shape), 6.0).shape == (0, 3)


@given(
    st.sampled_from([1.0, 2.5, 4.0, 11.0]),
    st.sampled_from([(1, 1), (1, 9), (8, 1), (37, 52)]),
    st.sampled_from([2, 5, 1000]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_the_peaks_are_those_of_scikit_image_in_its_order(sigma, shape, levels, single, seed):
    """Of few grey levels, so that there are plateaus and equal neighbours, up to a map of one value."""
    unit = 1 / (2 * math.pi * sigma**2)
    density = np.random.default_rng(seed).integers(0, levels, shape) * (2 * unit / levels)
    density = density.astype(np.float32 if single else np.float64)
    slow = peak_local_max(
        density, min_distance=max(1, round(sigma / 2)), threshold_abs=LEAST_SCORE * unit, exclude_border=False
    )
    assert density_peaks(density, sigma)[:, :2].tolist() == slow.tolist()


def test_a_map_of_one_value_has_no_peak():
    assert density_peaks(np.ones((7, 9)), 2.0).shape == (0, 3)
