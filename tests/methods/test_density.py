"""The density method: the suite in several configurations, and its maps against a slow reference."""

import math
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from method_suite import MethodSuite

from cytally.datasets.example import Example
from cytally.errors import ConfigError
from cytally.methods.density import Density, DensityConfig, gaussian_density, sigma_from_spacing
from cytally.training.configuration import make_configuration


class TestDensityAsPublished(MethodSuite):
    """Batch norm and L1, on a network that is small enough to train here."""

    method = "density"
    options: ClassVar = {"sigma": 2.0, "channels": [16, 16], "normalisation": "batch", "count_weight": 1}


class TestDensityAsOurs(MethodSuite):
    """Layer norm, and two channels."""

    method = "density"
    options: ClassVar = {"sigma": "auto", "channels": [16, 16], "normalisation": "layer", "count_weight": 1}
    channels = 2

    @classmethod
    def configuration(cls, **training):
        configuration = super().configuration(**training)
        return configuration.model_copy(update={"options": configuration.options.model_copy(update={"sigma": 2.0})})


class TestDensityWithoutNormalisation(MethodSuite):
    method = "density"
    options: ClassVar = {"sigma": 2.0, "channels": [8, 8, 8], "normalisation": "none", "loss": "l2"}


class TestDensityWithGroupNorm(MethodSuite):
    """Statistics over the image: counted whole, never in tiles."""

    method = "density"
    options: ClassVar = {"sigma": 2.0, "channels": [16, 16], "normalisation": "group", "count_weight": 1}
    learnt = 1.25  # a lone cell makes its own statistics, which takes longer to learn

    def test_it_is_never_tiled(self, trained):
        assert not trained.tileable


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


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.floats(0.3, 30),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=20),
)
def test_a_map_sums_to_the_number_of_points_wherever_they_lie(rows, columns, sigma, places):
    points = np.array(places).reshape(-1, 2) * (rows, columns) - 0.5
    density = gaussian_density(points, (rows, columns), sigma)
    assert density.shape == (rows, columns)
    assert (density >= 0).all()
    assert density.sum() == pytest.approx(len(points), abs=1e-9)


@given(st.integers(0, 30), st.integers(0, 20), st.floats(0.5, 8), st.integers(0, 2**32 - 1))
def test_crops_of_the_whole_map_are_maps_of_the_crop(top, left, sigma, seed):
    points = np.random.default_rng(seed).uniform((-0.5, -0.5), (49.5, 39.5), (8, 2))
    whole = gaussian_density(points, (50, 40), sigma)[top : top + 20, left : left + 20]
    bounds = (-0.5 - top, -0.5 - left, 49.5 - top, 39.5 - left)
    crop = gaussian_density(points - (top, left), (20, 20), sigma, bounds)
    # tails beyond 5 sigma are left out of a crop: at most 6e-7 of a Gaussian that an edge may have doubled, twice
    assert np.abs(crop - whole).max() < 1e-5


def test_padding_around_a_small_image_holds_no_cells():
    density = gaussian_density(np.array([[2.0, 3.0]]), (20, 20), 4.0, bounds=(-0.5, -0.5, 5.5, 7.5))
    assert density[6:].sum() == density[:, 8:].sum() == 0
    assert density.sum() == pytest.approx(1)


def test_the_spacing_of_the_cells_sets_sigma():
    row = np.array([[0.0, 0], [0, 8], [0, 16], [0, 100]])  # nearest neighbours at 8, 8, 8 and 84
    assert sigma_from_spacing([row, np.zeros((0, 2)), np.zeros((1, 2))]) == pytest.approx(0.3 * 8)
    assert sigma_from_spacing([row * 10]) == 6.0
    assert sigma_from_spacing([row / 10]) == 1.5
    assert sigma_from_spacing([]) == 6.0


def test_auto_is_worked_out_from_the_examples_and_kept_in_the_configuration():
    method = Density(DensityConfig(sigma="auto"), 1)
    with pytest.raises(ValueError, match="fit_to"):
        method.targets(Example("a", np.zeros((1, 9, 9), np.float32), np.zeros((0, 2)), (-0.5, -0.5, 8.5, 8.5)))
    points = np.array([[0.0, 0], [0, 10]])
    fitted = method.fit_to([Example("a", np.zeros((1, 9, 12), np.float32), points, (-0.5, -0.5, 8.5, 11.5))])
    assert fitted.config.sigma == fitted.sigma == pytest.approx(3)
    assert fitted.fit_to([]) is fitted


def test_targets_are_a_hundred_times_the_density(draw):
    method = Density(DensityConfig(sigma=2.0), 1)
    assert method.targets(draw(3)).sum() == pytest.approx(300, rel=1e-5)


def test_losses_worked_out_by_hand():
    output = torch.tensor([[[[1.0, 3.0]]], [[[0.0, -4.0]]]])  # two patches of 1 x 2 pixels
    zeros = torch.zeros_like(output)
    ones, second = torch.ones(2, 1, 1, 2), torch.tensor([0.0, 1.0]).expand(2, 1, 1, 2)
    assert Density(DensityConfig(), 1).loss(output, zeros, ones) == 2.0
    assert Density(DensityConfig(loss="l2"), 1).loss(output, zeros, ones) == 6.5
    # the patches' means are 2 and -2, so the term on the count adds 3 times 2
    assert Density(DensityConfig(count_weight=3), 1).loss(output, zeros, ones) == 8.0
    # with the second pixels alone: (3 + 4) / 2 per pixel, and as much per patch
    assert Density(DensityConfig(count_weight=1), 1).loss(output, zeros, second) == 7.0


def test_a_map_below_nothing_counts_nothing():
    output = np.full((1, 8, 8), -1, np.float32)
    output[0, 4, 4] = 40
    prediction = Density(DensityConfig(sigma=2.0), 1).read(output)
    assert prediction.count == 0
    assert not prediction.density.any()
    assert prediction.points.shape == (0, 3)


def test_the_count_is_the_sum_and_the_points_are_the_peaks():
    method = Density(DensityConfig(sigma=2.0), 1)
    points = np.array([[10.0, 12.0], [30.0, 40.0], [11.0, 45.0]])
    prediction = method.read(
        method.targets(Example("a", np.zeros((1, 48, 64), np.float32), points, (-0.5, -0.5, 47.5, 63.5)))
    )
    assert prediction.count == pytest.approx(3, rel=1e-5)
    assert sorted(map(tuple, prediction.points[:, :2])) == sorted(map(tuple, points))
    assert prediction.points[:, 2] == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(
    "options", [{"channels": [4]}, {"channels": [4, 0]}, {"sigma": 0}, {"amplitude": 0}, {"loss": "l3"}], ids=str
)
def test_settings_out_of_range_are_refused(options):
    with pytest.raises(ConfigError, match=f"'options.{next(iter(options))}"):
        make_configuration({"method": "density", "options": options})
