"""Carry a Twin-VAE from one stand-in to another, and compare with training from scratch.

    python benchmarks/transfer.py --data ../shared/data --set D --from C
    python benchmarks/transfer.py --data ../shared/data --set D                  the same from scratch
    python benchmarks/transfer.py --all-rows      prints the commands of the whole section, and runs nothing

Stand-ins are built by stand_ins.py: A fluorescence, H H&E, C phase contrast, D bright field. The model to begin with is
the one that was trained from scratch on all labels of its own stand-in, and is trained first where it is not there.
What is carried over, and what it is compared with, has a tenth of the labels. All are trained for the same number of
steps, not minutes, so that a busy machine changes nothing. Test images take no part before the end.

Writes benchmarks/results/transfer/ROW.json after each run; another --seed adds a run to the row, and a run that was
killed goes on where it stopped. `python benchmarks/report.py` makes docs/benchmarks.md of all results.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from few_labels import as_run, commit_at_begin, kept
from few_labels_rows import same_row
from row_file import add_run, has_run, open_row
from script import run_script
from stand_ins import build
from transfer_rows import ALL, CONFIGURATION, all_rows, command, from_command, parse, row_name, row_settings, wanted

from cytally.models.model import Model
from cytally.models.store import load
from cytally.tasks.evaluate import evaluate
from cytally.tasks.train import train
from cytally.tasks.transfer import transfer
from cytally.training.configuration import Configuration, read_configuration

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "transfer"


def configuration_of(options: argparse.Namespace) -> Configuration:
    """What the row trains."""
    name = CONFIGURATION if options.method == "twin-vae" else f"{options.method}.yaml"
    settings = [*row_settings(options), f"seed={options.seed}"]
    return read_configuration(HERE.parent / "examples" / name, settings, transfer=options.source is not None)


def source_model(options: argparse.Namespace) -> Path:
    """The folder of the model to begin with, which is trained where it is not there yet."""
    row = wanted(options.source, labelled=ALL)
    row.data, row.work, row.seed = options.data, options.work, options.seed
    run_row(row)
    return work_of(row) / f"model-{row.seed}"


def work_of(options: argparse.Namespace) -> Path:
    """Where a row keeps its data and models."""
    folder: Path = options.work / "transfer" / row_name(options)
    return folder


def one_run(options: argparse.Namespace, configuration: Configuration, tested: int) -> dict[str, Any]:
    """Train and test once."""
    work = work_of(options)
    begun, data, out = commit_at_begin(work, options.seed), work / "data", work / f"model-{options.seed}"
    facts: dict[str, Any] = {"commit": begun}
    if options.source is None:
        model = train(configuration, data / "train", out, resume=True)
    else:
        source = source_model(options)
        model = transfer(source, configuration, data / "train", out, resume=True)
        facts["untouched"] = as_it_is(source, configuration, data / "test")
        facts["step_seconds"] = model.card.provenance["transfer"].get("step_seconds")
    return as_run(model, work, tested, {"minutes": model.card.provenance["minutes"], **facts})


def prepared_so(model: Model, configuration: Configuration) -> Model:
    """A model that sees images, and draws them, as the `configuration` of a transfer says."""
    card = model.card
    changed = card.configuration.model_copy(update={"input": configuration.input, "drawn": configuration.drawn})
    light = configuration.input.normalisation
    return Model(card.model_copy(update={"configuration": changed, "normalisation": light}), model.network)


def as_it_is(source: Path, configuration: Configuration, test: Path) -> dict[str, float]:
    """The measures of the model to begin with on the images to come, prepared as these are."""
    return kept(evaluate(prepared_so(load(source), configuration), test).counting)


def run_row(options: argparse.Namespace) -> None:
    """One run of a row, if it is not there yet."""
    row, configuration = row_name(options), configuration_of(options)
    path = RESULTS / f"{row}.json"
    result = open_row(path, command(options), lambda line: same_row(from_command(line), options), configuration)
    model = work_of(options) / f"model-{options.seed}"
    if has_run(result, options.seed) and (model / "model.json").is_file():
        print(f"{row}: seed {options.seed} is there already ({path})")
        return
    images = build(options.data, options.set, work_of(options) / "data", options.labelled)
    run = one_run(options, configuration, images["test"])
    facts = {name: getattr(options, name) for name in ("set", "source", "method", "labelled", "steps")}
    add_run(path, result, run, configuration, **facts, images=images)
    print(row, json.dumps({key: run.get(key) for key in ("steps", "minutes", "test", "untouched", "drawn")}))


def main(arguments: list[str] | None = None) -> None:
    """Run what is asked for, if it is not there yet."""
    options = parse(arguments, __doc__)
    if options.all_rows:
        print("\n".join(command(row) for row in all_rows()))
        return
    torch.set_num_threads(1)
    run_row(options)


if __name__ == "__main__":
    run_script(main)
