"""The Gaussians are SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cytally.images.smooth import gaussian, gaussian_in_pairs

SHAPES = pytest.mark.parametrize("shape", [(1, 1), (3, 2), (1, 40), (40, 1), (61, 34)], ids=str)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@SHAPES
def test_it_is_scipys(shape: tuple[int, int], dtype: type) -> None:
    plane = np.random.default_rng(0).normal(5, 20, shape).astype(dtype)
    for sigma, truncate in ((0.5, 4.0), (1.0, 3.0), (2.9, 3.0), (7.3, 4.0)):
        smooth = gaussian(plane, sigma, truncate=truncate)
        assert smooth.dtype == dtype and smooth.shape == shape
        exact = ndimage.gaussian_filter(plane.astype(float), sigma, truncate=truncate)
        assert np.allclose(smooth, exact, atol=1e-4 if dtype is np.float32 else 1e-11)


@SHAPES
def test_in_pairs_it_is_scipys_too(shape: tuple[int, int]) -> None:
    plane = np.random.default_rng(0).normal(5, 20, shape).astype(np.float32)
    for sigma in (0.5, 2.9, 7.3):
        smooth = gaussian_in_pairs(plane, sigma)
        assert smooth.dtype == np.float32 and smooth.shape == shape
        assert np.allclose(smooth, ndimage.gaussian_filter(plane.astype(float), sigma), atol=1e-4)


@pytest.mark.parametrize("sigma", [0.5, 0.9, 2.2, 3.3])
def test_what_mirrors_something_else_stays_equal_to_it(sigma: float) -> None:
    plane = np.sqrt(np.random.default_rng(0).integers(0, 300, (96, 128)).astype(np.float32))
    smooth = gaussian_in_pairs(plane, sigma)
    assert np.array_equal(gaussian_in_pairs(np.ascontiguousarray(plane[::-1]), sigma)[::-1], smooth)
    assert np.array_equal(gaussian_in_pairs(np.ascontiguousarray(plane[:, ::-1]), sigma)[:, ::-1], smooth)
