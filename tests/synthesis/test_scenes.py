from __future__ import annotations

import numpy as np
import pytest

from cytally.synthesis.nuclei import draw_nuclei
from cytally.synthesis.scenes import LARGEST, SMALLEST, random_scene


def test_scenes_cover_sizes_and_a_few_are_empty() -> None:
    rng = np.random.default_rng(0)
    scenes = [random_scene(rng) for _ in range(600)]
    diameters = np.array([scene.diameter[0] for scene in scenes])
    assert SMALLEST <= diameters.min() < 7
    assert 50 < diameters.max() <= LARGEST
    covers = [scene.cover for scene in scenes]
    empty = sum(cover is not None and cover[1] == 0 for cover in covers) / len(covers)
    assert 0.02 < empty < 0.07


@pytest.mark.parametrize("shape", [(96, 96), (33, 150)])
def test_every_scene_can_be_drawn(shape: tuple[int, int]) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        drawn = draw_nuclei(random_scene(rng, shape), rng)
        assert drawn.image.shape == shape
        assert drawn.count == drawn.labels.max()


def test_the_same_seed_gives_the_same_scene() -> None:
    assert random_scene(np.random.default_rng(9)) == random_scene(np.random.default_rng(9))
