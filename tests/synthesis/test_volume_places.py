import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.synthesis.volume_config import VolumeConfig
from cytally.synthesis.volume_places import place_cells


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), overlap=st.floats(0, 0.5), touching=st.floats(0, 1))
def test_no_two_cells_lie_closer_than_allowed(seed, overlap, touching):
    rng = np.random.default_rng(seed)
    config = VolumeConfig(flatness=(0.5, 0.5), allowed_overlap=overlap)
    radii = rng.uniform(3, 7, 60)
    centres = place_cells(config, radii, (40, 60, 50), touching, rng)
    found = np.flatnonzero(np.isfinite(centres[:, 0]))
    assert len(found) > 5
    assert (centres[found] >= 0).all() and (centres[found] <= (40, 60, 50)).all()
    # Slowly, pair by pair, in cells' own heights.
    for place, one in enumerate(found):
        for other in found[place + 1 :]:
            apart = np.linalg.norm((centres[one] - centres[other]) * (2, 1, 1))
            assert apart >= (1 - overlap) * (radii[one] + radii[other]) - 1e-9


def test_touching_cells_touch():
    rng = np.random.default_rng(0)
    config = VolumeConfig(flatness=(1, 1), allowed_overlap=0)
    centres = place_cells(config, np.full(30, 5.0), (200, 200, 200), 1.0, rng)
    away = np.linalg.norm(centres[:, None] - centres, axis=2) + 1e9 * np.eye(30)
    assert (away.min(axis=1) < 10.1).all()


def test_the_layer_and_the_margin_are_kept():
    rng = np.random.default_rng(0)
    config = VolumeConfig(layer=(0.4, 0.6), margin=2.0)
    centres = place_cells(config, np.full(5, 4.0), (50, 100, 100), 0.5, rng)
    assert (np.abs(centres[:, 0] - 25) <= 5).all()
    assert (centres[:, 1:] >= 8).all() and (centres[:, 1:] <= 92).all()
