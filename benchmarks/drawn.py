"""Drawn fields of soft fluorescent cells to train on before the few real ones."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import pandas as pd

from cytally.synthesis.nuclei import draw_nuclei
from cytally.synthesis.scenes import random_scene

SEED = 20261121
LARGEST = 16.0
SOFT = 0.3
"""Scenes whose cells may slide this far into each other are those of soft cells and of crowded tissue."""


def draw_scenes(folder: Path, number: int) -> None:
    """Write `number` drawn images of 256 × 256 pixels with points.csv as a data folder."""
    (folder / "images").mkdir(parents=True)
    points, written, index = [], 0, 0
    while written < number:
        index += 1
        rng = np.random.default_rng([SEED, index])
        scene = random_scene(rng)
        if scene.diameter[1] > LARGEST or scene.allowed_overlap < SOFT:
            continue
        drawn = draw_nuclei(scene, rng)
        name = f"drawn{index:05d}.png"
        (folder / "images" / name).write_bytes(imagecodecs.png_encode(drawn.image))
        points += [(name, y, x) for y, x in drawn.points]
        written += 1
    pd.DataFrame(points, columns=["image", "y", "x"]).to_csv(folder / "points.csv", index=False)
