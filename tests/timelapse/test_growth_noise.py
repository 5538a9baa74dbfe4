"""The scatter against its covariance written out, and what is estimated of it."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.timelapse.growth_noise import CountNoise, Whitening, estimate_noise

TIMES = np.array([0.0, 0.1, 0.3, 0.35, 0.8, 1.0])
REFERENCE = np.array([10.0, 12.0, 17.0, 18.0, 40.0, 60.0])


def covariance(noise: CountNoise) -> np.ndarray:
    """Of the counts, entry by entry: what two counts share is the process up to the earlier of them."""
    number = len(TIMES)
    matrix = np.zeros((number, number))
    for i in range(number):
        for j in range(number):
            for step in range(min(i, j)):
                mean = (1 / REFERENCE[step] + 1 / REFERENCE[step + 1]) / 2
                matrix[i, j] += noise.process * (TIMES[step + 1] - TIMES[step]) * mean * REFERENCE[i] * REFERENCE[j]
        matrix[i, i] += noise.counting * REFERENCE[i]
    return matrix


@pytest.mark.parametrize("noise", [CountNoise(0.7, 0.2), CountNoise(0, 1), CountNoise(3, 1e-4)])
def test_whitening_against_the_covariance(noise: CountNoise) -> None:
    matrix, whiten = covariance(noise), Whitening(TIMES, REFERENCE, noise)
    residuals = np.random.default_rng(0).normal(size=(6, 2))
    white = whiten(residuals)
    assert white.T @ white == pytest.approx(residuals.T @ np.linalg.solve(matrix, residuals))
    assert whiten(residuals[:, 0]) == pytest.approx(white[:, 0])
    assert whiten.log_determinant == pytest.approx(np.linalg.slogdet(matrix)[1])


def test_poisson_is_counting_alone() -> None:
    assert Whitening(TIMES, REFERENCE, CountNoise(0, 1))(REFERENCE) ** 2 == pytest.approx(REFERENCE, rel=1)
    assert np.square(Whitening(TIMES, REFERENCE, CountNoise(0, 1))(REFERENCE)).sum() == pytest.approx(REFERENCE.sum())


@pytest.mark.parametrize(("process", "counting"), [(20.0, 0.01), (20.0, 1.0), (5.0, 1.0), (0.0, 1.0)])
def test_the_size_of_the_scatter_is_found(process: float, counting: float) -> None:
    times, reference, found = np.linspace(0, 1, 200), np.full(200, 500.0), []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        level = 500 * np.cumsum(np.r_[0, rng.normal(size=199) * np.sqrt(process * np.diff(times) / 500)])
        residuals = level + rng.normal(size=200) * np.sqrt(counting * 500)
        found.append(estimate_noise(times, reference, residuals, np.ones((200, 1)), CountNoise(0.0, 1e-6)))
    assert np.mean([noise.counting for noise in found]) == pytest.approx(counting, rel=0.2, abs=0.005)
    assert np.mean([noise.process for noise in found]) == pytest.approx(process, rel=0.25, abs=0.5)


def test_never_below_the_floor_nor_zero() -> None:
    times, ones = np.linspace(0, 1, 20), np.ones((20, 1))
    floor = CountNoise(0.5, 0.01)
    assert estimate_noise(times, np.full(20, 9.0), np.zeros(20), ones, floor) == floor
    wobble = np.tile([-1.0, 1.0], 10)  # all of it counting: the likeliest process is 0
    assert estimate_noise(times, np.full(20, 9.0), wobble, ones, CountNoise(0.0, 1e-6)).process > 0
