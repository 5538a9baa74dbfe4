from __future__ import annotations

import numpy as np
import pytest

from cytally.synthesis.cells_config import RealisticConfig
from cytally.synthesis.chambers import Chamber, draw_chamber, paint_chamber, paint_vesicles

BARE = {"smudges": (0, 0), "vesicles": (0, 0), "mottle": 0}


def chamber(light: float) -> Chamber:
    return Chamber((50.0, 50.0), (40.0, 30.0), 0.0, (), light, 0.0, 10.0)


@pytest.mark.parametrize("walls", ["glow", "double"])
def test_walls_run_along_the_rectangle(walls: str) -> None:
    canvas = np.full((101, 101), 100, dtype=np.float32)
    paint_chamber(canvas, RealisticConfig(walls=walls, **BARE), chamber(20), np.random.default_rng(0))
    bright = canvas > 110
    # x from 20 to 80, y from 10 to 90, straight but for round corners.
    for line, wall in ((bright[50], (20, 80)), (bright[:, 50], (10, 90))):
        found = np.flatnonzero(line)
        assert found.min() == pytest.approx(wall[0], abs=3)
        assert found.max() == pytest.approx(wall[1], abs=3)
    assert not bright[50, 35:65].any()


def test_an_opening_breaks_the_wall() -> None:
    style = RealisticConfig(walls="double", **BARE)
    closed, opened = np.zeros((101, 101), dtype=np.float32), np.zeros((101, 101), dtype=np.float32)
    paint_chamber(closed, style, chamber(20), np.random.default_rng(0))
    hole = Chamber((50.0, 50.0), (40.0, 30.0), 0.0, ((0.0, 8.0),), 20, 0.0, 10.0)
    paint_chamber(opened, style, hole, np.random.default_rng(0))
    assert closed[8:13, 50].max() > 10
    assert abs(opened[8:13, 50]).max() < 1


def test_no_walls_no_smudges_no_vesicles_leave_the_background_alone() -> None:
    canvas = np.full((30, 30), 50, dtype=np.float32)
    style = RealisticConfig(walls="none", **BARE)
    paint_chamber(canvas, style, draw_chamber(style, (30, 30), np.random.default_rng(0)), np.random.default_rng(0))
    assert set(canvas.ravel()) == {50}


def test_vesicles_lie_in_their_cells() -> None:
    canvas = np.zeros((60, 60), dtype=np.float32)
    style = RealisticConfig(vesicles_per_cell=(5, 5), vesicle_light=(40, 40))
    paint_vesicles(canvas, style, np.array([[30.0, 20.0]]), np.array([8.0]), np.random.default_rng(0))
    assert canvas.max() > 20
    far = np.hypot(*(np.indices((60, 60)) - np.array([30, 20])[:, None, None])) > 8 + 7
    assert not canvas[far].any()


@pytest.mark.parametrize("shape", [(128, 128), (40, 90), (1, 1)])
def test_chambers_fit_images_of_any_shape(shape: tuple[int, int]) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        style = RealisticConfig()
        canvas = np.zeros(shape, dtype=np.float32)
        paint_chamber(canvas, style, draw_chamber(style, shape, rng), rng)
        assert np.isfinite(canvas).all()
