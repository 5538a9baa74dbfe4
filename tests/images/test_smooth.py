"""The Gaussian in threads is SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cytally.images.smooth import LEAST, gaussian


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("threads", [None, 1, 2, 5])
@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (1, 40), (61, 34)], ids=str)
def test_it_is_scipys_to_the_last_digit(shape: tuple[int, int], threads: int | None, dtype: type) -> None:
    plane = np.random.default_rng(0).normal(5, 20, shape).astype(dtype)
    for sigma, truncate in ((0.5, 4.0), (1.0, 3.0), (2.9, 3.0), (7.3, 4.0)):
        smooth = gaussian(plane, sigma, truncate=truncate, threads=threads)
        assert smooth.dtype == dtype
        assert np.array_equal(smooth, ndimage.gaussian_filter(plane, sigma, truncate=truncate))


def test_large_planes_use_the_threads_that_torch_has(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("torch.get_num_threads", lambda: asked.append(1) or 2)
    side = int(np.sqrt(LEAST)) + 1
    plane = np.random.default_rng(0).random((side, side), np.float32)
    assert np.array_equal(gaussian(plane, 1.0), ndimage.gaussian_filter(plane, 1.0))
    assert asked == [1]
