"""How well flags tell images whose count is not to be trusted.

    python benchmarks/flags.py [--only tell alarms cost] [--drawn 40] [--model nuclei-fluorescence]
                               [--data ../shared/data]

tell     images that the model was not trained on (of dsb2018_fluo, and drawn ones of scenes that nothing else uses)
         beside the same ones spoiled: out of focus by a Gaussian or a disc, measured in cell diameters; with so much
         gain that 2 to 20 % of the pixels clip; so dim that cells hardly stand out of the noise; with a cell's diameter
         told wrong; beside fields too crowded, and images of another kind: phase contrast in place of the
         fluorescence, haze without cells, vgg_cells, mbm. For each the area under the ROC curve of the flag's own
         score, of the highest of all scores, and the share that is flagged
alarms   how many of the good images, and of the samples that come with cytally, are flagged
cost     processor time of the flags beside that of counting, in an image of 1024 × 1024

Writes benchmarks/results/flags.json after each part; parts that are not run again stay as they are.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from counting import commit
from flags_cases import (
    CROWDED,
    FOREIGN,
    SPOILED,
    Chance,
    auroc,
    crowded_images,
    drawn_images,
    foreign_images,
    spoil,
    unseen_images,
)
from row_file import as_json
from script import run_script

from cytally.calibration.flags import brightest_share
from cytally.calibration.measures import measure
from cytally.calibration.training_range import TrainingRange
from cytally.calibration.unusual import unusual_flags
from cytally.errors import ModelError
from cytally.files import write_text
from cytally.images.image import Image, Plane
from cytally.images.prepare import prepare
from cytally.images.read import read
from cytally.models.model import Model
from cytally.models.store import load
from cytally.synthesis.config import NucleiConfig
from cytally.synthesis.nuclei import draw_nuclei
from cytally.tasks.blurred import Blur
from cytally.tasks.machine import machine
from cytally.tasks.provenance import provenance

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "flags.json"
SAMPLES = HERE.parent / "src" / "cytally" / "samples" / "images"
COMMAND = "python benchmarks/flags.py"
PARTS = ("tell", "alarms", "cost")
AIMS = {"auroc": 0.95, "alarms": 0.05, "cost": 0.05}
ROUNDS = 7

Values = dict[str, Any]


def known_range(model: Model) -> TrainingRange:
    """The model's range, without which nothing can be told."""
    if model.card.training_range is None:
        raise ModelError("does not know its training range", file=model.name, cure="add it, or take another model")
    return model.card.training_range


def scores(model: Model, plane: Plane, *, told: float | None = None, count: float | None = None) -> dict[str, float]:
    """The score of each flag (1: flagged), without the one that needs the count where this is not given.

    ``saturated`` is the share of the brightest pixels over that from which an image is flagged. ``any`` is the highest
    of all; where nothing stands out it is 2, so that noise without cells is not taken for a good image. `told` times
    the estimated diameter of a cell is what the model is told.
    """
    config, channels = model.card.configuration.input, model.card.input_channels
    prepared = prepare(plane, config, in_channels=channels)
    if told is not None and config.object_diameter is not None:
        diameter = told * config.object_diameter / prepared.factor
        prepared = prepare(plane, config, in_channels=channels, diameter=diameter)
    known, cell = model.card.normalisation == "foreground", model.method.cell_diameter
    measured = measure(prepared.data, cell, count, has_background=known, factor=prepared.factor)
    found = known_range(model).scores(measured)
    found["saturated"] = 100 * brightest_share(plane.data[list(prepared.channels)])
    highest = max(found.values())
    return found | {"any": highest if measured.stands_out else max(2.0, highest)}


def tell(model: Model, data: Path, drawn: int) -> Values:
    """Score good images, spoiled and foreign ones."""
    chance = Chance()
    good = {"unseen": list(unseen_images(model, data)), "drawn": list(drawn_images(drawn, chance))}
    clean = {source: [scores(model, plane) for plane in planes] for source, planes in good.items()}
    result: Values = {"good": {source: len(planes) for source, planes in good.items()}, "drawing": vars(chance)}
    result["cases"] = {}
    for case, spoiling in SPOILED.items():
        flag = spoiling.flag
        size = float(spoiling.amount) if spoiling.kind == "told" and not isinstance(spoiling.amount, Blur) else None
        result["cases"][case] = {"flag": flag}
        for source, planes in good.items():
            made = (spoil(spoiling, plane, model) for plane in planes)
            found = [scores(model, each, told=size) for each in made if each is not None]
            result["cases"][case][source] = told(flag, clean[source], found)
        print(case, result["cases"][case], flush=True)
    counted = {
        "good": [scores(model, plane, count=model.predict(plane)[0].count) for plane in good["drawn"]],
        "crowded": [scores(model, plane, count=model.predict(plane)[0].count) for plane in crowded_images(drawn)],
    }
    result["cases"][CROWDED] = {"flag": "crowded", "drawn": told("crowded", counted["good"], counted["crowded"])}
    print(CROWDED, result["cases"][CROWDED], flush=True)
    for case in FOREIGN:
        found = [scores(model, plane) for plane in foreign_images(case, data)]
        everyone = [each for part in clean.values() for each in part]
        result["cases"][case] = {"flag": "any", "unseen": told("any", clean["unseen"], found)}
        result["cases"][case]["unseen and drawn"] = told("any", everyone, found)
        print(case, result["cases"][case], flush=True)
    return result


def told(flag: str, good: list[dict[str, float]], bad: list[dict[str, float]]) -> Values:
    """How well a flag's score, and the highest of all, tell bad images from good ones."""
    found: Values = {"good": len(good), "images": len(bad)}
    for name, key in ((flag, "auroc"), ("any", "auroc_any")):
        pair = [[each[name] for each in part if name in each] for part in (good, bad)]
        found[key] = round(auroc(*pair), 4) if all(pair) else None
    found["flagged"] = round(float(np.mean([each.get(flag, 0) > 1 for each in bad])), 4)
    found["flagged_any"] = round(float(np.mean([each["any"] > 1 for each in bad])), 4)
    return found


def alarms(model: Model, data: Path, drawn: int) -> Values:
    """Count good images, and list the words they get."""
    sources: dict[str, Iterator[Plane]] = {
        "unseen": unseen_images(model, data),
        "drawn": drawn_images(drawn),
        "samples": (plane for path in sorted(SAMPLES.iterdir()) for image in read(path) for plane in image.planes()),
    }
    result: Values = {}
    for source, planes in sources.items():
        words = {plane.name: model.predict(plane)[0].flags for plane in planes}
        result[source] = {"images": len(words), "flagged": {name: list(each) for name, each in words.items() if each}}
        print(source, result[source], flush=True)
    return result


def cost(model: Model) -> Values:
    """Processor seconds of flags and of counting, in turns."""
    config = NucleiConfig(shape=(1024, 1024), diameter=(14.0, 14.0), cover=(0.15, 0.2), when_full="fewer")
    plane = next(Image.from_array(draw_nuclei(config, np.random.default_rng(0)).image).planes())
    picture = prepare(plane, model.card.configuration.input, in_channels=model.card.input_channels).data
    seconds: dict[str, list[float]] = {"counting": [], "flags": []}
    for _ in range(ROUNDS):
        started = time.process_time()
        model.predict(plane)
        seconds["counting"].append(time.process_time() - started)
        started = time.process_time()
        unusual_flags(known_range(model), picture, model.method.cell_diameter, 100.0)
        seconds["flags"].append(time.process_time() - started)
    middle = {name: round(statistics.median(each), 4) for name, each in seconds.items()}
    return {"shape": [1024, 1024], **middle, "share": round(middle["flags"] / middle["counting"], 4)}


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--drawn", type=int, default=40)
    parser.add_argument("--model", default="nuclei-fluorescence")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    model = load(options.model)
    result: Values = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    for part in options.only:
        if part == "tell":
            found = tell(model, options.data, options.drawn)
        else:
            found = alarms(model, options.data, options.drawn) if part == "alarms" else cost(model)
        facts = {"model": model.name, "commit": commit(), "machine": machine(), "made_by": provenance()}
        result[part] = {**found, **facts}
        write_text(RESULT, as_json(result))


if __name__ == "__main__":
    run_script(main)
