"""Train `examples/density.yaml` on 64 images of VGG cells and test on 36 others.

    python benchmarks/vgg_cells.py --data ../shared/data/vgg_cells --work WORK --minutes 60 [--seed 0]

Images 001-064 are for training and validation, 065-100 for testing alone. Writes benchmarks/results/vgg-64-seedN.json.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import pandas as pd

from cytally.tasks.evaluate import evaluate
from cytally.tasks.provenance import provenance
from cytally.tasks.train import train
from cytally.training.configuration import read_configuration

HERE = Path(__file__).resolve().parent
PARTS = {"train": range(1, 65), "test": range(65, 101)}


def divide(data: Path, work: Path) -> None:
    """Copy the images and their points to WORK/train and WORK/test."""
    points = pd.read_csv(data / "points.csv")
    for part, numbers in PARTS.items():
        names = [f"{number:03d}.png" for number in numbers]
        (work / part / "images").mkdir(parents=True, exist_ok=True)
        for name in names:
            shutil.copyfile(data / "images" / name, work / part / "images" / name)
        points[points["image"].isin(names)].to_csv(work / part / "points.csv", index=False)


def main() -> None:
    """Train, evaluate, write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    divide(options.data, options.work)
    configuration = read_configuration(HERE.parent / "examples" / "density.yaml", [f"seed={options.seed}"])
    model = train(
        configuration, options.work / "train", options.work / f"model-{options.seed}", minutes=options.minutes
    )
    metrics = evaluate(model, options.work / "test").as_dict()
    result = {
        "row": "VGG cells, 64 training images, tested on 065-100",
        "minutes": options.minutes,
        "seed": options.seed,
        "metrics": metrics,
        "validation": model.card.validation,
        "configuration": configuration.model_dump(mode="json"),
        "made_by": provenance() | {"trained": model.card.provenance},
    }
    path = HERE / "results" / f"vgg-64-seed{options.seed}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(metrics, indent=2))


if __name__ == "__main__":
    main()
