from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cytally.synthesis.surroundings import cell_bodies, glow, specks, wide_blur


@pytest.mark.parametrize("shape", [(90, 101), (7, 60), (1, 1)])
def test_the_coarse_blur_is_the_blur(shape: tuple[int, int]) -> None:
    light = np.random.default_rng(0).random(shape, dtype=np.float32)
    light[: shape[0] // 2] += 2
    assert wide_blur(light, 12.0) == pytest.approx(ndimage.gaussian_filter(light, 12.0), abs=0.1)


def test_glow_spreads_light_without_adding_any() -> None:
    light = np.zeros((120, 120), dtype=np.float32)
    light[55:65, 55:65] = 1
    spread = glow(light, 0.3, 9.0)
    assert spread.sum() == pytest.approx(light.sum(), rel=0.02)
    assert spread[60, 60] < 1
    assert spread[60, 75] > 0
    assert glow(light, 0.0, 9.0) is light


def test_cell_bodies_add_light_near_nuclei_only() -> None:
    light = np.zeros((150, 150), dtype=np.float32)
    light[20:30, 20:30] = 1
    bodies = cell_bodies(light, 0.5, 8.0, np.random.default_rng(3))
    assert bodies[:50, :50].sum() > light.sum()
    assert not bodies[100:, 100:].any()


def test_specks_are_small_and_stay_in_any_image() -> None:
    rng = np.random.default_rng(0)
    for shape in ((1, 1), (3, 200), (64, 64)):
        dotted = specks(np.zeros(shape, dtype=np.float32), 30, 0.8, 1.5, rng)
        assert dotted.shape == shape
        assert dotted.any()
    alone = specks(np.zeros((64, 64), dtype=np.float32), 1, 0.8, 1.5, np.random.default_rng(5))
    assert 0 < alone.max() <= 0.8
    assert (alone > alone.max() / 2).sum() < 20
