"""How often 90 % intervals hold the truth, and how wide they are, over random halves of images not trained on.

    python benchmarks/intervals.py WORK --data ../shared/data --minutes 8

| set | counted by | images not trained on |
|---|---|---|
| vgg_cells | a small density model, trained on 001-032 | 033-100 |
| mbm | a small density model, trained on every third by name | the others |
| dsb2018_fluo | nuclei-fluorescence | the 24 that it has not seen |
| dsb2018_fluo-own | a small model like it, trained on every third of dsb2018_fluo by name | the others |

Every image is counted once (WORK/SET.json). Of 20 random splits each, one half calibrates and the other tests. Coverage
is pooled over all splits, and so is the median width of the intervals. Models are trained where WORK has none.
Writes benchmarks/results/intervals.json; `python benchmarks/report.py` makes docs/benchmarks.md of it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from counting import RESULTS, commit, copy_folder, machine
from numpy.typing import NDArray
from scipy.stats import binom
from script import run_script

from cytally.calibration.intervals import COVERAGE, Calibration
from cytally.datasets.fingerprint import seen
from cytally.datasets.folder import Sample, read_folder
from cytally.files import write_text
from cytally.models.model import Model
from cytally.models.store import load
from cytally.tasks.provenance import provenance
from cytally.tasks.start import seen_images
from cytally.tasks.train import train
from cytally.training.configuration import read_configuration

HERE = Path(__file__).resolve().parent
SPLITS, SEED = 20, 20261122
LONG_RUN = 2000
"""Splits that tell what the 20 would give but for chance."""
BAND = 0.99
"""Share of pooled coverages that chance leaves within the band, if splits were of different images."""
MOST_WIDE = 1.5
"""Median width that is aimed at, over the residuals' own 5-95 % range."""
SMALL = ("input.downscale=4", "options.channels=[8,16,32,64]", "training.averaging=0.98")


@dataclass(frozen=True)
class Own:
    """A model to train: the configuration, its settings, which places of the images by name it is trained on, and
    the data folder where the set is called otherwise."""

    configuration: str
    settings: tuple[str, ...]
    takes: Callable[[int], bool]
    folder: str | None = None


OWN: dict[str, Own | None] = {
    "vgg_cells": Own("density.yaml", ("training.validation=2",), lambda place: place < 32),
    "mbm": Own(
        "density-histology.yaml",
        ("training.validation=1", *SMALL, "training.crop=128", "training.context=8"),
        lambda place: place % 3 == 0,
    ),
    "dsb2018_fluo": None,
    "dsb2018_fluo-own": Own(
        "nuclei-fluorescence.yaml", ("training.validation=3", *SMALL[1:]), lambda place: place % 3 == 0, "dsb2018_fluo"
    ),
}
"""By name of the set, which is that of its data folder unless told; None is counted by nuclei-fluorescence."""

Rows = list[tuple[str, float, float]]


def model_of(name: str, samples: list[Sample], work: Path, minutes: float) -> Model:
    """The model of a set, trained where WORK does not have it."""
    own = OWN[name]
    if own is None:
        return load("nuclei-fluorescence")
    if not (work / name / "model.json").is_file():
        copy_folder([s for place, s in enumerate(samples) if own.takes(place)], work / f"{name}-train", "points")
        configuration = read_configuration(HERE.parent / "examples" / own.configuration, list(own.settings))
        train(configuration, work / f"{name}-train", work / name, minutes=minutes, resume=True)
    return load(work / name)


def counted(model: Model, samples: list[Sample], path: Path) -> Rows:
    """Name, true and predicted count of every image that the model has not seen; counted once, and kept."""
    if not path.is_file():
        known = set(seen(samples, seen_images(model.card)))
        unseen = [sample for sample in samples if sample.name not in known]
        rows = [(each.name, float(each.count or 0), model.count(each.path).count) for each in unseen]
        write_text(path, json.dumps(rows) + "\n")
    return [(str(name), float(true), float(predicted)) for name, true, predicted in json.loads(path.read_text())]


def halves(true: NDArray[np.float64], predicted: NDArray[np.float64], splits: int = SPLITS) -> dict[str, Any]:
    """Coverage and width of 90 % intervals, of images and of the total of the half, pooled over random halves.

    Parameters
    ----------
    true, predicted
        Counts (N,) of images that were not trained on.
    splits
        How many times they are split.
    """
    rng, number = np.random.default_rng(SEED), len(true)
    held, widths, totals, of_split = list[bool](), list[float](), list[bool](), list[float]()
    for _ in range(splits):
        order = rng.permutation(number)
        fit, test = order[: number // 2], order[number // 2 :]
        calibration = Calibration.of(true[fit], predicted[fit], COVERAGE)
        bounds = np.array([calibration.interval(count) for count in predicted[test]])
        within = (bounds[:, 0] <= true[test]) & (true[test] <= bounds[:, 1])
        held += within.tolist()
        of_split.append(float(within.mean()))
        widths += (bounds[:, 1] - bounds[:, 0]).tolist()
        lower, upper = calibration.total(predicted[test].tolist())
        totals.append(bool(lower <= true[test].sum() <= upper))
    low, high = binom.interval(BAND, len(held), COVERAGE)
    residuals = predicted - true
    five, ninety_five = np.quantile(residuals, [0.05, 0.95])
    return {
        "images": number,
        "calibrated_on": number // 2,
        "splits": splits,
        "pooled": len(held),
        "coverage": float(np.mean(held)),
        "coverage_of_splits": of_split,
        "band": [low / len(held), high / len(held)],
        "median_width": float(np.median(widths)),
        "residual_range": float(ninety_five - five),
        "bias": float(residuals.mean()),
        "mae": float(np.abs(residuals).mean()),
        "totals_held": float(np.mean(totals)),
    }


def main(arguments: list[str] | None = None) -> None:
    """Count, split, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="folder for models and counts")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with the data folders")
    parser.add_argument("--minutes", type=float, default=8, help="how long to train each small model")
    parser.add_argument("--only", nargs="+", choices=OWN, default=[*OWN], help="these sets; others stay as they are")
    options = parser.parse_args(arguments)
    path = RESULTS / "intervals.json"
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["sets"] if path.is_file() else {}
    made_by = {key: value for key, value in provenance().items() if key != "command"}
    for name in options.only:
        own = OWN[name]
        folder = read_folder(options.data / (name if own is None or own.folder is None else own.folder))
        samples = sorted((s for s in folder.samples if s.count is not None), key=lambda sample: sample.name)
        model = model_of(name, samples, options.work, options.minutes)
        rows = counted(model, samples, options.work / f"{name}.json")
        true, predicted = (np.array([row[place] for row in rows]) for place in (1, 2))
        facts = model.card.provenance
        long_run = halves(true, predicted, LONG_RUN)
        result[name] = halves(true, predicted) | {
            "long_run": {key: long_run[key] for key in ("splits", "coverage", "median_width", "totals_held")},
            "model": "nuclei-fluorescence" if own is None else own.configuration,
            "settings": [] if own is None else list(own.settings),
            "trained_on": model.card.training_data["train"],
            "steps": facts["steps"],
            "minutes": facts["minutes"],
            "counts": rows,
            "about": {"commit": commit(), "machine": machine(), "made_by": made_by},
        }
        print(f"{name}: coverage {result[name]['coverage']:.3f}, width {result[name]['median_width']:.1f}", flush=True)
        write_text(path, json.dumps({"sets": {key: result[key] for key in OWN if key in result}}, indent=2) + "\n")


if __name__ == "__main__":
    run_script(main)
