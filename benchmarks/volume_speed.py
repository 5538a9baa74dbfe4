"""How much faster OpenVINO runs EfficientCellSeg than plain eager float32 does, and whether the masks stay the same.

    python benchmarks/volume_speed.py [--model FOLDER] [--rounds 5] [--steps 150] [--threads N]

One forward pass of a picture of 384 × 384 pixels on the processor: plain eager float32, the fastest torch setting and
OpenVINO take turns within one run, so that a busy machine slows all; what counts is the ratio within a round, once by
the clock and once by the processor's own time, which others' work on the machine hardly changes. Wanted are 5 times,
and a Dice of 0.995 of the masks over all slices of a drawn volume. Without a model, a network from scratch is trained
for some steps on slices of another drawn volume, so that its maps have something to say.

Writes benchmarks/results/volume-speed.json.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from counting import commit, machine
from numpy.typing import NDArray
from script import run_script
from torch import nn
from torch.nn import functional
from volumes_drawn import drawn

from cytally.files import write_text
from cytally.inference.openvino_backend import OpenVinoBackend, agreement
from cytally.inference.torch_backend import TorchBackend
from cytally.models.store import load
from cytally.networks.efficient_cell_seg import EfficientCellSeg
from cytally.tasks.provenance import provenance
from cytally.volumes.pseudocolour import pseudocoloured

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "volume-speed.json"
SIDE, KIND = 384, "tric"
TRAINED_ON, SHOWN = 500, 501
"""Seeds of the drawn volumes; the benchmark of accuracy has others."""
CROP, BATCH = 96, 4
WANTED = {"ratio": 5, "dice": 0.995}
EAGER, FASTEST, OPENVINO = "eager float32", "fastest torch", "openvino"
CPU = torch.device("cpu")

Maps = NDArray[np.float32]
Run = Callable[[Maps], Maps]


def drawn_pictures(seed: int) -> tuple[list[Maps], list[Maps]]:
    """The slices of a drawn volume as pictures (3, 384, 384), and their masks (1, 384, 384)."""
    volume = drawn(KIND, seed)
    pictures = [resized(picture, "bilinear") for picture in pseudocoloured(volume.image)]
    return pictures, [resized((labels > 0)[None].astype(np.float32), "nearest") for labels in volume.labels]


def resized(picture: Maps, mode: str) -> Maps:
    """A picture (C, Y, X) of 384 × 384 pixels."""
    return functional.interpolate(torch.from_numpy(picture)[None], size=(SIDE, SIDE), mode=mode)[0].numpy()


def briefly_trained(steps: int) -> nn.Module:
    """A network from scratch that has seen some small crops of a drawn volume."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    pictures, masks = drawn_pictures(TRAINED_ON)
    network = EfficientCellSeg(side=None).train()
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(steps):
        batch = []
        for _ in range(BATCH):
            z, (top, left) = rng.integers(len(pictures)), rng.integers(SIDE - CROP, size=2)
            both = np.concatenate([pictures[z], masks[z]])
            batch.append(both[:, top : top + CROP, left : left + CROP])
        values = torch.from_numpy(np.stack(batch))
        optimiser.zero_grad()
        functional.binary_cross_entropy(network(values[:, :3]), values[:, 3:]).backward()
        optimiser.step()
    network.side = SIDE
    return network.eval()


def plain(network: nn.Module) -> Run:
    """Eager torch as it comes."""
    copied = copy.deepcopy(network).eval()

    def run(image: Maps) -> Maps:
        with torch.inference_mode():
            return np.asarray(copied(torch.from_numpy(image)[None])[0].numpy())

    return run


def clock(call: Run, picture: Maps) -> tuple[float, float]:
    """Seconds of one pass, by the clock and of the processor."""
    started, before = time.perf_counter(), time.process_time()
    call(picture)
    return round(time.perf_counter() - started, 4), round(time.process_time() - before, 4)


def over_eager(seconds: dict[str, list[float]], backend: str) -> float:
    """How many times faster than plain eager float32, the median of the ratios within a round.

    Examples
    --------
    >>> over_eager({"eager float32": [2.0, 3.0, 8.0], "openvino": [1.0, 1.0, 1.0]}, "openvino")
    3.0
    """
    return statistics.median(a / b for a, b in zip(seconds[EAGER], seconds[backend], strict=True))


def measure(network: nn.Module, rounds: int, threads: int) -> dict[str, Any]:
    """Seconds of every round by back end, a first one left out, and how well the masks of a volume agree."""
    pictures, _ = drawn_pictures(SHOWN)
    middle = pictures[len(pictures) // 2]
    openvino = OpenVinoBackend(network, middle, threads=threads)
    runs: dict[str, Run] = {EAGER: plain(network), FASTEST: TorchBackend(network, CPU), OPENVINO: openvino}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    processor: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds + 1):
        for name, run in runs.items():
            by_clock, by_processor = clock(run, middle)
            seconds[name] += [by_clock] * bool(turn)
            processor[name] += [by_processor] * bool(turn)
    expected, found = (np.stack([runs[name](picture) for picture in pictures]) for name in (EAGER, OPENVINO))
    together = agreement(expected, found)
    return {
        "seconds": seconds,
        "processor_seconds": processor,
        "ratio": round(over_eager(seconds, OPENVINO), 2),
        "ratio_by_processor": round(over_eager(processor, OPENVINO), 2),
        "ratio_of_fastest_torch": round(over_eager(seconds, FASTEST), 2),
        "dice": together.dice,
        "difference_of_sums": together.difference,
        "foreground": round(float((expected > 0.5).mean()), 4),
        "slices": len(pictures),
        "precision": str(openvino.dtype).removeprefix("torch."),
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure, and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a trained model of the method efficient-cell-seg")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=150, help="training steps where no model is given")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of all three; by default torch's")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    load_average = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    network = load(options.model).network if options.model else briefly_trained(options.steps)
    result = {
        "side": SIDE,
        "network": Path(options.model).name if options.model else f"from scratch, {options.steps} steps",
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        **measure(network, options.rounds, options.threads),
        "wanted": WANTED,
        "machine": machine() | {"gpu": None},
        "load": load_average,
        "commit": commit(),
        "made_by": {key: value for key, value in provenance().items() if key != "command"},
    }
    write_text(RESULT, json.dumps(result, indent=2) + "\n")
    print(json.dumps({key: result[key] for key in ("ratio", "ratio_by_processor", "dice", "precision")}))


if __name__ == "__main__":
    run_script(main)
