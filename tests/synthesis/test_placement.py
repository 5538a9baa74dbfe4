from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.synthesis.placement import Crowding, Ellipses, place


def circles(number: int, radius: float) -> Ellipses:
    return Ellipses(np.full(number, radius), np.full(number, radius), np.zeros(number))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 0.9), st.floats(0, 1), st.floats(0, 1))
def test_distances_are_kept(seed: int, overlap: float, clustering: float, patchiness: float) -> None:
    crowding = Crowding(clustering, patchiness, overlap)
    centres = place(circles(40, 5.0), 30, (80, 60), 5.0, crowding, np.random.default_rng(seed))
    inside, outside = centres[:30], centres[30:]
    limits = np.array([79.5, 59.5])
    inside, outside = inside[np.isfinite(inside[:, 0])], outside[np.isfinite(outside[:, 0])]
    assert np.all((inside >= -0.5) & (inside <= limits))
    assert np.all(np.any((outside < -0.5) | (outside > limits), axis=1))
    assert np.all((outside >= -5.5) & (outside <= limits + 5))
    every = np.concatenate([inside, outside])
    for k, one in enumerate(every):
        for other in every[:k]:
            assert np.hypot(*(one - other)) >= (1 - overlap) * 10 - 1e-6


def test_the_search_ends_in_a_full_field() -> None:
    centres = place(circles(5000, 5.0), 5000, (40, 40), 0.0, Crowding(0.5, 0.0, 0.0), np.random.default_rng(0))
    placed = np.isfinite(centres[:, 0]).sum()
    # More than a loose handful, less than the densest packing of the image widened by a radius.
    assert 8 <= placed <= 0.907 * 50**2 / (np.pi * 25)


def test_the_metric_is_one_on_the_ellipse() -> None:
    # Half axes 6 and 3, turned by 30° from x towards y: the end of the major axis is (y, x) = (3, 5.196).
    yy, xy, xx = Ellipses(np.array([6.0]), np.array([3.0]), np.array([np.pi / 6])).metric()[0]
    y, x = 3.0, 6 * np.cos(np.pi / 6)
    assert yy * y * y + xy * x * y + xx * x * x == pytest.approx(1)
    y, x = 3 * np.cos(np.pi / 6), -1.5
    assert yy * y * y + xy * x * y + xx * x * x == pytest.approx(1)
