"""In which share of the time `cytally count` decodes or runs its network, where images are many and small.

    python benchmarks/small_images.py [--images 1000] [--side 256] [--model nuclei-fluorescence] [--backend auto]

Draws the images, every other one as PNG and as TIFF, and counts them in this process with clocks built into it: around
reading, normalising, the network, and all that is written. What is written on another thread while the network runs
takes no time of its own: the share is that of the time in which a file was being decoded or the network was running, on
any thread. Compiling a network is none of both. Wanted is a share of 90 %.

Writes benchmarks/results/small-images.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, get_args
from unittest.mock import patch

import imagecodecs
import numpy as np
import tifffile
from counting import commit
from script import run_script
from stage_clock import StageClock, replaced

from cytally.files import write_text
from cytally.inference.backend import BackendName
from cytally.models.store import load
from cytally.synthesis.config import NucleiConfig
from cytally.synthesis.nuclei import draw_nuclei
from cytally.tasks.count import count
from cytally.tasks.count_options import CountOptions
from cytally.tasks.machine import machine
from cytally.tasks.provenance import provenance

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "small-images.json"
IMAGES, SIDE, AIM = 1000, 256, 0.9
DIFFERENT = 100
"""So many images are drawn; more are copies of them, which are decoded and counted all the same."""
CELLS = (5, 40)

NETWORK, DECODE, NORMALISE, COMPILE = "network", "decode", "normalise", "compile"
FUNCTIONS = {
    DECODE: ["images.read:read"],
    NORMALISE: ["images.prepare:prepare"],
    "pictures": [f"report.overlays:{name}" for name in ("overlay", "write_png", "encode_png", "thumbnail")],
    "maps": ["images.write:write_density", "images.write:write_labels"],
    "tables": ["tasks.objects:object_table", "tasks.plane_files:_write_points", "tasks.plane_files:_write_objects"],
    "report": ["tasks.count_report:write_count_report"],
}
"""What belongs to which stage: functions by their module in cytally."""
METHODS = {"tables": ["tasks.rows:RowFile.append", "tasks.rows:RowFile.rewrite"]}
BACKENDS = {NETWORK: ("__call__", "many"), COMPILE: ("_compile", "_session")}
"""Of the classes that run networks."""


def backend_classes() -> list[type]:
    """The classes that run networks: one in each module of a back end."""
    classes = []
    for path in sorted(Path(import_module("cytally.inference").__path__[0]).glob("*_backend.py")):
        module = import_module(f"cytally.inference.{path.stem}")
        classes += [each for each in vars(module).values() if isinstance(each, type) and hasattr(each, "many")]
    return list(dict.fromkeys(classes))


@contextmanager
def built_in(clock: StageClock) -> Iterator[None]:
    """Build the clock into cytally."""
    with ExitStack() as stack:
        for stage, methods in METHODS.items():
            for place in methods:
                module, _, name = place.partition(":")
                owner, _, method = name.partition(".")
                found = getattr(import_module(f"cytally.{module}"), owner)
                stack.enter_context(patch.object(found, method, clock.timed(stage, getattr(found, method))))
        for stage, names in BACKENDS.items():
            for backend in backend_classes():
                for name in set(names) & vars(backend).keys():
                    stack.enter_context(patch.object(backend, name, clock.timed(stage, vars(backend)[name])))
        functions: dict[Callable[..., Any], Callable[..., Any]] = {}
        for stage, places in FUNCTIONS.items():
            for place in places:
                module, _, name = place.partition(":")
                function = getattr(import_module(f"cytally.{module}"), name)
                functions[function] = clock.timed(stage, function)
        stack.enter_context(replaced("cytally", functions))
        yield


def draw(folder: Path, images: int, side: int) -> None:
    """Draw the images into `folder`."""
    drawn: list[tuple[str, bytes]] = []
    for number in range(min(images, DIFFERENT)):
        config = NucleiConfig(shape=(side, side), count=CELLS, clustering=0.3, when_full="fewer")
        pixels = draw_nuclei(config, np.random.default_rng(number)).image
        path = folder / f"{number:04d}.{('png', 'tif')[number % 2]}"
        if path.suffix == ".png":
            path.write_bytes(imagecodecs.png_encode(pixels))
        else:
            tifffile.imwrite(path, pixels)
        drawn.append((path.suffix, path.read_bytes()))
    for number in range(len(drawn), images):
        ending, content = drawn[number % len(drawn)]
        (folder / f"{number:04d}{ending}").write_bytes(content)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Count, and say where the time went."""
    clock, model, work = StageClock(), load(options.model), Path(tempfile.mkdtemp(prefix="cytally-small-"))
    try:
        images = work / "images"
        images.mkdir()
        draw(images, options.images, options.side)
        settings = CountOptions(backend=options.backend, device="cpu")
        with built_in(clock):
            started, processor = time.perf_counter(), time.process_time()
            summary = count([images], work / "out", model, settings)
            seconds, processor = time.perf_counter() - started, time.process_time() - processor
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return {
        "images": len(summary.rows),
        "failures": len(summary.failures),
        "side": options.side,
        "model": options.model,
        "backend": model.run.name,
        "precision": str(model.run.dtype).removeprefix("torch."),
        "cells": round(sum(row.count for row in summary.rows), 1),
        **shares(clock, seconds),
        "processor_seconds": round(processor, 3),
    }


def shares(clock: StageClock, seconds: float) -> dict[str, Any]:
    """What a clock says of a run of so many seconds.

    `seconds_of` adds up all threads; `share` is that of the time in which at least one thread decoded or ran the
    network, `share_with_normalising` that in which one normalised or did either.
    """
    busy = clock.busy()
    return {
        "seconds": round(seconds, 3),
        "seconds_of": {name: round(spent, 3) for name, spent in sorted(busy.items(), key=lambda each: -each[1])},
        "rest": round(seconds - clock.covered(busy), 3),
        "share": round(clock.covered([DECODE, NETWORK]) / seconds, 4),
        "share_with_normalising": round(clock.covered([DECODE, NETWORK, NORMALISE]) / seconds, 4),
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure, and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--model", default="nuclei-fluorescence")
    parser.add_argument("--backend", choices=get_args(BackendName), default="auto")
    options = parser.parse_args(arguments)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    result = {
        **measure(options),
        "aim": AIM,
        "machine": machine() | {"gpu": None, "load": load},
        "commit": commit(),
        "made_by": {key: value for key, value in provenance().items() if key != "command"},
    }
    write_text(RESULT, json.dumps(result, indent=2) + "\n")
    print(json.dumps({key: result[key] for key in ("images", "seconds", "seconds_of", "rest", "share")}))


if __name__ == "__main__":
    run_script(main)
