import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cytally.slides.extremes import extreme_windows


def slow(cells, area, side):
    """Every window in turn: the densities of those that are filled enough."""
    height, width = (min(side, length) for length in cells.shape)
    corners = [(y, x) for y in range(cells.shape[0] - height + 1) for x in range(cells.shape[1] - width + 1)]
    sums = {
        (y, x): (cells[y : y + height, x : x + width].sum(), area[y : y + height, x : x + width].sum())
        for y, x in corners
    }
    least = min(0.8 * height * width, max(filled for _, filled in sums.values()))
    return [held / filled for held, filled in sums.values() if filled >= least - 1e-9 and filled > 0]


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_the_windows_are_those_that_looking_at_all_of_them_finds(rows, columns, side, seed):
    rng = np.random.default_rng(seed)
    cells, area = rng.random((rows, columns)), (rng.random((rows, columns)) > 0.2).astype(float)
    cells *= area
    found = extreme_windows(cells, area, side)
    if not area.any():
        assert found is None
        return
    densities = slow(cells, area, side)
    np.testing.assert_allclose([found.most, found.least], [max(densities), min(densities)], atol=1e-9)
    for window, told in ((found.densest, found.most), (found.sparsest, found.least)):
        np.testing.assert_allclose(cells[window].sum() / area[window].sum(), told, atol=1e-9)


def test_windows_outside_the_tissue_are_not_the_sparsest():
    cells, area = np.ones((10, 10)), np.ones((10, 10))
    cells[:, 5:] = area[:, 5:] = 0
    cells[2, 2] = 0
    found = extreme_windows(cells, area, side=3)
    assert found.least == 8 / 9
    assert extreme_windows(np.zeros((4, 4)), np.zeros((4, 4)), side=2) is None


def test_no_place_has_fewer_cells_than_none():
    cells = np.full((6, 6), -0.1)
    cells[:3, :3] = 1
    found = extreme_windows(cells, np.ones((6, 6)), side=3)
    assert (found.most, found.least) == (1.0, 0.0)
    nothing = extreme_windows(np.full((6, 6), -0.1), np.ones((6, 6)), side=3)
    assert (nothing.most, nothing.least) == (0.0, 0.0)
