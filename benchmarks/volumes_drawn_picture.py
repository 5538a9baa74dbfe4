"""The picture of drawn volumes in docs/synthesize.md: two slices of each kind, and their labels below.

python benchmarks/volumes_drawn_picture.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from pictures import save
from script import run_script

from cytally.synthesis.volume_presets import VOLUME_PRESETS
from cytally.synthesis.volumes import DrawnVolume, draw_volume

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "drawn-volumes.png"
SEED = 3


def fullest(volume: DrawnVolume) -> int:
    """The slice that shows the most of cells, the last one left out."""
    return int((volume.labels > 0).sum(axis=(1, 2))[:-1].argmax())


def main() -> None:
    """Draw one volume of each preset, and write the picture."""
    figure = Figure(figsize=(12, 3.1), layout="constrained")
    axes = figure.subplots(2, 2 * len(VOLUME_PRESETS))
    colours = np.random.default_rng(1).uniform(0.25, 1, (1000, 3))
    colours[0] = 0
    for number, (name, config) in enumerate(VOLUME_PRESETS.items()):
        volume = draw_volume(config, np.random.default_rng(SEED))
        low, high = np.percentile(volume.image, [1, 99.8])
        for shift in range(2):
            column, z = 2 * number + shift, fullest(volume) + shift
            axes[0, column].imshow(volume.image[z], cmap="gray", vmin=low, vmax=high, interpolation="nearest")
            axes[1, column].imshow(
                volume.labels[z], cmap=ListedColormap(colours), vmin=0, vmax=999, interpolation="nearest"
            )
            axes[0, column].set_title(f"{name}, z = {z}", fontsize=9)
    for each in axes.flat:
        each.set_axis_off()
    print(save(figure, PICTURE))


if __name__ == "__main__":
    run_script(main)
