"""Uneven light beneath the nuclei."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from cytally.images.scale import shrink
from cytally.labelling.background import enlarge, subtract_background


def nuclei(size: int = 160, diameter: float = 12) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    return ndimage.gaussian_filter((np.hypot(y % 40 - 20, x % 40 - 20) < diameter / 2).astype(float), 1)


@pytest.mark.parametrize("strength", [0.0, 1.0, 3.0])
def test_a_slope_is_levelled_and_nuclei_keep_their_height(strength: float) -> None:
    slope = np.linspace(0, strength, 160)[:, None] + np.linspace(0, strength, 160)
    plain = nuclei()
    level = subtract_background(plain + slope, 12)
    off = np.abs(level - plain)
    assert np.median(off) < 0.02 + 0.05 * strength
    assert np.median((level - level.min())[plain > 0.9]) > 0.9
    centre = np.s_[40:120, 40:120]
    assert off[centre].max() < 0.05 + 0.1 * strength


def test_noise_lowers_the_floor_by_little() -> None:
    noisy = nuclei() + np.random.default_rng(0).normal(5, 0.2, (160, 160))
    level = subtract_background(noisy, 12)
    assert 0 < np.median(level[nuclei() < 0.01]) < 0.25


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 200), (64, 64)])
def test_any_shape(shape: tuple[int, int]) -> None:
    plane = np.random.default_rng(1).random(shape)
    assert subtract_background(plane, 10).shape == shape
    assert subtract_background(plane, 500).dtype == np.float32


@given(st.floats(-3, 3), st.floats(2, 40))
@settings(max_examples=20, deadline=None)
def test_a_constant_leaves_nothing(value: float, diameter: float) -> None:
    assert np.abs(subtract_background(np.full((30, 45), value), diameter)).max() < 1e-5


def test_enlarging_by_hand() -> None:
    assert enlarge(np.array([[0.0, 4.0]], np.float32), (2, 5), 2).tolist() == [[0, 1, 3, 4, 4]] * 2


@given(st.integers(1, 5), st.integers(5, 30), st.integers(5, 30))
@settings(max_examples=30, deadline=None)
def test_a_plane_survives_shrinking_and_enlarging(step: int, rows: int, columns: int) -> None:
    plane = 2.0 * np.arange(rows)[:, None] + 3.0 * np.arange(columns)
    again = enlarge(shrink(plane, step), plane.shape, step)
    inner = np.s_[step : rows // step * step - step, step : columns // step * step - step]
    assert again[inner] == pytest.approx(plane[inner], abs=1e-3)
