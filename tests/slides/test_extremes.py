"""The densest and the sparsest window, against a slow search."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cytally.slides.extremes import FILLED, extreme_windows

shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))


@given(
    shapes.flatmap(
        lambda shape: st.tuples(
            arrays(float, shape, elements=st.integers(0, 20).map(float)),
            arrays(float, shape, elements=st.sampled_from([0.0, 1.0])),
        )
    ),
    st.integers(1, 6),
)
@settings(deadline=None, max_examples=60)
def test_against_a_slow_search(maps, side):
    cells, area = maps
    cells = cells * area
    found = extreme_windows(cells, area, side)
    if not area.any():
        assert found is None
        return
    height, width = min(side, cells.shape[0]), min(side, cells.shape[1])
    windows = [
        np.s_[top : top + height, left : left + width]
        for top in range(cells.shape[0] - height + 1)
        for left in range(cells.shape[1] - width + 1)
    ]
    fullest = max(area[window].sum() for window in windows)
    enough = [one for one in windows if area[one].sum() >= min(FILLED * height * width, fullest) - 1e-9]
    dense = [cells[one].sum() / area[one].sum() for one in enough]
    assert found.most == pytest.approx(max(dense))
    assert found.least == pytest.approx(min(dense))
    for window, value in ((found.densest, found.most), (found.sparsest, found.least)):
        assert window in enough
        assert cells[window].sum() / area[window].sum() == pytest.approx(value)


def test_thin_tissue_has_windows_too():
    area = np.zeros((20, 30))
    area[10] = 1
    cells = np.zeros_like(area)
    cells[10, 20] = 5
    found = extreme_windows(cells, area, 5)
    assert found.most == pytest.approx(1)
    assert found.least == 0
    assert found.densest[0].start <= 10 < found.densest[0].stop
    assert found.densest[1].start <= 20 < found.densest[1].stop
