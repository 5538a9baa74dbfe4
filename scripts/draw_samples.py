"""Draw the sample images of the package again: python scripts/draw_samples.py [FOLDER].

Without FOLDER they go where the package keeps them. The same code gives the same bytes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import imagecodecs
import numpy as np

from cytally.files import whole_file, write_text
from cytally.samples import sample_folder
from cytally.synthesis.nuclei import DrawnImage, NucleiConfig, draw_nuclei

SEED = 20240607

SAMPLES: dict[str, tuple[str, NucleiConfig]] = {
    "sparse": (
        "A few nuclei from a culture dish, sharp and far apart",
        NucleiConfig(
            shape=(256, 256),
            count=(14, 14),
            diameter=(20, 20),
            clustering=0.15,
            allowed_overlap=0.0,
            brightness=(0.35, 0.35),
            texture=0.2,
            cytoplasm=0.08,
        ),
    ),
    "dense": (
        "A crowded field with nuclei in and out of focus",
        NucleiConfig(
            shape=(320, 320),
            count=(190, 190),
            diameter=(14, 14),
            clustering=0.4,
            patchiness=0.3,
            allowed_overlap=0.3,
            brightness=(0.4, 0.4),
            out_of_focus_share=0.3,
            defocus=2.0,
            haze=0.2,
            background=0.05,
            texture=0.15,
        ),
    ),
    "touching": (
        "Nuclei in clumps: most touch or overlap a neighbour",
        NucleiConfig(
            shape=(256, 256),
            count=(45, 45),
            diameter=(22, 22),
            clustering=0.85,
            allowed_overlap=0.25,
            brightness=(0.4, 0.4),
            brightness_spread=2.5,
            texture=0.15,
            bitten_share=0.1,
        ),
    ),
    "large": (
        "Large nuclei at high magnification, with visible chromatin",
        NucleiConfig(
            shape=(320, 320),
            count=(16, 16),
            diameter=(50, 50),
            clustering=0.2,
            allowed_overlap=0.05,
            brightness=(0.3, 0.3),
            texture=0.18,
            texture_scale=0.04,
            blur=(1.2, 1.2),
            dome=0.15,
        ),
    ),
    "small": (
        "Small soft cells in uneven light, many over each other",
        NucleiConfig(
            shape=(256, 256),
            count=(150, 150),
            diameter=(9, 9),
            eccentricity=(0.0, 0.5),
            clustering=0.35,
            allowed_overlap=0.6,
            brightness=(0.55, 0.55),
            blur=(1.2, 1.2),
            out_of_focus_share=0.4,
            background=0.2,
            unevenness=0.5,
            shoulder=0.3,
        ),
    ),
    "empty": (
        "No nucleus at all: background, noise and a few specks",
        NucleiConfig(shape=(256, 256), count=(0, 0), debris=(5, 5), background=0.06, read_noise=0.01),
    ),
}


def draw(name: str) -> DrawnImage:
    """One of the samples; each has random numbers of its own, so that changing one leaves the others."""
    return draw_nuclei(SAMPLES[name][1], np.random.default_rng([SEED, list(SAMPLES).index(name)]))


def write(folder: Path) -> None:
    """Write all samples as a data folder."""
    points, counts = ["image,y,x"], ["image,count"]
    about = []
    for name, (description, _) in SAMPLES.items():
        drawn = draw(name)
        file = f"{name}.png"
        with whole_file(folder / "images" / file) as path:
            path.write_bytes(imagecodecs.png_encode(drawn.image, level=9))
        points += [f"{file},{y:.2f},{x:.2f}" for y, x in drawn.points]
        counts.append(f"{file},{drawn.count}")
        about.append({"image": file, "shows": description, "count": drawn.count})
    write_text(folder / "points.csv", "\n".join(points) + "\n")
    write_text(folder / "counts.csv", "\n".join(counts) + "\n")
    write_text(folder / "samples.json", json.dumps(about, indent=2) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else sample_folder())
