from __future__ import annotations

import numpy as np
import pytest

from cytally.synthesis.cell_painting import label_in_order, mix_paints, paint_cells, slack_of
from cytally.synthesis.cells_config import CellsConfig, RealisticConfig
from cytally.synthesis.outlines import Outlines, Rasterised, draw_outlines, rasterise
from cytally.synthesis.placement import Ellipses

SHAPE = (40, 40)


def discs(*radii: float) -> Outlines:
    sizes = np.array(radii)
    return draw_outlines(Ellipses(sizes, sizes, np.zeros(len(sizes))), 0.0, 0.0, np.random.default_rng(0))


def chunks_at(centres: np.ndarray, *radii: float, slack: int = 2) -> list[Rasterised]:
    return list(rasterise(discs(*radii), centres, slack))


def test_a_cell_below_a_larger_one_is_put_on_top() -> None:
    centres = np.array([[20.0, 20.0], [20.0, 22.0]])
    order, points, labels = label_in_order(chunks_at(centres, 3, 9), centres, SHAPE)
    assert order.tolist() == [1, 0]
    assert points == pytest.approx(centres)
    assert (labels == 1).sum() == pytest.approx(np.pi * 9, rel=0.15)
    assert (labels > 0).sum() == pytest.approx(np.pi * 81, rel=0.05)


def test_two_cells_of_the_same_pixels_are_one_point_short() -> None:
    centres = np.array([[20.0, 20.0], [20.0, 20.0]])
    _, points, labels = label_in_order(chunks_at(centres, 4, 4), centres, SHAPE)
    assert len(points) == labels.max() == 1


def test_a_cell_too_small_for_any_pixel_owns_the_one_at_its_centre() -> None:
    centres = np.array([[10.4, 10.4]])
    _, points, labels = label_in_order(chunks_at(centres, 0.3), centres, SHAPE)
    assert np.argwhere(labels == 1).tolist() == [[10, 10]]
    assert points.tolist() == [[10, 10]]


def painted(style: RealisticConfig | None, **settings: object) -> np.ndarray:
    """A disc of radius 8 in the middle of a canvas of 100."""
    config = CellsConfig(blur=(0, 0), rim=(200, 200), inner=(50, 50), rim_width=(2, 2), realistic=style, **settings)
    canvas, centres = np.full(SHAPE, 100, dtype=np.float32), np.array([[20.0, 20.0]])
    rng = np.random.default_rng(0)
    paints = mix_paints(config, 1, 100.0, rng)
    paint_cells(canvas, chunks_at(centres, 8, slack=slack_of(config)), np.array([0]), paints, config, rng)
    return canvas


def test_every_pixel_is_what_a_slow_reference_says() -> None:
    canvas = painted(None)
    for y in range(40):
        for x in range(40):
            distance = np.hypot(y - 20, x - 20) - 8
            cover, core = np.clip(0.5 - distance, 0, 1), np.clip(-1.5 - distance, 0, 1)
            expected = 100 * (1 - cover) + 200 * (cover - core) + 50 * core
            assert canvas[y, x] == pytest.approx(expected, abs=0.05)


def test_a_halo_falls_off_outside_and_ends_within_its_patch() -> None:
    style = RealisticConfig(
        halo=(30, 30), halo_width=2, fading=0, structure=0, relief=0, out_of_focus_share=0, vesicles_per_cell=(0, 0)
    )
    ray = painted(style)[20, 29:] - 100
    assert ray[0] == pytest.approx(30 * np.exp(-0.5), rel=0.01)  # 1 px from the outline
    assert np.all(np.diff(ray) <= 0)
    assert ray[-1] == 0


def test_noise_is_confined_to_its_part() -> None:
    still, noisy = painted(None), painted(None, edge_noise=20.0)
    away = np.hypot(*(np.indices(SHAPE) - 20))
    changed = abs(noisy - still) > 0.5
    assert changed[(away > 6.7) & (away < 7.3)].mean() > 0.8
    assert not changed[(away < 5) | (away > 8.6)].any()
