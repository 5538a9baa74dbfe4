from __future__ import annotations

import numpy as np
import pytest

from cytally.synthesis.bodies import draw_bodies, place_bodies, rasterise_bodies
from cytally.synthesis.cells_config import CellsConfig


def mask(**settings: object) -> np.ndarray:
    """The one cell of these settings, drawn at the middle of a pixel."""
    config = CellsConfig(division_share=0, irregularity=0, **settings)
    bodies = draw_bodies(config, 1, np.random.default_rng(0))
    (chunk,) = rasterise_bodies(config, bodies, np.array([[50.0, 50.0]]), 2)
    return chunk.coverage[0]


def long_and_short(coverage: np.ndarray) -> tuple[float, float]:
    """Standard deviations along the main axes of a shape."""
    where = np.indices(coverage.shape).reshape(2, -1)
    spread = np.cov(where, fweights=np.rint(coverage.ravel() * 100).astype(int))
    small, large = np.sqrt(np.linalg.eigvalsh(spread))
    return float(large), float(small)


@pytest.mark.parametrize(("radius", "length"), [(3, 2), (3, 5), (6, 4)])
def test_a_rod_is_a_strip_with_round_ends(radius: float, length: float) -> None:
    coverage = mask(body="rod", radius=(radius, radius), rod_length=(length, length), bend=0)
    # A rectangle of 2r × 2r(length - 1) and a disc.
    assert coverage.sum() == pytest.approx(4 * radius**2 * (length - 1) + np.pi * radius**2, rel=0.03)


def test_rods_are_elongated_and_ellipses_are_not() -> None:
    long, short = long_and_short(mask(body="rod", radius=(4, 4), rod_length=(4, 4)))
    assert long > 3 * short
    long, short = long_and_short(mask(body="ellipse", radius=(8, 8), eccentricity=(0, 0)))
    assert long == pytest.approx(short, rel=0.01)


def test_rods_do_not_cross() -> None:
    config = CellsConfig(body="rod", radius=(2, 2), rod_length=(8, 8), bend=0, allowed_overlap=0, clustering=0.8)
    rng = np.random.default_rng(1)
    bodies = draw_bodies(config, 12, rng)
    centres = place_bodies(config, bodies, 0.0, rng)
    covered = np.zeros((220, 220))
    for chunk in rasterise_bodies(config, bodies, centres + 40, 1):
        for k, (top, left) in enumerate(chunk.origin - chunk.half):
            side = 2 * chunk.half + 1
            covered[top : top + side, left : left + side] += chunk.coverage[k] > 0.7
    assert np.isfinite(centres).all()
    assert covered.max() == 1


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_as_many_cells_as_asked_for_the_largest_first(share: float) -> None:
    for number in (0, 1, 2, 7, 30):
        config = CellsConfig(division_share=share)
        bodies = draw_bodies(config, number, np.random.default_rng(number))
        assert len(bodies.body) == len(bodies.offset) == len(bodies.reach()) == number
        assert np.all(np.diff(bodies.places.major) <= 0)
        pairs = number - len(bodies.places)
        assert pairs <= number // 2
        assert pairs == {0.0: 0, 1.0: number // 2}.get(share, pairs)


def test_lobes_of_a_pair_lie_on_opposite_sides_and_inside_the_image() -> None:
    config = CellsConfig(division_share=1, shape=(40, 40), radius=(4, 4), allowed_overlap=0)
    rng = np.random.default_rng(3)
    bodies = draw_bodies(config, 4, rng)
    assert bodies.offset[0] == pytest.approx(-bodies.offset[1])
    centres = place_bodies(config, bodies, 0.0, rng)
    assert np.all((centres >= -0.5) & (centres <= 39.5))
    assert centres[0] - centres[1] == pytest.approx(bodies.offset[0] - bodies.offset[1])
