"""Views of a picture, and the way back from them."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.choosing.views import VIEWS, View


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: f"{view.turns}-{view.mirrored}-{view.zoom}-{view.gain}")
def test_undoing_a_view_keeps_sum_and_place(view: View) -> None:
    picture = np.zeros((1, 40, 60), np.float32)
    picture[0, 8:12, 44:50] = 1.0
    shown = view.show(picture)
    assert shown.dtype == np.float32 and shown.flags.c_contiguous
    density = shown[0] / shown[0].sum()
    back = view.undo(density, (40, 60))
    assert back.shape == (40, 60) and back.sum() == pytest.approx(1.0, abs=1e-5)
    rows, columns = np.mgrid[:40, :60]
    assert (rows * back).sum() == pytest.approx(9.5, abs=0.2) and (columns * back).sum() == pytest.approx(46.5, abs=0.2)


def test_the_first_view_is_the_picture_as_it_is() -> None:
    picture = np.random.default_rng(0).random((2, 9, 11), np.float32)
    assert np.array_equal(VIEWS[0].show(picture), picture) and VIEWS[0].how == ""
    assert len({(view.turns, view.mirrored, view.zoom, view.gain) for view in VIEWS}) == len(VIEWS)
