"""How much memory a network needs for each pixel of the window that it sees, by back end and number type.

    python benchmarks/window_memory.py [--sides 512 896 1280] [--threads 2]

Each window is run twice by a process of its own, whose resident memory is looked at two hundred times a second.
What it holds before the first window is its base; what the peak has beyond, over the pixels, is `bytes_per_pixel`, a
line through the windows of several sides. `widest` is what the program works that out from for other networks: the
values that the layer with the most takes and gives, for each pixel of the window.

Writes benchmarks/results/window-memory.json, which src/cytally/slides/window_memory.py has its factors from.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from counting import commit, machine
from row_file import as_json
from script import run_script

from cytally.errors import CytallyError
from cytally.files import write_text
from cytally.inference.backend import trial_picture
from cytally.inference.openvino_backend import OpenVinoBackend
from cytally.inference.torch_backend import TorchBackend
from cytally.networks.density_unet import DensityUNet
from cytally.slides.window_memory import widest_layer
from cytally.tasks.provenance import provenance

RESULT = Path(__file__).resolve().parent / "results" / "window-memory.json"
KINDS = (("torch", "float32"), ("torch", "bfloat16"), ("openvino", "float32"), ("openvino", "bfloat16"))
NETWORKS = ((32, 64, 128, 256), (16, 32, 64, 128))
SIDES = (512, 896, 1280)
SMALLEST, ROUNDS, EVERY = 64, 2, 0.005


class Peak:
    """Within a `with`, looks at this process's resident memory from a thread of its own: `bytes` is the most it saw."""

    def __enter__(self) -> Peak:
        self.bytes, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        process = psutil.Process()
        while not self._over.wait(EVERY):
            self.bytes = max(self.bytes, process.memory_info().rss)


def run_one(backend: str, precision: str, channels: tuple[int, ...], side: int, threads: int) -> dict[str, Any]:
    """Run one window in this process: bytes held before it, at most, and afterwards, and seconds of the last round."""
    torch.set_num_threads(threads)
    network = DensityUNet(channels=channels).eval()
    small, window = trial_picture(1, SMALLEST), np.random.default_rng(0).random((1, side, side), np.float32)
    run: Any
    if backend == "torch":
        run = TorchBackend(network, torch.device("cpu"), precision)  # type: ignore[arg-type]
    else:
        run = OpenVinoBackend(network, small, precision, threads=threads)  # type: ignore[arg-type]
    run(small)
    base = psutil.Process().memory_info().rss
    with Peak() as peak:
        for _ in range(ROUNDS):
            started = time.perf_counter()
            run(window)
            seconds = time.perf_counter() - started
    after = psutil.Process().memory_info().rss
    return {"side": side, "base": base, "peak": peak.bytes, "after": after, "seconds": round(seconds, 3)}


def run_apart(words: list[str]) -> dict[str, Any]:
    """Run one window in a process of its own."""
    ended = subprocess.run([sys.executable, __file__, "--one", *words], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise CytallyError(f"a window could not be run: {ended.stderr.strip().splitlines()[-1]}")
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def line_through(runs: list[dict[str, Any]]) -> tuple[float, float]:
    """Bytes for each pixel, and bytes besides, of what the windows took beyond the base: least squares."""
    pixels = np.array([run["side"] ** 2 for run in runs], float)
    beyond = np.array([run["peak"] - run["base"] for run in runs], float)
    slope, besides = np.polyfit(pixels, beyond, 1)
    return float(slope), float(besides)


def main(arguments: list[str] | None = None) -> None:
    """Measure all, or one in this process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", type=int, nargs="+", default=SIDES)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--one", nargs=4, metavar=("BACKEND", "PRECISION", "CHANNELS", "SIDE"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        backend, precision, channels, side = options.one
        widths = tuple(int(each) for each in channels.split(","))
        print(json.dumps(run_one(backend, precision, widths, int(side), options.threads)))
        return
    rows = []
    for channels in NETWORKS:
        widest = widest_layer(DensityUNet(channels=channels), 1)
        for backend, precision in KINDS:
            words = [backend, precision, ",".join(map(str, channels))]
            runs = [run_apart([*words, str(side), "--threads", str(options.threads)]) for side in options.sides]
            slope, besides = line_through(runs)
            row = {"backend": backend, "precision": precision, "channels": channels, "widest": widest}
            row |= {"bytes_per_pixel": round(slope), "besides_mib": round(besides / 2**20)}
            rows.append(row | {"base_mib": round(min(run["base"] for run in runs) / 2**20), "runs": runs})
            print({key: value for key, value in rows[-1].items() if key != "runs"}, flush=True)
            write(rows, options.threads)


def write(rows: list[dict[str, Any]], threads: int) -> None:
    """The result file, as far as it is measured."""
    made_by = {key: value for key, value in provenance().items() if key != "command"}
    facts = {"command": "python benchmarks/window_memory.py", "rows": rows, "load": os.getloadavg()[0]}
    facts |= {"commit": commit(), "machine": machine() | {"gpu": None, "threads": threads}, "made_by": made_by}
    write_text(RESULT, as_json(facts))


if __name__ == "__main__":
    run_script(main)
