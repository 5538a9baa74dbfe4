"""Tell a model that was trained before cytally measured training images what they look like.

    python scripts/add_training_range.py MODEL DATA [DATA …] [--most 100]
    python scripts/add_training_range.py src/cytally/bundled/nuclei-fluorescence ../shared/data/dsb2018_fluo WORK/drawn

WORK/drawn is what `scripts/train_nuclei_fluorescence.py` draws; for the bundled models the first three hundred of its
images were measured (`--most 300`): a hundred are too few for scenes as different as those.

Of each data folder, at most a hundred (`--most`) of the images whose fingerprints stand in MODEL/model.json are
measured; any other is left out. Writes `training_range` into model.json and leaves everything else as it is.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from cytally.calibration.measures import Measures
from cytally.calibration.training_range import MOST, TrainingRange
from cytally.datasets.fingerprint import seen
from cytally.datasets.folder import read_folder
from cytally.files import write_text
from cytally.models.store import CARD, load
from cytally.tasks.training_range import measure_samples


def add_training_range(folder: Path, data: list[Path], most: int = MOST) -> TrainingRange | None:
    """Measure the training images of a model that lie in data folders, and write their range into its model.json."""
    model = load(folder)
    facts = model.card.training_data
    known = [*facts["fingerprint"]["images"].values(), *facts.get("earlier_images", [])]
    measured: list[Measures] = []
    away: list[Measures] = []
    for each in data:
        samples = read_folder(each).samples
        names = set(seen(samples, known))
        training = [sample for sample in samples if sample.name in names]
        card = model.card
        sharp, worse = measure_samples(card.configuration, model.method, card.input_channels, training, most)
        measured += sharp
        away += worse
    found = TrainingRange.of(measured, away)
    path = folder / CARD
    values = json.loads(path.read_text(encoding="utf-8"))
    values["training_range"] = None if found is None else found.model_dump(mode="json")
    write_text(path, json.dumps(values, indent=2, ensure_ascii=False) + "\n")
    return found


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("data", type=Path, nargs="+", help="data folders that it was trained on")
    parser.add_argument("--most", type=int, default=MOST, help="images of each folder that are measured")
    options = parser.parse_args()
    found = add_training_range(options.model, options.data, options.most)
    print("fewer than eight training images: no range" if found is None else f"{found.images} training images measured")


if __name__ == "__main__":
    main()
