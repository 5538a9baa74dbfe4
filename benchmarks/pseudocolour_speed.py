"""How many slices a second Context Aware Pseudocoloring colours.

    python benchmarks/pseudocolour_speed.py [--side 512] [--slices 60] [--rounds 3]

Drawn slices of 16 bits, blobs on a noisy ground, streamed as `cytally segment` streams them; the wanted number is 40
slices of 512 × 512 a second on two cores. The threshold is looked for over its whole range, its slowest case, where the
share of foreground is 0.

Writes benchmarks/results/pseudocolour-speed.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from counting import commit, machine
from numpy.typing import NDArray
from scipy import ndimage
from script import run_script

from cytally.files import write_text
from cytally.tasks.provenance import provenance
from cytally.volumes.pseudocolour import pseudocoloured

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "pseudocolour-speed.json"
DIFFERENT = 8
"""Slices that are drawn; a volume is these over and over, so that drawing takes no time of what is measured."""
WANTED = 40


def drawn_slices(side: int) -> list[NDArray[np.uint16]]:
    """Slices (Y, X) of blobs on a noisy ground."""
    rng = np.random.default_rng(0)
    blobs = [ndimage.gaussian_filter(rng.random((side, side)), 10) for _ in range(DIFFERENT)]
    return [
        (1000 + 4000 * (each - each.min()) / np.ptp(each) + rng.normal(0, 60, each.shape)).astype(np.uint16)
        for each in blobs
    ]


def slices_per_second(drawn: list[NDArray[np.uint16]], slices: int, foreground: float) -> float:
    """Slices a second of one volume of `slices` slices."""
    volume = (drawn[z % len(drawn)] for z in range(slices))
    started = time.perf_counter()
    coloured = sum(1 for _ in pseudocoloured(volume, foreground=foreground))
    return coloured / (time.perf_counter() - started)


def measure(side: int, slices: int, rounds: int) -> dict[str, Any]:
    """Slices a second of every round, by the share of foreground; a first round is left out."""
    drawn = drawn_slices(side)
    found: dict[str, list[float]] = {"0.03": [], "0": []}
    for turn in range(rounds + 1):
        for share, speeds in found.items():
            speeds += [round(slices_per_second(drawn, slices, float(share)), 1)] * bool(turn)
    return found


def main(arguments: list[str] | None = None) -> None:
    """Measure, and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--slices", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    found = measure(options.side, options.slices, options.rounds)
    result = {
        "side": options.side,
        "slices": options.slices,
        "slices_per_second_by_foreground": found,
        "slices_per_second": min(statistics.median(speeds) for speeds in found.values()),
        "wanted": WANTED,
        "opencv": cv2.__version__,
        "machine": machine() | {"gpu": None, "threads": cv2.getNumThreads()},
        "load": load,
        "commit": commit(),
        "made_by": {key: value for key, value in provenance().items() if key != "command"},
    }
    write_text(RESULT, json.dumps(result, indent=2) + "\n")
    print("slices per second, by share of foreground:", json.dumps(found))


if __name__ == "__main__":
    run_script(main)
