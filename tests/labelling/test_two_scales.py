"""Two thresholds: what is bright for the image, and bright for its neighbourhood."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cytally.labelling.two_scales import local_brightness, nucleus_mask


def disc(y: float, x: float, radius: float, size: int = 100) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    return np.hypot(rows - y, columns - x) < radius


def test_a_dim_nucleus_apart_from_a_bright_one_is_found_to_its_own_half_height() -> None:
    bright, dim = disc(50, 25, 8), disc(50, 75, 8)
    smooth = ndimage.gaussian_filter(1.6 * bright + 0.7 * dim, 1.5)
    mask = nucleus_mask(smooth, 16)
    for nucleus in (bright, dim):
        near = ndimage.binary_dilation(nucleus, iterations=6)
        assert mask[near].sum() == pytest.approx(nucleus.sum(), rel=0.15)


def test_haze_around_a_bright_nucleus_is_trimmed() -> None:
    nucleus = disc(50, 50, 8)
    haze = 0.25 * disc(50, 50, 12)
    dim = 0.5 * disc(15, 15, 8)
    mask = nucleus_mask(ndimage.gaussian_filter(np.maximum(nucleus.astype(float), haze) + dim, 0.7), 16)
    assert mask[disc(50, 50, 12)].sum() < 1.25 * nucleus.sum()
    assert mask[15, 15]


def test_noise_alone_gives_next_to_nothing() -> None:
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(0, 0.3, (200, 200)), 1)
    assert nucleus_mask(noise, 12).mean() < 0.002


def test_holes_are_filled_and_threads_cut() -> None:
    ring = disc(50, 50, 10) & ~disc(50, 50, 3)
    ring[50, 60:90] = True
    mask = nucleus_mask(ring.astype(float), 20)
    assert mask[50, 50]
    assert not mask[50, 70:].any()


def test_brightness_of_the_neighbourhood_is_that_of_bright_pixels_only() -> None:
    plane = np.zeros((80, 80))
    plane[:, :40], plane[10:30, 10:30], plane[50:70, 50:70] = 0.1, 2.0, 0.5
    near = local_brightness(plane, plane > 0.2, 8)
    assert near[20, 20] == pytest.approx(2.0, rel=0.01)
    assert near[60, 60] == pytest.approx(0.5, rel=0.01)
    assert local_brightness(plane, np.zeros(plane.shape, bool), 8).max() == 0
