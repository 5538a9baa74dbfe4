from __future__ import annotations

import numpy as np
import pytest

from cytally.synthesis.outlines import CHUNK, draw_outlines, rasterise
from cytally.synthesis.placement import Ellipses


def test_deformed_outlines_keep_their_area_and_fit_their_patch() -> None:
    rng = np.random.default_rng(0)
    total = CHUNK + 5
    major = rng.uniform(4, 15, total)
    ellipses = Ellipses(major, 0.6 * major, rng.random(total) * np.pi)
    outlines = draw_outlines(ellipses, 0.1, 0.0, rng)
    seen = []
    for chunk in rasterise(outlines, rng.random((total, 2)) * 50):
        areas = chunk.coverage.sum(axis=(1, 2))
        assert areas == pytest.approx(np.pi * 0.6 * major[chunk.indices] ** 2, rel=0.06)
        assert not chunk.coverage[:, [0, -1]].any()
        assert not chunk.coverage[:, :, [0, -1]].any()
        seen += chunk.indices.tolist()
    assert sorted(seen) == list(range(total))


def test_a_bite_takes_area_away() -> None:
    ellipses = Ellipses(np.full(20, 12.0), np.full(20, 12.0), np.zeros(20))
    outlines = draw_outlines(ellipses, 0.0, 1.0, np.random.default_rng(1))
    (chunk,) = rasterise(outlines, np.full((20, 2), 30.0))
    areas = (chunk.coverage >= 0.5).sum(axis=(1, 2))
    assert np.all(areas < 0.95 * np.pi * 144)
    assert np.all(areas > 0.25 * np.pi * 144)
