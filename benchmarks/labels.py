"""Labels without a labeller: the presets of `cytally label` beside a plain watershed, on images with true labels.

    python benchmarks/labels.py --data ../shared/data

Labels every image of dsb2018_fluo by `auto`, by `thesis` and by plain_labels.py, and compares with the true labels: on
all images, on the half that `auto` was developed on (every other one by name) and on the other half. Then times all
three on a drawn field of 1408 × 1040 pixels, in turns. Nothing is trained, nothing is searched.

Writes benchmarks/results/labels.json; `python benchmarks/report.py` makes docs/benchmarks.md of all results.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from counting import commit, machine
from labels_figures import Scored, figures, halves
from numpy.typing import NDArray
from plain_labels import label_plainly
from script import run_script
from speed_field import drawn_field

from cytally.datasets.folder import Sample, read_folder
from cytally.files import write_text
from cytally.images.read import read
from cytally.labelling.auto import label_auto
from cytally.labelling.labelled import Labelled
from cytally.labelling.thesis import label_thesis
from cytally.metrics.objects import object_counts
from cytally.tasks.provenance import provenance

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "labels.json"
FOLDER, PLAIN = "dsb2018_fluo", "plain"
SHAPE = (1040, 1408)

Label = Callable[[NDArray[Any]], Labelled]
LABELLINGS: dict[str, Label] = {"auto": label_auto, "thesis": label_thesis, PLAIN: label_plainly}


def score(label: Label, sample: Sample) -> Scored:
    """Label one image, and compare."""
    (image,) = read(sample.path)
    (plane,) = image.planes()
    found, true = label(plane.data[0]), sample.label_image()
    assert true is not None
    return Scored(sample.name, object_counts(true, found.labels), found.refused)


def compare(samples: list[Sample]) -> dict[str, Any]:
    """The figures of every labelling, on all images and on each half, and what it refused."""
    parts = {"all": [sample.name for sample in samples], **halves([sample.name for sample in samples])}
    found = {}
    for name, label in LABELLINGS.items():
        scored = [score(label, sample) for sample in samples]
        found[name] = {part: figures([each for each in scored if each.name in names]) for part, names in parts.items()}
        found[name]["why refused"] = {each.name: each.refused for each in scored if each.refused is not None}
    return found


def clock(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Seconds on the wall and of the processor of every round, by labelling; a first round, which warms up, is not in.

    The processor's seconds, those of all threads added up, are nearly the same on a busy machine.
    """
    image = drawn_field(SHAPE).image
    spent: dict[str, dict[str, list[float]]] = {name: {"seconds": [], "processor": []} for name in LABELLINGS}
    for turn in range(rounds + 1):
        for name, label in LABELLINGS.items():
            wall, processor = time.perf_counter(), time.process_time()
            label(image)
            if turn:
                spent[name]["seconds"].append(round(time.perf_counter() - wall, 4))
                spent[name]["processor"].append(round(time.process_time() - processor, 4))
    return spent


def over_plain(spent: dict[str, dict[str, list[float]]], name: str) -> list[float]:
    """Processor seconds of a labelling over those of the plain one, round by round.

    Examples
    --------
    >>> over_plain({"auto": {"processor": [1.0, 3.0]}, "plain": {"processor": [0.5, 1.0]}}, "auto")
    [2.0, 3.0]
    """
    pairs = zip(spent[name]["processor"], spent[PLAIN]["processor"], strict=True)
    return [ours / plain for ours, plain in pairs]


def main(arguments: list[str] | None = None) -> None:
    """Measure, and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help=f"folder that holds {FOLDER}")
    parser.add_argument("--rounds", type=int, default=5, help="of the timing")
    options = parser.parse_args(arguments)
    if not (options.data / FOLDER).is_dir():
        sys.exit(f"{options.data / FOLDER}: is not there; give the folder that holds {FOLDER} with --data")
    torch.set_num_threads(1)
    started = time.monotonic()
    samples = [sample for sample in read_folder(options.data / FOLDER).samples if sample.labels is not None]
    compared = compare(samples)
    spent = clock(options.rounds)
    result = {
        "command": "python benchmarks/labels.py --data ../shared/data",
        "labellings": compared,
        "field": {"shape": SHAPE, "spent": spent},
        "minutes": round((time.monotonic() - started) / 60, 2),
        "commit": commit(),
        "machine": machine() | {"gpu": None},
        "made_by": {key: value for key, value in provenance().items() if key != "command"},
    }
    write_text(RESULT, json.dumps(result, indent=2) + "\n")
    for name, parts in compared.items():
        print(name, json.dumps({part: parts[part] for part in ("all", *halves([]))}))
        seconds = {kind: statistics.median(each) for kind, each in spent[name].items()}
        print(name, json.dumps(seconds | {"over plain": round(float(np.median(over_plain(spent, name))), 2)}))


if __name__ == "__main__":
    run_script(main)
