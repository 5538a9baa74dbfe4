"""Four crops as one."""

import numpy as np

from cytally.datasets.mosaic import quarters


def test_each_crop_keeps_its_pixels_and_its_quarter():
    parts = [np.random.default_rng(seed).normal(size=(2, 3, 4)).astype(np.float32) for seed in range(4)]
    whole = quarters(parts)
    assert whole.shape == (2, 6, 8)
    corners = [whole[:, :3, :4], whole[:, :3, 4:], whole[:, 3:, :4], whole[:, 3:, 4:]]
    assert all(np.array_equal(corner, part) for corner, part in zip(corners, parts, strict=True))
