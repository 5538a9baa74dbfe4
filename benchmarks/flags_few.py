"""How many ordinary images flags of a range of few training images would flag, and how many blurred and foreign ones.

    python benchmarks/flags_few.py [--data ../shared/data]

Images of one folder are drawn at random as training images, and others of the same folder are asked about: no one of
these should be flagged. The same ones blurred should be out of focus, and the other folder's images should get a flag.
Of dsb2018_fluo the images are those that nuclei-fluorescence was trained on, of vgg_cells the first 64; nothing is
trained. What is told by the ends of the range was settled on these images.

Writes benchmarks/results/flags_few.json.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from counting import RESULTS, commit
from row_file import as_json
from script import run_script

from cytally.calibration.training_range import TrainingRange
from cytally.datasets.fingerprint import seen
from cytally.datasets.folder import read_folder
from cytally.files import write_text
from cytally.models.store import load
from cytally.tasks.machine import machine
from cytally.tasks.provenance import provenance
from cytally.tasks.start import seen_images
from cytally.tasks.training_range import measure_samples

FOLDERS = ("dsb2018_fluo", "vgg_cells")
NUMBERS = (8, 10, 15, 20, 30, 40)
DRAWS, ASKED = 20, 20
"""Sets of training images of each size, and images that each of them is asked about."""
FIRST = 64

Values = dict[str, Any]


def measured(data: Path) -> dict[str, tuple[list[Any], list[Any]]]:
    """What is measured of each folder's images, and of the same ones blurred."""
    model, found = load("nuclei-fluorescence"), {}
    for name in FOLDERS:
        samples = sorted(read_folder(data / name).samples, key=lambda sample: sample.name)
        samples = [sample for sample in samples if sample.count is not None]
        if name == "dsb2018_fluo":
            known = set(seen(samples, seen_images(model.card)))
            samples = [sample for sample in samples if sample.name in known]
        card = model.card
        found[name] = measure_samples(card.configuration, model.method, card.input_channels, samples[:FIRST])
    return found


def shares(sharp: list[Any], blurred: list[Any], foreign: list[Any], number: int) -> Values:
    """Shares that are flagged, over ranges of so many images."""
    rng = np.random.default_rng([20261122, number])
    ordinary, away, other = list[bool](), list[bool](), list[bool]()
    for _ in range(DRAWS):
        order = rng.permutation(len(sharp))
        known, asked = order[:number], order[number : number + ASKED]
        found = TrainingRange.of([sharp[place] for place in known], [blurred[place] for place in known])
        if found is None:  # too many of the images hold nothing
            continue
        ordinary += [max(found.scores(sharp[place]).values()) > 1 for place in asked]
        away += [found.scores(blurred[place]).get("out-of-focus", 0) > 1 for place in asked]
        beside = rng.permutation(len(foreign))[:ASKED]
        other += [max(found.scores(foreign[place]).values()) > 1 for place in beside]
    flagged = {"ordinary": ordinary, "blurred": away, "foreign": other}
    return {"asked": len(ordinary), **{name: round(float(np.mean(each)), 4) for name, each in flagged.items()}}


def main() -> None:
    """Measure the images, and ask ranges of every size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    found = measured(options.data)
    result: Values = {}
    for name, other in zip(FOLDERS, reversed(FOLDERS), strict=True):
        result[name] = {str(number): shares(*found[name], found[other][0], number) for number in NUMBERS}
        print(name, result[name], flush=True)
    facts = {"commit": commit(), "machine": machine(), "made_by": provenance()}
    write_text(RESULTS / "flags_few.json", as_json({"folders": result, **facts}))


if __name__ == "__main__":
    run_script(main)
