"""Features on one scale, and what lies apart."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.choosing.spread import comparable, loneliness


def test_scale_and_what_does_not_vary_say_nothing() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(20, 4))
    (plain,) = comparable(rows)
    (changed,) = comparable(np.column_stack([rows * [1, 10, 100, 1000] + 5, np.full(20, 7.0)]))
    assert np.allclose(plain, changed)
    distances = np.linalg.norm(plain[:, None] - plain[None], axis=2)
    assert distances.max() <= 1


def test_an_odd_one_out_is_lonely() -> None:
    rows = np.array([[0.0, 0.0], [0.1, 0.0], [1.0, 0.0]])
    assert loneliness(rows, np.zeros((0, 2))) == pytest.approx([0.1, 0.1, 0.9])
    assert loneliness(rows, np.array([[0.95, 0.0]])) == pytest.approx([0.1, 0.1, 0.05])
