"""Pictures whose pixels tell which cell lies on them."""

from __future__ import annotations

import numpy as np
import pytest


def _marked(rows: int, columns: int, seed: int, cells: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """A dark picture and points, each on a pixel of its own brightness: 1, 2, 3 ..."""
    rng = np.random.default_rng(seed)
    places = rng.choice(rows * columns, size=min(cells, rows * columns), replace=False)
    image = np.zeros((2, rows, columns), np.float32)
    points = np.stack(np.unravel_index(places, (rows, columns)), axis=1).astype(float)
    for value, (y, x) in enumerate(points.astype(int), start=1):
        image[:, y, x] = value
    return image, points


def _assert_on_their_pixels(image: np.ndarray, points: np.ndarray) -> None:
    for value, (y, x) in enumerate(points, start=1):
        if 0 <= y < image.shape[1] and 0 <= x < image.shape[2]:
            assert image[:, int(y), int(x)].tolist() == [value] * len(image)


@pytest.fixture(scope="session")
def marked():
    return _marked


@pytest.fixture(scope="session")
def assert_on_their_pixels():
    return _assert_on_their_pixels
