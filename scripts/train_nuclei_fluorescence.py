"""Make the bundled model `nuclei-fluorescence`.

    python scripts/train_nuclei_fluorescence.py ../shared/data/dsb2018_fluo WORK --minutes 60

Draws images of fluorescent nuclei into WORK/drawn, copies a seeded four fifths of the annotated images to
WORK/real, the others to WORK/test. Trains on drawn and real images together in three phases, takes the mean of the
weights of the last two, and evaluates on the test images, which nothing was chosen on. Afterwards
`--install` puts the model, in half precision, where cytally looks for bundled models.
"""

from __future__ import annotations

import argparse
import logging
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from bundling import install

from cytally.datasets.folder import read_folder
from cytally.images.normalise import normalise
from cytally.images.scale import estimate_diameter
from cytally.images.write import write_labels
from cytally.models.model import Model
from cytally.models.store import load, save
from cytally.synthesis.nuclei import DrawnImage, draw_nuclei
from cytally.synthesis.scenes import random_scene
from cytally.tasks.train import train
from cytally.tasks.watch import Watch
from cytally.training.configuration import read_configuration

HERE = Path(__file__).resolve().parent
CONFIGURATION = HERE.parent / "examples" / "nuclei-fluorescence.yaml"
NAME = "nuclei-fluorescence"
COMMAND = ["python", "scripts/train_nuclei_fluorescence.py", "DATA", "WORK"]
DESCRIPTION = "Counts nuclei of 6 to 60 pixels diameter in fluorescence images, bright on dark, with no setting."
SEED = 20261121
TEST_SHARE = 0.2
SECOND = [
    "training.learning_rate=2e-4",
    "training.averaging=0.99",
    "training.freeze_statistics=true",  # these images differ too much for a batch's statistics to hold for one of them
    "options.loss=l1",  # l2 hardly feels a faint offset of the background, which sums to cells in sparse fields
    "options.count_weight=0.5",
]
PHASES = (
    # model folder, settings, share of real images, share of the time
    ("mixed", [], 0.6, 0.5),
    ("real", SECOND, 0.75, 0.4),
    ("dense", [*SECOND, "training.learning_rate=1.5e-4"], 0.5, 0.1),
)
DENSE_SHARE = 0.4
"""The weights are those of the last two phases, of the last this share: the one is better on sparse real fields, the
other on dense ones, and so near each other that their mean is as good as either (Wortsman et al. 2022)."""

MOST_OFF = 1.5


def draw(folder: Path, number: int, *, first: int = 0) -> None:
    """Write `number` drawn images with their label images as a data folder, counting scenes from `first`.

    Scenes so noisy or crowded that the estimate of the diameter is off by more than a factor of 1.5 are left out: at a
    scale that is nowhere near, they would teach the network to guess.
    """
    import imagecodecs

    (folder / "images").mkdir(parents=True, exist_ok=True)
    written, index = 0, first - 1
    while written < number:
        index += 1
        rng = np.random.default_rng([SEED, index])
        drawn = draw_nuclei(random_scene(rng), rng)
        if not _scale_is_clear(drawn):
            continue
        path = folder / "images" / f"drawn{index:05d}.png"
        write_labels(folder / "labels" / f"{path.stem}.tif", drawn.labels, None)
        path.write_bytes(imagecodecs.png_encode(drawn.image))
        written += 1


def _scale_is_clear(drawn: DrawnImage) -> bool:
    areas = np.bincount(drawn.labels.ravel())[1:]
    if not areas.any():
        return True
    true = float(np.median(2 * np.sqrt(areas[areas > 0] / np.pi)))
    estimate = estimate_diameter(normalise(drawn.image[None], "foreground")[0])
    return estimate is not None and 1 / MOST_OFF < estimate / true < MOST_OFF


def divide(source: Path, real: Path, test: Path) -> None:
    """Copy the annotated images to `real` and, a fifth of them, to `test`."""
    samples = sorted(read_folder(source).samples, key=lambda sample: sample.name)
    order = np.random.default_rng(SEED).permutation(len(samples))
    for place, index in enumerate(order):
        target = test if place < TEST_SHARE * len(samples) else real
        for kind, path in (("images", samples[index].path), ("labels", samples[index].labels)):
            (target / kind).mkdir(parents=True, exist_ok=True)
            if path is not None:
                shutil.copyfile(path, target / kind / path.name)


def train_in_phases(work: Path, real: Path, drawn: Path, minutes: float) -> None:
    """Each phase begins with the weights of the one before; a phase whose folder is there is not repeated."""
    model = None
    for name, settings, share, time in PHASES:
        if (work / name).exists():
            model = load(work / name)
            continue
        configuration = read_configuration(CONFIGURATION, settings)
        sources = [(real, share), (drawn, 1 - share)]
        watch = Watch(on_note=logging.info)
        model = train(configuration, sources, work / name, start=model, minutes=minutes * time, watch=watch)
    save(blend(load(work / "real"), load(work / "dense"), DENSE_SHARE), work / "model")


def blend(first: Model, second: Model, share: float) -> Model:
    """The first model with `share` of the second's weights."""
    other = second.network.state_dict()
    weights = first.network.state_dict()
    mean = {name: torch.lerp(value, other[name], share) for name, value in weights.items() if value.is_floating_point()}
    first.network.load_state_dict(weights | mean)
    return Model(first.card, first.network)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="annotated fluorescence images: a data folder with labels")
    parser.add_argument("work", type=Path, help="folder for the drawn images and the model")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--drawn", type=int, default=1000, help="number of drawn images")
    parser.add_argument("--install", action="store_true", help="put the finished model among the bundled ones")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    real, drawn, test, model = (options.work / name for name in ("real", "drawn", "test", "model"))
    if not real.exists():
        divide(options.data, real, test)
    if not drawn.exists():
        draw(drawn, options.drawn)
    if options.install:
        install(model, NAME, DESCRIPTION, COMMAND)
    else:
        train_in_phases(options.work, real, drawn, options.minutes)
    trained = load(model)
    errors = []
    for sample in read_folder(test).samples:
        assert sample.points is not None
        errors.append((sample.name, len(sample.points), trained.count(sample.path).count))
    table = pd.DataFrame(errors, columns=["image", "true", "predicted"])
    total = (table.predicted - table.true).abs().sum() / table.true.sum()
    print(table.round(1).to_string())
    print(f"total relative error on {len(table)} unseen images: {total:.4f}")


if __name__ == "__main__":
    main()
