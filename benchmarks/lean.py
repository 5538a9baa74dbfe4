"""How well and how fast small networks count that learnt from the big one of nuclei-fluorescence.

    python benchmarks/lean.py WORK             error of every candidate in WORK/lean on images that choose
    python benchmarks/lean.py WORK --seconds   seconds of each, by torch and by OpenVINO
    python benchmarks/lean.py WORK --test stem-24-4200 [--vgg ../shared/data/vgg_cells]

WORK is what `scripts/train_nuclei_fluorescence_lean.py` left. The first looks at the 14 real images that validated the
candidates, and at 100 drawn ones. The last looks at images that chose nothing: the chosen candidate and the big
model on the 24 real images that were held out, on the drawn ones, and on VGG cells 001–064.

Seconds are those of a drawn image of 1024 × 1024 pixels with nuclei of 12 and of 24 pixels, in a process that has
counted it before: of the network alone, and of `Model.count` from the file to the count and the points. All take turns
within each round, since the machine may be busy. Writes benchmarks/results/lean.json.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import torch
from cores import cores, use_cores
from counting import commit
from script import run_script
from torch import nn
from turns import take_turns

from cytally.datasets.folder import Sample, read_folder
from cytally.errors import ModelError, UsageError
from cytally.files import write_text
from cytally.images.prepare import prepare
from cytally.images.read import read
from cytally.metrics.counting import counting_metrics
from cytally.models.model import Model
from cytally.models.store import load
from cytally.synthesis.config import NucleiConfig
from cytally.synthesis.nuclei import draw_nuclei
from cytally.tasks.machine import machine
from cytally.tasks.provenance import provenance

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "lean.json"
BIG = "nuclei-fluorescence"
PHASE = "real"
"""The last phase of a candidate's training, whose folder holds the model and its split."""
SIDE, DIAMETERS = 1024, (12, 24)
VGG = range(1, 65)
BACK_ENDS = ("torch", "openvino")
AIM_SECONDS, AIM_ERROR = 0.335, 0.005
"""At most half of what StarDist's network alone takes (0.67 s), and T_err at most so much above the big one's."""

Values = dict[str, Any]


def errors(model: Model, samples: Iterable[Sample]) -> Values:
    """Total and average relative error and bias of a model on annotated images."""
    known = [sample for sample in samples if sample.count is not None]
    true = np.array([sample.count for sample in known], float)
    found = counting_metrics(true, np.array([model.count(sample.path).count for sample in known]))
    kept = ("n", "mae", "bias", "total_relative_error", "average_relative_error")
    return {"cells": int(true.sum()), **{name: found[name] for name in kept}}


def multiply_adds(network: nn.Module, channels: int, side: int = 256) -> float:
    """Multiply-adds of all convolutions per pixel of the input.

    Examples
    --------
    >>> multiply_adds(nn.Conv2d(2, 5, 3, padding=1), 2, side=4)
    90.0
    """
    total = 0

    def add(module: nn.Module, _: object, output: torch.Tensor) -> None:
        nonlocal total
        assert isinstance(module, nn.Conv2d)
        total += output.numel() * module.weight[0].numel()

    hooks = [each.register_forward_hook(add) for each in network.modules() if isinstance(each, nn.Conv2d)]
    with torch.inference_mode():
        network.eval()(torch.zeros(1, channels, side, side))
    for hook in hooks:
        hook.remove()
    return total / side**2


def candidates(work: Path) -> dict[str, Path]:
    """Folders of the finished candidates, by name."""
    return {path.parent.parent.name: path.parent for path in sorted(work.glob(f"lean/*/{PHASE}/model.json"))}


def choosing(work: Path) -> Values:
    """What every candidate and the big model are like on images that may choose."""
    found = candidates(work)
    if not found:
        raise UsageError("there is no candidate", file=work, cure="run scripts/train_nuclei_fluorescence_lean.py first")
    splits = {name: json.loads((path / "split.json").read_text(encoding="utf-8")) for name, path in found.items()}
    validation = {tuple(split["validation"]) for split in splits.values()}
    if len(validation) > 1:
        raise UsageError("the candidates were validated by different images", file=work, cure="train them again")
    (names,) = validation
    real = [sample for sample in read_folder(work / "real").samples if sample.name in names]
    drawn = read_folder(work / "drawn_validation").samples
    rows = {}
    for name, path in [(BIG, BIG), *found.items()]:
        model = load(path)
        rows[name] = {
            "parameters": model.parameters,
            "multiply_adds_per_pixel": round(multiply_adds(model.network, model.card.input_channels)),
            "steps": None if name == BIG else int(name.removesuffix("-alone").rpartition("-")[2]),
            "real": errors(model, real),
            "drawn": errors(model, drawn),
        }
        print(name, json.dumps(rows[name]))
    return {"rows": rows}


def tested(work: Path, name: str, vgg: Path | None) -> Values:
    """The chosen candidate and the big model on images that chose nothing."""
    folders = {"held_out": read_folder(work / "test").samples}
    if vgg is not None:
        wanted = {f"{number:03d}" for number in VGG}
        folders["vgg_cells"] = tuple(each for each in read_folder(vgg).samples if each.path.stem[:3] in wanted)
    models = {BIG: load(BIG), name: load(candidates(work)[name])}
    test = {key: {kind: errors(model, each) for kind, each in folders.items()} for key, model in models.items()}
    print(json.dumps(test, indent=2))
    return {"chosen": name, "test": test}


def timed(work: Path, rounds: int, only: list[str] | None) -> Values:
    """Seconds of all candidates and the big model, by each back end, in turns."""
    models = {BIG: load(BIG)} | {name: load(path) for name, path in candidates(work).items()}
    runs: dict[str, Callable[[], Any]] = {}
    missing, seen = {}, {}
    with tempfile.TemporaryDirectory() as room:
        for diameter in DIAMETERS:
            path = Path(room) / f"field{diameter}.png"
            config = NucleiConfig(shape=(SIDE, SIDE), diameter=(diameter, diameter), cover=(0.2, 0.2))
            path.write_bytes(imagecodecs.png_encode(draw_nuclei(config, np.random.default_rng(diameter)).image))
            for name in only or one_each(models):
                for backend in BACK_ENDS:
                    model = Model(models[name].card, models[name].network)
                    try:
                        model.use(backend)
                    except ModelError as error:
                        missing[f"{name}, {backend}"] = error.message
                        continue
                    (plane,) = (plane for image in read(path) for plane in image.planes())
                    picture = prepare(plane, model.card.configuration.input).data
                    seen[str(diameter)] = list(picture.shape[-2:])
                    key = f"{name}, {backend}, {diameter}"
                    runs[f"{key}, network"] = lambda model=model, picture=picture: model.run(picture)
                    runs[f"{key}, file to points"] = lambda model=model, path=path: model.count(path)
        clock, processor = take_turns(runs, rounds)
    seconds: Values = {}
    for key in runs:
        name, backend, diameter, what = key.split(", ")
        row = seconds.setdefault(name, {}).setdefault(backend, {}).setdefault(diameter, {})
        row[what] = {"median": float(np.median(clock[key])), "least": min(clock[key])}
        row[what]["processor"] = float(np.median(processor[key]))
    known = {network_of(models[name]): found for name, found in seconds.items()}
    same = {name: known[network_of(model)] for name, model in models.items() if network_of(model) in known}
    return {"seconds": same, "seen": seen, "missing": missing, "rounds": rounds}


def network_of(model: Model) -> tuple[Any, ...]:
    """What a model's speed depends on."""
    options = model.card.configuration.options.model_dump()
    return tuple(options[name] for name in ("channels", "stem_stride", "separable"))


def one_each(models: dict[str, Model]) -> list[str]:
    """The first model of each network."""
    return list({network_of(model): name for name, model in reversed(models.items())}.values())[::-1]


def main(arguments: list[str] | None = None) -> None:
    """Measure, and put it into the result file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--seconds", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", action="append", help="time these models alone")
    parser.add_argument("--threads", type=int, default=min(2, cores()))
    parser.add_argument("--test", metavar="NAME")
    parser.add_argument("--vgg", type=Path)
    options = parser.parse_args(arguments)
    use_cores(options.threads)
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    kind = "seconds" if options.seconds else "test" if options.test else "rows"
    if options.seconds:
        found = timed(options.work, options.rounds, options.only)
    elif options.test:
        found = tested(options.work, options.test, options.vgg)
    else:
        found = choosing(options.work)
    before = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    about = {"machine": machine() | {"gpu": None, "load": busy}, "commit": commit()}
    about["made_by"] = {key: value for key, value in provenance().items() if key != "command"}
    aims = {"aim_seconds": AIM_SECONDS, "aim_error": AIM_ERROR}
    result = before | found | aims | {"about": before.get("about", {}) | {kind: about}}
    write_text(RESULT, json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    run_script(main)
