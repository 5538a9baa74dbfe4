"""Train a model that counts nuclei in stained tissue on drawn images alone.

    python scripts/train_nuclei_histology.py WORK --minutes 12
    cytally evaluate --model WORK/model --data ../shared/data/mbm -o scores

Draws images of tissue stained with haematoxylin and eosin into WORK/drawn and trains WORK/model on them with
examples/nuclei-histology.yaml. It never sees a photograph. Afterwards `--install` puts the model, in half precision,
where cytally looks for bundled models.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import imagecodecs
import numpy as np
from bundling import install

from cytally.files import whole_file
from cytally.images.write import write_labels
from cytally.synthesis.histology import draw_histology
from cytally.synthesis.histology_config import random_tissue
from cytally.tasks.train import train
from cytally.tasks.watch import Watch
from cytally.training.configuration import read_configuration

CONFIGURATION = Path(__file__).resolve().parent.parent / "examples" / "nuclei-histology.yaml"
NAME = "nuclei-histology"
COMMAND = ["python", "scripts/train_nuclei_histology.py", "WORK"]
DESCRIPTION = "Counts nuclei of 14 to 26 pixels diameter in tissue stained with haematoxylin and eosin."
SEED = 20261203


def draw(folder: Path, number: int) -> None:
    """Write `number` drawn images with their label images as a data folder; those that are there stay."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for index in range(number):
        path = folder / "images" / f"drawn{index:05d}.png"
        if path.exists():
            continue
        rng = np.random.default_rng([SEED, index])
        drawn = draw_histology(random_tissue(rng), rng)
        write_labels(folder / "labels" / f"{path.stem}.tif", drawn.labels, None)
        with whole_file(path) as temporary:
            temporary.write_bytes(imagecodecs.png_encode(drawn.image))


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="folder for the drawn images and the model")
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--drawn", type=int, default=400, help="number of drawn images")
    parser.add_argument("--install", action="store_true", help="put the finished model among the bundled ones")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if options.install:
        install(options.work / "model", NAME, DESCRIPTION, COMMAND)
        return
    draw(options.work / "drawn", options.drawn)
    watch = Watch(on_note=logging.info)
    train(
        read_configuration(CONFIGURATION),
        options.work / "drawn",
        options.work / "model",
        minutes=options.minutes,
        watch=watch,
    )


if __name__ == "__main__":
    main()
