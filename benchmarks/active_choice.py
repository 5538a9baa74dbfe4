"""What to label next, tried out: training sets that grow by the queue of `cytally suggest`, or at random.

    python benchmarks/active_choice.py --data ../shared/data [--set plain levelled vgg] [--seeds 5]

For each seed a small density U-Net learns from a few images that were drawn at random. Then images are added: by the
queue that the model of the round before makes of all that is left, or at random, in several orders. Each round trains
anew, from random weights. Both ways have the same first images. Labels are hidden from the queue, which sees pixels
alone. Test images take no part in choosing or training.

| set | folder | chosen from | test |
|---|---|---|---|
| plain | dsb2018_fluo | the first four fifths by name | the last fifth |
| levelled | dsb2018_fluo | the same | the same |
| vgg | vgg_cells | 001-064 | 065-100 |

`levelled` is what the bundled model sees: cells as bright and as large as each other in all images. In `plain` they are
as they are in the files, so that it matters which images are labelled.

Everything is trained once from each of the random weights; those after the first are trained when all seeds are done.

Writes benchmarks/results/active_choice.json after each training, and goes on after a kill where it stopped;
`python benchmarks/report.py` makes docs/benchmarks.md of all results.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from counting import commit, copy_folder, machine, ranges
from row_file import as_json
from rows import FOLDERS
from script import run_script

from cytally.choosing.look import Onlooker, Part
from cytally.choosing.queue import queue
from cytally.datasets.folder import Sample, read_folder
from cytally.datasets.splits import Split, write_split
from cytally.files import write_text
from cytally.images.read import read
from cytally.models.model import Model
from cytally.tasks.evaluate import evaluate
from cytally.tasks.model_folder import write_configuration
from cytally.tasks.provenance import provenance
from cytally.tasks.train import train
from cytally.tasks.watch import Watch
from cytally.training.configuration import read_configuration

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "active_choice.json"
COMMAND = "python benchmarks/active_choice.py --data ../shared/data"
SETS = {"plain": "dsb", "levelled": "dsb", "vgg": "vgg"}
WAYS = ("random", "queue")
FIRST = 4
"""Labelled images at first."""

BUDGETS = (8, 14, 20)
"""Labelled images after each round."""

MEASURED = {"random": (14, 20), "queue": BUDGETS}
"""Rounds in which each way is trained and tested; nothing has to be learnt from a round at random."""

ORDERS = 2
"""Random orders of the images that follow the first."""

POOL = 60
"""Images, drawn by the seed, from which both ways choose: looking at more takes longer than training does here."""

EXAMPLES = {"plain": "nuclei-fluorescence.yaml", "levelled": "nuclei-fluorescence.yaml", "vgg": "density.yaml"}
OWN = {
    "plain": ("input.normalisation=range", "input.object_diameter=null", "options.sigma=4"),
    "levelled": (),
    "vgg": (),
}
STEPS = 400
SETTINGS = (
    "options.channels=[8,16,32]",
    "training.batch_size=4",
    "training.crop=96",
    "training.context=8",
    "training.averaging=0.98",
    "training.learning_rate=3.0e-3",
    "training.schedule=cosine",
    "training.warmup_steps=20",
    "training.validation=1",
    "training.validate_every=100000",
    "training.keep=last",
)
"""A small network and short trainings. All labelled images teach: a copy of one validates, and decides nothing."""

Values = dict[str, Any]


def settings(name: str) -> list[str]:
    """What a set changes in its example."""
    return [*SETTINGS, *OWN[name], f"training.steps={STEPS}"]


def one_training(name: str, seed: int, samples: list[Sample], test: Path) -> tuple[Model, Values]:
    """Train on `samples` from the random weights of `seed`, and test."""
    configuration = read_configuration(HERE.parent / "examples" / EXAMPLES[name], [*settings(name), f"seed={seed}"])
    started = time.perf_counter()
    quiet = Watch(on_note=lambda _: None)
    with tempfile.TemporaryDirectory(prefix="cytally-active-") as work:
        data, out = Path(work) / "data", Path(work) / "model"
        copy_folder([*samples, _copy(samples[0], Path(work))], data, "points")
        out.mkdir()
        write_configuration(out, configuration)
        parts = Split(
            train=tuple(sorted(sample.name for sample in samples)), validation=(f"copy{samples[0].path.suffix}",)
        )
        write_split(out / "split.json", parts)
        model = train(configuration, data, out, device="cpu", watch=quiet, resume=True)
    trained = time.perf_counter() - started
    counting = evaluate(model, test, watch=quiet).counting
    assert counting is not None  # test images are annotated
    found = {key: round(counting[key], 4) for key in ("mae", "bias", "total_relative_error")}
    cells = round(sum(sample.count or 0 for sample in samples))
    return model, {"labels": len(samples), "cells": cells, **found, "seconds": round(trained, 1)}


def _copy(sample: Sample, folder: Path) -> Sample:
    """The same image with its annotation under another name."""
    path = folder / f"copy{sample.path.suffix}"
    shutil.copyfile(sample.path, path)
    labels = None
    if sample.labels is not None:
        labels = folder / "labels" / f"copy{sample.labels.suffix}"
        labels.parent.mkdir()
        shutil.copyfile(sample.labels, labels)
    return replace(sample, name=path.name, path=path, labels=labels)


def chosen(model: Model, pool: list[Sample], labelled: set[str], number: int) -> list[str]:
    """The images that the queue puts first among those that are not labelled."""
    model.to(torch.device("cpu"))
    onlooker = Onlooker(model)
    parts: list[Part] = []
    known: list[Part] = []
    names = []
    for sample in pool:
        plane = next(iter(model.planes(read(sample.path)[0])))
        if sample.name in labelled:
            known += onlooker.know(plane)
        else:
            parts += onlooker.look(plane)
            names.append(sample.name)
    return [names[place.index] for place in queue(parts, known, number)]


def one_seed(name: str, seed: int, repeat: int, folder: Path, result: Values) -> None:
    """Both ways of choosing, round by round, from the random weights of `repeat`; what `result` holds is not run again.

    The models of the first repeat choose; later ones train on what those chose.
    """
    everything, test = ranges(
        SETS[name], [sample for sample in read_folder(folder).samples if sample.count is not None]
    )
    order = np.random.default_rng([20261122, seed]).permutation(len(everything))[:POOL]
    drawn = [everything[index].name for index in order]
    pool = [everything[index] for index in sorted(order)]
    by_name = {sample.name: sample for sample in pool}
    choices = result.setdefault("choices", {}).setdefault(str(seed), drawn[:FIRST])
    with tempfile.TemporaryDirectory(prefix="cytally-active-test-") as work:
        copy_folder(test, Path(work) / "test", "points")

        def measure(way: str, names: list[str], **which: int) -> Model | None:
            runs = result.setdefault(way, {}).setdefault(str(seed), [])
            which = {"labels": len(names), "repeat": repeat, **which}
            if any(all(run.get(key) == value for key, value in which.items()) for run in runs):
                return None
            weights = seed + 1000 * repeat
            model, found = one_training(name, weights, [by_name[each] for each in names], Path(work) / "test")
            runs.append(which | found)
            save(name, result)
            print(f"{name}, seed {seed}, {way}: {json.dumps(runs[-1])}", flush=True)
            return model

        for before, budget in pairwise((FIRST, *BUDGETS)):
            model = measure("queue", choices[:before])
            if len(choices) < budget:
                if model is None:  # a kill came between training and choosing
                    model, _ = one_training(
                        name, seed, [by_name[each] for each in choices[:before]], Path(work) / "test"
                    )
                choices += chosen(model, pool, set(choices), budget - before)
                save(name, result)
        measure("queue", choices[: BUDGETS[-1]])
        for number in range(ORDERS):
            later = drawn[FIRST:]
            if number:
                again = np.random.default_rng([20261122, seed, number]).permutation(len(later))
                later = [later[place] for place in again]
            for budget in MEASURED["random"]:
                measure("random", [*drawn[:FIRST], *later[: budget - FIRST]], order=number)


def save(name: str, values: Values) -> None:
    """Put what is there of a set into the result file."""
    result: Values = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    facts = {"commit": commit(), "machine": machine(), "made_by": provenance()}
    result[name] = {**values, "settings": settings(name), **facts}
    write_text(RESULT, as_json(result))


def main() -> None:
    """Run what is missing, set by set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", nargs="+", choices=SETS, default=[*SETS])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=2, help="random weights that everything is trained from")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.set:
        for repeat in range(options.repeats):
            for seed in range(options.seeds):
                result: Values = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
                one_seed(name, seed, repeat, options.data / FOLDERS[SETS[name]], result.get(name, {}))


if __name__ == "__main__":
    run_script(main)
