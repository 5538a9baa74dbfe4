"""Count from few labels: train a method on a stand-in of which few images are labelled, and test it once.

    python benchmarks/few_labels.py --data ../shared/data --set A --method twin-vae --minutes 8 --seed 0
    python benchmarks/few_labels.py --all-rows      prints the commands of the whole section, and runs nothing

Stand-ins are built by stand_ins.py, into a folder of the row's own; methods are those of few_labels_rows.py. All that
learn have the same minutes on one thread (or one graphics card). Test images take no part before the end.

Writes benchmarks/results/few-labels/ROW.json after each run; another --seed adds a run to the row, and a run that was
killed goes on where it stopped. `python benchmarks/report.py` makes docs/benchmarks.md of all results.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from counting import commit, machine
from few_labels_rows import (
    METHODS,
    all_rows,
    command,
    from_command,
    parse,
    row_name,
    row_settings,
    same_row,
)
from row_file import add_run, has_run, open_row
from script import run_script
from stand_ins import build

from cytally.datasets.folder import read_folder
from cytally.files import write_text
from cytally.inference.torch_backend import find_device
from cytally.models.model import Model
from cytally.results import Metrics
from cytally.tasks.drawn import drawn_examples
from cytally.tasks.evaluate import evaluate
from cytally.tasks.insight import encodes_and_decodes, learns_from_drawn
from cytally.tasks.provenance import provenance
from cytally.tasks.train import train
from cytally.tasks.watch import Watch
from cytally.training.configuration import Configuration, read_configuration
from cytally.training.validation import validate

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "few-labels"
KEPT = ("n", "mae", "mre", "accuracy", "bias")
"""The paper's three measures; and of how many images, and in which direction."""

DRAWN, DRAWN_SEED = 300, 2_000_003
"""Drawn images that test the drawn side, and what is added to the run's seed for them, so that none was trained on."""

NORMALISATIONS = ("range", "foreground", "percentile")
"""Tried for what has no training of its own; the training images decide."""


def train_once(options: argparse.Namespace, configuration: Configuration, work: Path) -> tuple[Model, dict[str, Any]]:
    """The trained model, and how it was trained."""
    data, out = work / "data" / "train", work / f"model-{configuration.seed}"
    if METHODS[options.method].learns:
        model = train(configuration, data, out, minutes=options.minutes, resume=True)
        return model, {"minutes": model.card.provenance["minutes"]}
    started, tried = time.monotonic(), {}
    for kind in NORMALISATIONS:
        light = configuration.input.model_copy(update={"normalisation": kind})
        changed = configuration.model_copy(update={"input": light})
        model = train(changed, data, out.with_name(f"{out.name}-{kind}"), resume=True)
        known = evaluate(model, data, watch=Watch(on_note=lambda _: None))  # which would say that it knows them
        tried[kind] = (kept(known.counting)["mae"], model)
    best = min(tried, key=lambda kind: tried[kind][0])
    spent = round((time.monotonic() - started) / 60, 2)
    errors = {kind: error for kind, (error, _) in tried.items()}
    return tried[best][1], {"minutes": spent, "normalisation": best, "mae_on_training_images": errors}


def count_drawn(model: Model, work: Path) -> dict[str, float]:
    """The measures on drawn images that the network has not seen, counted through its drawn side."""
    configuration = model.card.configuration
    natural = read_folder(work / "data" / "train", require_annotation=False).samples
    unseen = drawn_examples(
        configuration, model.card.input_channels, DRAWN, configuration.seed + DRAWN_SEED, natural=natural
    )
    device = find_device()
    return kept(validate(model.method, model.network.to(device), unseen, device, configuration.counting.precision))


def one_run(options: argparse.Namespace, configuration: Configuration, work: Path, tested: int) -> dict[str, Any]:
    """Train and test once."""
    begun = commit_at_begin(work, configuration.seed)
    model, facts = train_once(options, configuration, work)
    return as_run(model, work, tested, {**facts, "commit": begun})


def commit_at_begin(work: Path, seed: int) -> str:
    """The commit that a run was begun with, though it may go on with another."""
    begun = work / f"model-{seed}.commit"
    if not begun.is_file():
        write_text(begun, commit())
    return begun.read_text()


def as_run(model: Model, work: Path, tested: int, facts: dict[str, Any]) -> dict[str, Any]:
    """Test a model, and put down what made it, `facts` of its own included."""
    metrics = evaluate(model, work / "data" / "test")
    if len(metrics.predictions) != tested:
        sys.exit(f"{work / 'data' / 'test'}: {tested - len(metrics.predictions)} images could not be counted")
    run = {
        "seed": model.card.configuration.seed,
        "trained_on": model.card.training_data["train"],
        "validated_on": model.card.training_data["validation"],
        "steps": model.card.provenance["steps"],
        **facts,
        "machine": machine(),
        "made_by": {key: value for key, value in provenance().items() if key != "command"},
        "test": kept(metrics.counting),
    }
    if encodes_and_decodes(model) and learns_from_drawn(model):
        run |= {"drawn": count_drawn(model, work), "origin_auc": (metrics.latent or {}).get("origin_auc")}
    return run | {"predicted_by_true_count": by_true_count(metrics)}


def by_true_count(metrics: Metrics) -> dict[str, list[float]]:
    """The predicted counts of the images of each true count, in rising order."""
    found = defaultdict(list)
    for _, true, predicted in metrics.predictions:
        found[round(true)].append(round(predicted, 2))
    return {str(true): sorted(found[true]) for true in sorted(found)}


def kept(metrics: dict[str, float] | None) -> dict[str, float]:
    """The measures that are written down."""
    return {key: metrics[key] for key in KEPT if key in metrics} if metrics else {}


def main(arguments: list[str] | None = None) -> None:
    """Run what is asked for, if it is not there yet."""
    options = parse(arguments, __doc__)
    if options.all_rows:
        print("\n".join(command(row) for row in all_rows()))
        return
    if options.labelled == 0 and METHODS[options.method].needs_labels:
        sys.exit(f"{options.method} needs labels: there is no row of it at --labelled 0")
    torch.set_num_threads(1)
    row = row_name(options)
    path, work = RESULTS / f"{row}.json", options.work / "few-labels" / row
    source = HERE.parent / "examples" / METHODS[options.method].configuration
    configuration = read_configuration(source, [*row_settings(options), f"seed={options.seed}"])
    result = open_row(
        path,
        command(options),
        lambda line: same_row(from_command(line), options),
        configuration,
        cure="move it away or give --row",
    )
    if has_run(result, options.seed):
        print(f"{row}: seed {options.seed} is there already ({path})")
        return
    images = build(options.data, options.set, work / "data", options.labelled)
    run = one_run(options, configuration, work, images["test"])
    facts = {name: getattr(options, name) for name in ("set", "method", "labelled", "minutes")}
    add_run(path, result, run, configuration, **facts, images=images)
    print(json.dumps({key: run.get(key) for key in ("seed", "steps", "minutes", "test", "drawn", "origin_auc")}))


if __name__ == "__main__":
    run_script(main)
