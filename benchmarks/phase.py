"""Nuclei in phase contrast, learnt from a stain's labels: train the nucleus U-Net on half a field, test on the other.

    python benchmarks/phase.py --data ../shared/data --freeze             once, before anything is trained
    python benchmarks/phase.py --data ../shared/data --train keratinocytes
    python benchmarks/phase.py --data ../shared/data --train keratinocytes --picture FILE.png
    python benchmarks/phase.py --all-rows      prints the commands of the whole section, and runs nothing

What trains, what tests and what the reference is: phase_data.py. All rows are examples/nucleus-unet-small.yaml with
what their command says. Test halves take no part before the end.

Writes benchmarks/results/phase/ROW.json after each run; another --seed adds a run to the row, and a run that was
killed goes on where it stopped. `--picture FILE.png` draws the test half of a row that has been run; the images are
not ours, so that the page does not show it. `python benchmarks/report.py` makes docs/benchmarks.md of all results.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from counting import commit, machine
from few_labels import commit_at_begin
from numpy.typing import NDArray
from phase_data import Field, Labels, Picture, freeze, frozen_field, write_windows
from phase_measures import measures
from phase_rows import (
    CONFIGURATION,
    all_rows,
    command,
    from_command,
    lines_of,
    parse,
    row_name,
    row_settings,
    same_row,
)
from row_file import add_run, has_run, open_row
from script import run_script
from spoiled_labels import KINDS

from cytally.errors import UsageError
from cytally.models.store import load
from cytally.report.agreement import agreement
from cytally.report.overlays import write_png
from cytally.tasks.provenance import provenance
from cytally.tasks.train import train
from cytally.training.configuration import Configuration, read_configuration

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "phase"
ENLARGED = 2
COMPONENTS = {"split": "none", "least_area": 0.0}


def configuration_of(options: argparse.Namespace) -> Configuration:
    """What the row trains."""
    settings = [*row_settings(options), f"seed={options.seed}"]
    return read_configuration(HERE.parent / "examples" / CONFIGURATION, settings)


def work_of(options: argparse.Namespace) -> Path:
    """Where a row keeps its data and models."""
    folder: Path = options.work / "phase" / row_name(options)
    return folder


def fields_of(options: argparse.Namespace) -> dict[str, Field]:
    """The frozen parts of each cell line of the row."""
    return {line: frozen_field(options.data, line) for line in lines_of(options)}


def spoiler(options: argparse.Namespace) -> Callable[[Labels, int], Labels] | None:
    """What spoils the labels of a window, by its number; None where they stay as they are."""
    if options.spoil is None:
        return None

    def spoil(labels: Labels, window: int) -> Labels:
        return KINDS[options.spoil](labels, options.share, 1000 * options.seed + window)

    return spoil


def one_run(options: argparse.Namespace, configuration: Configuration) -> dict[str, Any]:
    """Train and test once."""
    work, fields = work_of(options), fields_of(options)
    begun, data = commit_at_begin(work, options.seed), work / f"data-{options.seed}"
    trained_on = write_windows(fields, data, spoiler(options))
    model = train(configuration, data, work / f"model-{options.seed}", resume=True)
    by_components = model.reading(**COMPONENTS)
    run = {
        "seed": options.seed,
        "images": trained_on,
        "trained_on": model.card.training_data["train"],
        "validated_on": model.card.training_data["validation"],
        "nucleus_area": model.method.nucleus_area,
        "steps": model.card.provenance["steps"],
        "minutes": model.card.provenance["minutes"],
        "commit": begun,
        "machine": machine(),
        "made_by": {key: value for key, value in provenance().items() if key != "command"},
    }
    for line, field in fields.items():
        run[line] = measures(model.count(field.test.phase), field.test.labels)
        run[f"{line} by components"] = measures(by_components.count(field.test.phase), field.test.labels)
    return run


def run_row(options: argparse.Namespace) -> None:
    """One run of a row, if it is not there yet."""
    row, configuration = row_name(options), configuration_of(options)
    path = RESULTS / f"{row}.json"
    result = open_row(path, command(options), lambda line: same_row(from_command(line), options), configuration)
    if has_run(result, options.seed):
        print(f"{row}: seed {options.seed} is there already ({path})")
        return
    run = one_run(options, configuration)
    add_run(path, result, run, configuration)
    print(row, json.dumps({key: run[key] for key in ("steps", "minutes", *lines_of(options))}))


def beside(phase: Picture, true: Labels, found: Labels) -> NDArray[np.uint8]:
    """The phase contrast alone and, below it, what was found in it: turned on its side and enlarged, to fit a page."""
    shown, true, found = (np.kron(each.T, np.ones((ENLARGED, ENLARGED), each.dtype)) for each in (phase, true, found))
    nothing = np.zeros_like(true)
    return np.concatenate([agreement(shown[None], 0, *labels) for labels in ((nothing, nothing), (true, found))])


def draw(options: argparse.Namespace) -> None:
    """Draw what a row's model finds in the test half of its first cell line, in the thesis's colours."""
    folder, line = work_of(options) / f"model-{options.seed}", lines_of(options)[0]
    if not (folder / "model.json").is_file():
        raise UsageError("this row has not been run here", file=folder, cure="run the same command without --picture")
    test = fields_of(options)[line].test
    found = load(folder).count(test.phase)
    assert found.labels is not None
    picture = beside(test.phase, test.labels, found.labels)
    write_png(options.picture, picture)


def main(arguments: list[str] | None = None) -> None:
    """Run what is asked for, if it is not there yet."""
    options = parse(arguments, __doc__)
    torch.set_num_threads(1)
    if options.all_rows:
        print("\n".join(command(row) for row in all_rows()))
    elif options.freeze:
        made_by = {key: value for key, value in provenance().items() if key != "command"}
        print(json.dumps(freeze(options.data, {"commit": commit(), "made_by": made_by})["fields"], indent=2))
    elif options.picture:
        draw(options)
    else:
        run_row(options)


if __name__ == "__main__":
    run_script(main)
