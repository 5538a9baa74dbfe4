"""Train on N images of a counting benchmark, several times, and test on images that took no part.

    python benchmarks/counting.py --data ../shared/data --set vgg --train 64 --draws 3 --minutes 10

Each draw takes N images of the training range by a seed; the rest of the range validates. Where nothing is left, the
configuration's own share of the N does. Test images are never looked at before the end.

| set | folder | training range | test |
|---|---|---|---|
| vgg | vgg_cells | 001-100 where 101-200 are there, else 001-064 | the others |
| mbm | mbm | the others | every third by name, so that every slide is in both |
| dsb | dsb2018_fluo | the first four fifths by name | the last fifth |

Writes benchmarks/results/ROW.json after every draw, and goes on after a kill where it stopped;
`python benchmarks/report.py` makes docs/benchmarks.md of all results.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from drawn import draw_scenes
from rows import FOLDERS, command, from_command, other_settings, parse, row_name, row_settings, same_row
from script import run_script

from cytally.datasets.folder import Sample, read_folder
from cytally.files import write_text
from cytally.models.model import Model
from cytally.models.store import load
from cytally.tasks.evaluate import evaluate
from cytally.tasks.provenance import provenance
from cytally.tasks.train import train
from cytally.training.configuration import Configuration, read_configuration

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
DRAWN = 300
FINISHED = "finished"
"""Marks a model folder that is not trained any further."""
KEPT = ("mae", "rmse", "bias", "mre", "total_relative_error", "average_relative_error")


def ranges(name: str, samples: list[Sample]) -> tuple[list[Sample], list[Sample]]:
    """The samples that may be trained on, and those that test."""
    samples = sorted(samples, key=lambda sample: sample.name)
    if name == "vgg":
        last = 100 if len(samples) > 100 else 64
        chosen = {f"{number:03d}" for number in range(1, last + 1)}
        return [s for s in samples if s.path.stem in chosen], [s for s in samples if s.path.stem not in chosen]
    if name == "mbm":
        return [s for place, s in enumerate(samples) if place % 3 != 2], samples[2::3]
    cut = round(len(samples) * 4 / 5)
    return samples[:cut], samples[cut:]


def copy_folder(samples: list[Sample], target: Path, annotation: str) -> None:
    """Make a data folder of `samples` with their points, their counts alone, or every other one with either."""
    shutil.rmtree(target, ignore_errors=True)
    (target / "images").mkdir(parents=True)
    points, counts, marked = [], [], []
    for place, sample in enumerate(samples):
        shutil.copyfile(sample.path, target / "images" / sample.path.name)
        if annotation == "counts" or (annotation == "mixed" and place % 2):
            counts.append((sample.name, int(sample.count or 0)))
        elif sample.labels is not None:
            (target / "labels").mkdir(exist_ok=True)
            shutil.copyfile(sample.labels, target / "labels" / sample.labels.name)
        else:
            marked.append(sample.name)
            points += [(sample.name, y, x) for y, x in sample.points]
    if points:
        pd.DataFrame(points, columns=["image", "y", "x"]).to_csv(target / "points.csv", index=False)
    if counts:
        pd.DataFrame(counts, columns=["image", "count"]).to_csv(target / "counts.csv", index=False)
    if points and counts:  # those with a count alone have no row, and are not empty
        pd.DataFrame(marked, columns=["image"]).to_csv(target / "images.csv", index=False)


def pretrained(work: Path, settings: list[str], minutes: float, configuration: Path) -> Model:
    """A model of drawn cells alone, made once in `work` and shared by all draws, and by all rows of these settings."""
    if not (work / "drawn" / "points.csv").is_file():  # which is written last
        shutil.rmtree(work / "drawn", ignore_errors=True)
        draw_scenes(work / "drawn", DRAWN)
    chosen = read_configuration(configuration, [*settings, "training.validation=0.1"])
    digest = hashlib.sha256(f"{chosen.model_dump_json()} {minutes:g}".encode()).hexdigest()[:8]
    out = work / f"pretrained-{digest}"
    if not (out / FINISHED).is_file():
        train(chosen, work / "drawn", out, minutes=minutes, resume=True)
        (out / FINISHED).touch()
    return load(out)


def one_draw(
    options: argparse.Namespace, configuration: Configuration, work: Path, start: Model | None
) -> dict[str, Any]:
    """Train and test once."""
    out = work / f"model-{configuration.seed}"
    begun = work / f"model-{configuration.seed}.commit"
    if not begun.is_file():
        write_text(begun, commit())
    model = train(configuration, work / "train", out, start=start, minutes=options.minutes, resume=True)
    metrics, otherwise = (evaluate(each, work / "test").counting for each in (model, flipped(model)))
    facts = model.card.provenance
    return {
        "seed": configuration.seed,
        "annotation": options.annotation,
        "trained_on": model.card.training_data["train"],
        "validated_on": model.card.training_data["validation"],
        "steps": facts["steps"],
        "minutes": facts["minutes"],
        "commit": begun.read_text(),
        "machine": machine(),
        "validation": {key: model.card.validation[key] for key in ("mae", "bias")},
        "test": {key: metrics[key] for key in KEPT},
        "test_without_flips" if model.card.configuration.counting.flips else "test_with_flips": {
            key: otherwise[key] for key in KEPT
        },
    }


def flipped(model: Model) -> Model:
    """The same weights, counting over all turns and flips where it did not, and the other way round."""
    before = model.card.configuration
    counting = before.counting.model_copy(update={"flips": not before.counting.flips})
    configuration = before.model_copy(update={"counting": counting})
    return Model(model.card.model_copy(update={"configuration": configuration}), model.network)


def summary(draws: list[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Mean and standard deviation (of a sample) over the draws."""
    table = pd.DataFrame([draw["test"] for draw in draws])
    spread = table.std(ddof=1) if len(table) > 1 else table.iloc[0] * np.nan
    return {"mean": table.mean().to_dict(), "sd": {key: None if np.isnan(v) else v for key, v in spread.items()}}


def machine() -> dict[str, Any]:
    """What the numbers were made on."""
    return {
        "processor": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "bfloat16": "avx512_bf16" if getattr(torch.cpu, "_is_avx512_bf16_supported", bool)() else None,
    }


def commit() -> str:
    """The commit that this runs from, with a plus where files of it were changed."""

    def git(*arguments: str) -> str:
        words = ["git", *arguments]
        return subprocess.run(words, cwd=HERE.parent, capture_output=True, text=True, check=False).stdout.strip()

    changed = git("status", "--porcelain", "src", "examples", "benchmarks/*.py")
    return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")


def main(arguments: list[str] | None = None) -> None:
    """Run the draws that are missing."""
    options = parse(arguments, __doc__)
    folder = options.data / FOLDERS[options.set]
    if not folder.is_dir():
        sys.exit(f"{folder}: is not there; give the folder that holds {FOLDERS[options.set]} with --data")
    pool, test = ranges(options.set, [s for s in read_folder(folder).samples if s.count is not None])
    if options.train > len(pool):
        sys.exit(f"{folder}: has {len(pool)} images to train on, not {options.train}; lower --train")
    row, rest = row_name(options), len(pool) - options.train
    path, work = RESULTS / f"{row}.json", options.work / row
    settings = row_settings(options)
    source = HERE.parent / "examples" / options.configuration
    copy_folder(pool, work / "train", options.annotation)
    copy_folder(test, work / "test", "points")
    result = json.loads(path.read_text()) if path.is_file() else {"command": command(options), "draws": []}
    if not same_row(from_command(result["command"]), options):
        sys.exit(f"{path}: was made by another command ({result['command']}); move it away or give --row")
    start = pretrained(options.work, settings, options.pretrain, source) if options.pretrain else None
    for seed in range(len(result["draws"]), options.draws):
        split = [f"training.validation={rest}"] if rest else []
        configuration = read_configuration(source, [*settings, *split, f"seed={seed}"])
        changed = other_settings(result.get("configuration", {}), configuration)
        if changed:
            sys.exit(
                f"{path}: its draws were made with other settings ({', '.join(changed)}); move it away or give --row"
            )
        result["draws"].append(one_draw(options, configuration, work, start))
        made_by = {key: value for key, value in provenance().items() if key != "command"}
        result |= summary(result["draws"]) | {
            "command": command(options),
            "set": options.set,
            "train": options.train,
            "variant": options.variant,
            "annotation": options.annotation,
            "pretrain_minutes": options.pretrain,
            "minutes": options.minutes,
            "tested_on": len(test),
            "test_images": [sample.name for sample in test],
            "commit": result["draws"][-1]["commit"],
            "machine": machine(),
            "made_by": made_by,
            "configuration": configuration.model_dump(mode="json"),
        }
        write_text(path, json.dumps(result, indent=2) + "\n")
        print(json.dumps(result["draws"][-1]), flush=True)
    print(f"{row}: MAE {result['mean']['mae']:.2f} ({path})")


if __name__ == "__main__":
    run_script(main)
