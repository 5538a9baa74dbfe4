"""Smoothing before statistics: a few lines at a time, as if whole."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cytally.images import sample as module
from cytally.images.sample import sample


def plainly(channel: NDArray[np.generic], step: int) -> NDArray[np.floating]:
    """Nine copies of the whole, shifted; medians of three neighbours; their weighted mean, in pairs. Rows, columns."""
    values = channel.astype(np.result_type(channel.dtype, np.float32))
    weights = np.exp(-0.5 * np.arange(-3, 4) ** 2)
    weights = (weights / weights.sum()).astype(values.dtype)
    for _ in range(2):
        places = np.arange(min(step // 2, len(values) - 1), len(values), step)
        near = [values.take(places + shift, axis=0, mode="clip") for shift in range(-4, 5)]
        medians = [np.median(three, axis=0) for three in zip(near, near[1:], near[2:], strict=False)]
        centre = medians[3]
        total = centre.copy()
        for near_by, far, weight in zip(medians[:3], medians[:3:-1], weights, strict=False):
            total += (near_by + far - (centre + centre)) * weight
        values = total.T
    return values


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (3, 1), (2, 2), (5, 7), (64, 33), (300, 1), (200, 300)], ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64, np.int32, bool])
def test_it_is_what_the_whole_gives_to_the_last_digit(
    shape: tuple[int, int], dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = np.random.default_rng(0).normal(100, 50, shape).clip(0, 255).astype(dtype)
    for step in (1, 2, 3, 7):
        for cached in (1, 500, 32_768):
            monkeypatch.setattr(module, "CACHED", cached)
            found, wanted = sample(channel, step), plainly(channel, step)
            assert found.dtype == wanted.dtype
            assert np.array_equal(found, wanted), (step, cached)


def test_a_constant_region_stays_as_it_is() -> None:
    channel = np.full((30, 41), 0.1, np.float32)
    assert (sample(channel, 1) == np.float32(0.1)).all()
    assert (sample(np.full((9, 9), 1e9 + 1, np.float64), 2) == 1e9 + 1).all()
