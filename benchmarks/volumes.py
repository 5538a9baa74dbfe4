"""Cells in drawn volumes: train EfficientCellSeg on some, test it on others, and on a real volume of nuclei.

    python benchmarks/volumes_drawn.py          writes the volumes
    python benchmarks/volumes.py --kind tric
    python benchmarks/volumes.py --kind nuclei-3d --real ../shared/data/volume
    python benchmarks/volumes.py --all-rows     prints the commands of the whole section, and runs nothing

Volumes, seeds and what is classical were fixed before any network was trained: volumes_drawn.py, volumes_classical.py.
All rows are examples/efficient-cell-seg-small.yaml with what their command says.

Writes benchmarks/results/volumes/ROW.json after each run; another --seed adds a run to the row, and a run that was
killed goes on where it stopped. `--score-again` reads what a row has trained by today's read-out.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import torch
from counting import commit, machine
from few_labels import commit_at_begin
from numpy.typing import NDArray
from row_file import add_run, has_run, open_row
from script import run_script
from volumes_drawn import TEST, TRAIN, drawn, fingerprint, write_set
from volumes_rows import CONFIGURATION, all_rows, command, from_command, parse, row_name, row_settings, same_row

from cytally.images.volume import Volume, open_volumes
from cytally.metrics.segmentation import SegmentationCounts, segmentation_counts
from cytally.models.model import Model
from cytally.models.store import load
from cytally.tasks.provenance import provenance
from cytally.tasks.train import train
from cytally.training.configuration import Configuration, read_configuration

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "volumes"
OBJECTS = ("linked", "volume", "slices")
"""How objects arise of the same maps; which one is best on training volumes is what counts."""


def configuration_of(options: argparse.Namespace) -> Configuration:
    """What the row trains."""
    settings = [*row_settings(options), f"seed={options.seed}"]
    return read_configuration(HERE.parent / "examples" / CONFIGURATION, settings)


def data_of(options: argparse.Namespace) -> Path:
    """The training volumes, written where they are missing: those of the benchmark, or more of the same seeds."""
    usual, number = options.volumes == len(TRAIN), options.volumes
    folder: Path = options.work / "volumes" / options.kind / ("train" if usual else f"train-{number}")
    if len(list((folder / "labels").glob("*.tif"))) < number:
        write_set(folder, options.kind, tuple(range(number)))
    return folder


def test_volumes(kind: str) -> list[tuple[Volume, NDArray[np.integer[Any]]]]:
    """The volumes that test, with their labels."""
    found = []
    for seed in TEST:
        each = drawn(kind, seed)
        volume = Volume.from_array(each.image, pixel_size=each.pixel_size, z_spacing=each.z_spacing, name=str(seed))
        found.append((volume, each.labels))
    return found


def score(model: Model, volumes: list[tuple[Volume, NDArray[np.integer[Any]]]]) -> dict[str, float]:
    """SEG, DET, mean IoU, PESEG over volumes, and seconds per slice."""
    counts, started = SegmentationCounts(), time.monotonic()
    for volume, labels in volumes:
        found = model.segment(volume).labels
        assert found is not None
        counts += segmentation_counts(labels, found)
    seconds = time.monotonic() - started
    slices = sum(volume.shape[0] for volume, _ in volumes)
    return {**counts.metrics(model.parameters), "seconds_per_slice": seconds / slices}


def real_volume(folder: Path) -> list[tuple[Volume, NDArray[np.integer[Any]]]]:
    """The real volume of nuclei, with its labels."""
    (volume,) = open_volumes(folder / "nuclei.tif", axes="ZYX")
    return [(volume, tifffile.imread(folder / "nuclei_labels.tif"))]


def one_run(options: argparse.Namespace, configuration: Configuration) -> dict[str, Any]:
    """Train and test once."""
    work, data = options.work / "volumes" / "runs" / row_name(options), data_of(options)
    begun = commit_at_begin(work, options.seed)
    if not options.score_again:
        train(configuration, data, work / f"model-{options.seed}", resume=True)
    model, volumes = load(work / f"model-{options.seed}"), test_volumes(options.kind)
    run = {
        "seed": options.seed,
        "steps": model.card.provenance["steps"],
        "minutes": model.card.provenance["minutes"],
        "commit": begun,
        "scored_by": commit(),
        "machine": machine(),
        "made_by": {key: value for key, value in provenance().items() if key != "command"},
        "drawn": fingerprint(drawn(options.kind, TEST[0])),
    }
    for objects in OBJECTS[: 1 if options.mask else None]:
        run[objects] = score(model.reading(objects=objects), volumes)
        if options.real is not None:
            run[f"real {objects}"] = score(model.reading(objects=objects), real_volume(options.real))
    return run


def run_row(options: argparse.Namespace) -> None:
    """One run of a row, if it is not there yet."""
    row, configuration = row_name(options), configuration_of(options)
    path = RESULTS / f"{row}.json"
    if options.score_again:  # whose settings of reading may have changed since
        path.unlink(missing_ok=True)
    result = open_row(path, command(options), lambda line: same_row(from_command(line), options), configuration)
    if has_run(result, options.seed) and not options.score_again:
        print(f"{row}: seed {options.seed} is there already ({path})")
        return
    run = one_run(options, configuration)
    add_run(path, result, run, configuration)
    print(row, json.dumps({key: each for key, each in run.items() if isinstance(each, dict) and "seg" in each}))


def main(arguments: list[str] | None = None) -> None:
    """Run what is asked for, if it is not there yet."""
    options = parse(arguments, __doc__)
    torch.set_num_threads(1)
    if options.all_rows:
        print("\n".join(command(row) for row in all_rows()))
    else:
        run_row(options)


if __name__ == "__main__":
    run_script(main)
