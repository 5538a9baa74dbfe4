"""What to label next, tried out: training sets that grow by the queue of `cytally suggest`, or at random.

    python benchmarks/active_choice.py --data ../shared/data [--set plain levelled vgg] [--seeds 3]

For each seed a small density U-Net learns from a few images that were drawn at random. Then images are added, round by
round: by the queue that the model of the round before makes of all that is left, or at random. Each round trains anew,
from the same random weights. Both ways have the same first images. Labels are hidden from the queue, which sees pixels
alone. Test images take no part in choosing or training.

| set | folder | chosen from | test |
|---|---|---|---|
| plain | dsb2018_fluo | the first four fifths by name | the last fifth |
| levelled | dsb2018_fluo | the same | the same |
| vgg | vgg_cells | 001-064 | 065-100 |

`levelled` is what the bundled model sees: cells as bright and as large as each other in all images. In `plain` they are
as they are in the files, so that it matters which images are labelled.

Training at random is measured in every other round, as nothing has to be learnt from the rounds between.

Writes benchmarks/results/active_choice.json after each training, and goes on after a kill where it stopped;
`python benchmarks/report.py` makes docs/benchmarks.md of all results.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
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
from cytally.files import write_text
from cytally.images.read import read
from cytally.models.model import Model
from cytally.tasks.evaluate import evaluate
from cytally.tasks.provenance import provenance
from cytally.tasks.train import train
from cytally.tasks.watch import Watch
from cytally.training.configuration import read_configuration

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "active_choice.json"
COMMAND = "python benchmarks/active_choice.py --data ../shared/data"
SETS = {"plain": "dsb", "levelled": "dsb", "vgg": "vgg"}
WAYS = ("random", "queue")
FIRST, ADDED, ROUNDS = 4, 4, 4
"""Labelled images at first, images added per round, and rounds after the first."""

POOL = 60
"""Images, drawn by the seed, from which both ways choose: looking at more takes longer than training does here."""

MEASURED = {"random": (0, 2, 4), "queue": (0, 1, 2, 3, 4)}
"""Rounds in which each way is trained and tested."""

EXAMPLES = {"plain": "nuclei-fluorescence.yaml", "levelled": "nuclei-fluorescence.yaml", "vgg": "density.yaml"}
OWN = {
    "plain": ("input.normalisation=range", "input.object_diameter=null", "options.sigma=4"),
    "levelled": (),
    "vgg": (),
}
STEPS = 200
SETTINGS = (
    "options.channels=[8,16,32]",
    "training.batch_size=4",
    "training.crop=96",
    "training.context=8",
    "training.averaging=0.98",
    "training.schedule=cosine",
    "training.warmup_steps=20",
    "training.validation=1",
    "training.validate_every=100000",
    "training.keep=last",
)
"""A small network and short trainings. One of the labelled images validates, and so teaches nothing."""

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
        copy_folder(samples, Path(work) / "data", "points")
        model = train(configuration, Path(work) / "data", device="cpu", watch=quiet)
    trained = time.perf_counter() - started
    counting = evaluate(model, test, watch=quiet).counting
    assert counting is not None  # test images are annotated
    found = {key: round(counting[key], 4) for key in ("mae", "bias", "total_relative_error")}
    return model, {"labels": len(samples), **found, "seconds": round(trained, 1)}


def chosen(model: Model, pool: list[Sample], labelled: set[str]) -> list[str]:
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
    return [names[place.index] for place in queue(parts, known, ADDED)]


def one_seed(name: str, seed: int, folder: Path, result: Values) -> None:
    """Both ways of choosing, round by round; what `result` holds already is not run again."""
    everything, test = ranges(
        SETS[name], [sample for sample in read_folder(folder).samples if sample.count is not None]
    )
    order = np.random.default_rng([20261122, seed]).permutation(len(everything))[:POOL]
    drawn = [everything[index].name for index in order]
    pool = [everything[index] for index in sorted(order)]
    by_name = {sample.name: sample for sample in pool}
    with tempfile.TemporaryDirectory(prefix="cytally-active-test-") as work:
        copy_folder(test, Path(work) / "test", "points")
        for way in WAYS:
            rounds = result.setdefault(way, {}).setdefault(str(seed), [])
            if way == "queue" and not rounds:  # its first model is that of the other way
                rounds.append(result["random"][str(seed)][0])
            for number in MEASURED[way][len(rounds) :]:
                names = rounds[-1]["next"] if way == "queue" else drawn[: FIRST + number * ADDED]
                model, found = one_training(name, seed, [by_name[each] for each in names], Path(work) / "test")
                started = time.perf_counter()
                if number == 0 or (way == "queue" and number < ROUNDS):
                    found["next"] = names + chosen(model, pool, set(names))
                    found["choosing_seconds"] = round(time.perf_counter() - started, 1)
                rounds.append(found)
                save(name, result)
                told = {key: value for key, value in found.items() if key != "next"}
                print(f"{name}, seed {seed}, {way}: {json.dumps(told)}", flush=True)


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
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.set:
        for seed in range(options.seeds):
            result: Values = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
            one_seed(name, seed, options.data / FOLDERS[SETS[name]], result.get(name, {}))


if __name__ == "__main__":
    run_script(main)
