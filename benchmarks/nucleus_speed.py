"""How many images of 1024 × 1024 pixels a minute the nucleus U-Net counts, by each back end there is.

    python benchmarks/nucleus_speed.py [--rounds 3] [--device cuda]

Both widths: examples/nucleus-unet.yaml (64 filters) and examples/nucleus-unet-small.yaml (16), untrained, since weights
change no time: plain eager float32, channels-last float32, and what cytally runs, the fastest torch setting of the
machine. They take turns within one run, so that a busy machine slows all; what counts is the ratio within a round.
Reading the nuclei out is timed on a drawn map of some 290 nuclei. OpenVINO and ONNX are not built yet.

Writes benchmarks/results/nucleus-speed.json, one part for each kind of device.
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
from scipy import ndimage
from speed_field import drawn_field
from torch import nn

from cytally.files import write_text
from cytally.inference.torch_backend import TorchBackend
from cytally.readout.nuclei import depth_in_objects
from cytally.tasks.provenance import provenance
from cytally.training.configuration import read_configuration

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "nucleus-speed.json"
SIDE, NUCLEUS_AREA = 1024, 400
CONFIGURATIONS = {"64": "nucleus-unet.yaml", "16": "nucleus-unet-small.yaml"}
"""File in examples/, by its filters."""

EAGER, CHANNELS_LAST, FASTEST, READ_OUT = "eager float32", "channels-last float32", "fastest torch", "read-out"
BACKENDS = (EAGER, CHANNELS_LAST, FASTEST)

Maps = NDArray[np.float32]
Run = Callable[[Maps], Maps]


def backends(network: nn.Module, device: torch.device) -> dict[str, Run]:
    """Each back end as a function from a picture (1, Y, X) to its map."""

    def plain(layout: torch.memory_format) -> Run:
        copied = copy.deepcopy(network).to(device, memory_format=layout).eval()  # type: ignore[call-overload]

        def run(image: Maps) -> Maps:
            batch = torch.from_numpy(image[None]).to(device, memory_format=layout)
            with torch.inference_mode():
                return np.asarray(copied(batch)[0].cpu().numpy())

        return run

    return {
        EAGER: plain(torch.contiguous_format),
        CHANNELS_LAST: plain(torch.channels_last),
        FASTEST: TorchBackend(network, device),
    }


def drawn_maps(side: int) -> Maps:
    """Maps (2, Y, X) as a trained network gives them: drawn nuclei with soft rims, and how deep inside pixels lie."""
    labels = drawn_field((side, side)).labels
    mask = ndimage.gaussian_filter((labels > 0).astype(np.float32), 1.5)
    return np.stack([mask, depth_in_objects(labels)])


def measure(filters: str, rounds: int, side: int, device: torch.device) -> dict[str, Any]:
    """Seconds of every round of one width, by back end, and those of the read-out; a first round is left out."""
    settings = [f"options.filters={filters}", f"options.nucleus_area={NUCLEUS_AREA}"]
    method = read_configuration(HERE.parent / "examples" / CONFIGURATIONS[filters], settings).build(1)
    torch.manual_seed(0)
    runs = backends(method.network(), device)
    image = np.random.default_rng(0).normal(size=(1, side, side)).astype(np.float32)
    shown = drawn_maps(side)
    seconds: dict[str, list[float]] = {name: [] for name in (*runs, READ_OUT)}
    outputs: dict[str, Maps] = {}
    for turn in range(rounds + 1):
        for name, run in runs.items():
            spent, outputs[name] = clock(run, image)
            seconds[name] += [spent] * bool(turn)
        seconds[READ_OUT] += [clock(method.read, shown)[0]] * bool(turn)
    differences = [float(np.abs(each - outputs[EAGER]).max()) for each in outputs.values()]
    return {"seconds": seconds, "largest_difference": max(differences), "precision": str(runs[FASTEST].dtype)[6:]}


def clock(call: Callable[[Maps], Any], values: Maps) -> tuple[float, Any]:
    """Seconds of one call, whose output lies in the processor's memory, and the output."""
    started = time.perf_counter()
    output = call(values)
    return round(time.perf_counter() - started, 5), output


def per_minute(seconds: dict[str, list[float]], backend: str, *, with_read_out: bool) -> float:
    """Images per minute, the median over the rounds.

    Examples
    --------
    >>> seconds = {"eager float32": [1.0, 3.0, 2.0], "read-out": [1.0, 1.0, 1.0]}
    >>> [per_minute(seconds, "eager float32", with_read_out=each) for each in (False, True)]
    [30.0, 20.0]
    """
    rounds = zip(seconds[backend], seconds[READ_OUT], strict=True)
    return 60 / statistics.median(run + with_read_out * read for run, read in rounds)


def over_eager(seconds: dict[str, list[float]], backend: str) -> float:
    """How many times faster than plain eager float32, the median of the ratios within a round.

    Examples
    --------
    >>> over_eager({"eager float32": [2.0, 3.0], "fastest torch": [1.0, 1.0]}, "fastest torch")
    2.5
    """
    return statistics.median(a / b for a, b in zip(seconds[EAGER], seconds[backend], strict=True))


def main(arguments: list[str] | None = None) -> None:
    """Measure, and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    started, device = time.monotonic(), torch.device(options.device)
    widths = {filters: measure(filters, options.rounds, options.side, device) for filters in CONFIGURATIONS}
    result = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
    result[options.device] = {
        "side": options.side,
        "widths": widths,
        "minutes": round((time.monotonic() - started) / 60, 2),
        "machine": machine() | ({} if options.device == "cuda" else {"gpu": None}),
        "load": load,
        "commit": commit(),
        "made_by": {key: value for key, value in provenance().items() if key != "command"},
    }
    write_text(RESULT, json.dumps(result, indent=2) + "\n")
    for filters, found in widths.items():
        told = {name: round(per_minute(found["seconds"], name, with_read_out=True), 2) for name in BACKENDS}
        print(f"{filters} filters, images per minute:", json.dumps(told))


if __name__ == "__main__":
    main()
