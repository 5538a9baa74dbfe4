"""What one image of a screen costs: processor seconds and bytes, from the file to all that `cytally count` writes.

    OMP_NUM_THREADS=1 python benchmarks/scale.py [--images 6] [--model nuclei-fluorescence]

Draws fields of two usual cameras, counts them in this process with one thread, and takes the difference between
counting all of them and counting one, so that starting and loading the model, which a run does once, is not among them.
What is measured is processor time of all threads (`time.process_time`), not the clock: on a busy machine it is too high
by what shared caches cost, not by the waiting.

Writes benchmarks/results/scale.json, and the figures into docs/scale.md.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import torch
from counting import commit
from scale_page import PAGE, RESULT, with_figures
from script import run_script

from cytally.files import write_text
from cytally.images.read import read
from cytally.images.write import write_density
from cytally.models.model import Model
from cytally.models.store import load
from cytally.report.overlays import overlay, write_png
from cytally.synthesis.config import NucleiConfig
from cytally.synthesis.nuclei import draw_nuclei
from cytally.tasks.count import count
from cytally.tasks.count_options import CountOptions
from cytally.tasks.machine import machine
from cytally.tasks.provenance import provenance

FIELDS = {
    "2048 × 2048, 16-bit": NucleiConfig(
        shape=(2048, 2048), count=(200, 300), diameter=(32, 34), bit_depth=16, blur=(1.5, 2.0), noise_grain=0.5
    ),
    "1080 × 1080, 16-bit": NucleiConfig(
        shape=(1080, 1080), count=(130, 180), diameter=(17, 18), bit_depth=16, blur=(0.8, 1.2), noise_grain=0.5
    ),
}
"""A 20-fold lens on two usual cameras (0.33 and 0.6 micrometres per pixel), nuclei of 11 micrometres."""
FOLDERS = ("density", "points", "overlays", "labels", "objects")


def main() -> None:
    """Measure, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=6, help="how many images of each kind, at least 2")
    parser.add_argument("--model", default="nuclei-fluorescence")
    parser.add_argument("--backend", default="auto")
    options = parser.parse_args()
    if options.images < 2:
        parser.error("--images has to be 2 or more")
    torch.set_num_threads(1)
    model = load(options.model)
    kinds = {}
    for name, config in FIELDS.items():
        with tempfile.TemporaryDirectory() as folder:
            paths = draw(Path(folder) / "images", config, options.images)
            kinds[name] = costs(model, paths, Path(folder), CountOptions(backend=options.backend))
        print(name, json.dumps(kinds[name]))
    result = {
        "model": options.model,
        "backend": model.run.name,
        "images": options.images,
        "kinds": kinds,
        "machine": machine(),
        "commit": commit(),
        "made_by": provenance(),
    }
    write_text(RESULT, json.dumps(result, indent=2) + "\n")
    write_text(PAGE, with_figures(PAGE.read_text(encoding="utf-8"), result))


def draw(folder: Path, config: NucleiConfig, images: int) -> list[Path]:
    """Draw so many fields as deflated TIFF, as microscopes and converters write them."""
    folder.mkdir(parents=True)
    paths = [folder / f"plate_A{number + 1:02}_1.tif" for number in range(images)]
    for seed, path in enumerate(paths):
        image = draw_nuclei(config, np.random.default_rng(seed)).image
        tifffile.imwrite(path, image, compression="zlib", predictor=True)
    return paths


def costs(model: Model, paths: list[Path], folder: Path, options: CountOptions) -> dict[str, Any]:
    """Processor seconds and bytes per image, and how the seconds split."""
    seconds, written = {}, {}
    for run, inputs in (("first", paths[:1]), ("one", paths[:1]), ("all", paths)):
        with on_processor() as passed:
            summary = count(inputs, folder / run, model, options)
        seconds[run], written[run] = passed(), sizes(folder / run)
    more = len(paths) - 1
    parts = dict.fromkeys(("reading", "network and points", "density map", "overlay"), 0.0)
    for path in paths[1:]:
        with on_processor() as passed:
            (image,) = read(path)
        parts["reading"] += passed() / more
        (plane,) = model.planes(image)
        with on_processor() as passed:
            prediction, _ = model.predict(plane)
        parts["network and points"] += passed() / more
        if prediction.density is not None:
            with on_processor() as passed:
                write_density(folder / "density.tif", prediction.density)
            parts["density map"] += passed() / more
        with on_processor() as passed:
            write_png(folder / "overlay.png", overlay(plane.data, 0, prediction))
        parts["overlay"] += passed() / more
    return {
        "cells": float(np.mean([row.count for row in summary.rows])),
        "seconds": (seconds["all"] - seconds["one"]) / more,
        "parts": parts,
        "input_bytes": float(np.mean([path.stat().st_size for path in paths])),
        "bytes": {kind: (written["all"][kind] - written["one"][kind]) / more for kind in written["all"]},
    }


@contextmanager
def on_processor() -> Iterator[Callable[[], float]]:
    """Processor seconds of all threads of this process within the block, as a function to call after it."""
    before = time.process_time()
    passed: list[float] = []
    yield lambda: passed[0]
    passed.append(time.process_time() - before)


def sizes(folder: Path) -> dict[str, int]:
    """Bytes in the folders of an output folder, and in the files beside them."""
    whole = {
        name: sum(path.stat().st_size for path in (folder / name).rglob("*") if path.is_file()) for name in FOLDERS
    }
    beside = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    return {name: size for name, size in whole.items() if size} | {"tables and report": beside}


if __name__ == "__main__":
    run_script(main)
