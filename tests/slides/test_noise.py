"""The ground's noise: how strong, where, and how far it reaches, of noise whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.slides.noise import FAR, heaviness, noise_squares, overall, relative_noise

SHAPE = (400, 480)
EVERYWHERE = np.ones(SHAPE, bool)


def standardised(noise: np.ndarray) -> np.ndarray:
    return ((noise - np.median(noise)) / noise.std()).astype(np.float32)


@pytest.mark.parametrize("whole", [False, True])
def test_the_standard_deviation_of_noise_on_a_slope(whole):
    rng = np.random.default_rng(0)
    values = rng.normal(0, 3, SHAPE) + np.arange(SHAPE[1]) / 4
    values = (np.rint(values) if whole else values).astype(np.float32)
    squares = noise_squares(values, EVERYWHERE, whole)
    assert squares.shape == (25, 30)
    assert overall(squares) == pytest.approx(3, rel=0.03)


def test_squares_without_ground_are_not_measured():
    ground = EVERYWHERE.copy()
    ground[:, 100:] = False
    squares = noise_squares(np.random.default_rng(0).normal(0, 3, SHAPE).astype(np.float32), ground, False)
    assert np.isfinite(squares[:, :5]).all()
    assert np.isnan(squares[:, 8:]).all()
    assert overall(np.full((3, 4), np.nan)) == 0
    assert (relative_noise(np.full((3, 4), np.nan), (48, 64)) == 1).all()


def test_noise_that_is_stronger_on_one_side():
    rng = np.random.default_rng(1)
    strength = np.where(np.arange(SHAPE[1]) < 160, 6.0, 2.0)
    squares = noise_squares((rng.normal(0, 1, SHAPE) * strength).astype(np.float32), EVERYWHERE, False)
    relative = relative_noise(squares, SHAPE)
    assert relative[:, :112].mean() == pytest.approx(3, rel=0.05)
    assert relative[:, 208:].mean() == pytest.approx(1, rel=0.05)


def test_a_cell_does_not_make_its_surroundings_look_noisy():
    values = np.random.default_rng(2).normal(0, 1, SHAPE).astype(np.float32)
    values[200:204, 200:204] += 100
    assert relative_noise(noise_squares(values, EVERYWHERE, False), SHAPE)[202, 202] < 1.1


@pytest.mark.parametrize("seed", range(3))
def test_normal_noise_reaches_no_further_than_itself(seed):
    normal = np.random.default_rng(seed).normal(0, 1, SHAPE)
    assert heaviness(standardised(normal), EVERYWHERE) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("photons", [0.3, 1, 5, 20])
def test_what_few_photons_reach(photons):
    """As far as one pixel in 300,000 does: where a normal distribution reaches 4.5 standard deviations."""
    rng = np.random.default_rng(3)
    noise = rng.poisson(photons, SHAPE) + rng.random(SHAPE) - 0.5
    factor = heaviness(standardised(noise), EVERYWHERE)
    large = rng.poisson(photons, 3_000_000)
    reached = (np.quantile(large, 1 - 3.4e-6) - photons) / np.sqrt(photons)
    assert 0.7 * reached < factor * FAR < 1.5 * reached
    assert heaviness(standardised(-noise), EVERYWHERE) < 1.05


def test_cells_do_not_count_as_noise():
    rng = np.random.default_rng(4)
    values = rng.normal(0, 1, SHAPE)
    rows, columns = np.mgrid[-4:5, -4:5]
    for y, x in rng.integers(4, np.array(SHAPE) - 4, (3000, 2)):  # more than one in every square of 8 pixels
        values[y - 4 : y + 5, x - 4 : x + 5] += 8 * np.exp(-(rows**2 + columns**2) / 2)
    assert heaviness(standardised(values), EVERYWHERE) < 1.1


def test_of_a_few_squares_nothing_is_told():
    assert heaviness(np.random.default_rng(5).exponential(1, (40, 40)).astype(np.float32), np.ones((40, 40), bool)) == 1
