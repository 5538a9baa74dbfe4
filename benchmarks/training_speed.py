"""How long a training step of the Twin-VAE takes, beside the published step written plainly (plain_twin_vae.py).

    python benchmarks/training_speed.py [--batch 128] [--rounds 5] [--device cuda]

A step is a batch of drawn and a batch of natural pictures, a backward pass and an optimiser step for each, at the
paper's width and loss. The settings take turns within one run, so that a busy machine slows all; what counts is the
ratio within a round. Writes benchmarks/results/training-speed.json, one part for each kind of device.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from counting import commit, machine
from plain_twin_vae import PlainTwinVAE, plain_step

from cytally.files import write_text
from cytally.methods.picture_method import Moment, Pictures
from cytally.tasks.provenance import provenance
from cytally.training.averaging import AveragedNetwork
from cytally.training.configuration import make_configuration
from cytally.training.learning import batch_loss, make_optimiser

RESULT = Path(__file__).resolve().parent / "results" / "training-speed.json"
OURS, PLAIN = ("float32", "bfloat16"), "plain"
LABELLED = 0.07

Step = Callable[[], None]


def make_batches(number: int, device: torch.device) -> list[Pictures]:
    """Random pictures: natural ones of which few are labelled, and drawn ones that all are."""
    torch.manual_seed(0)
    batches = []
    for drawn in (False, True):
        known = torch.ones(number, dtype=torch.bool) if drawn else torch.arange(number) < max(1, LABELLED * number)
        counts = torch.where(known, torch.randint(0, 31, (number,)).float(), 0.0)
        pictures = torch.rand(number, 1, 128, 128)
        batches.append(Pictures(pictures.to(device), counts.to(device), known.to(device), drawn))
    return batches


def our_step(batches: list[Pictures], device: torch.device, precision: torch.dtype) -> Step:
    """What the training loop does with a batch of each kind, after they have been made."""
    configuration = make_configuration({"method": "twin-vae", "options": {"regressor_delay": 0}})
    method = configuration.build(1)
    torch.manual_seed(0)
    network = method.network().to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    optimiser, average = make_optimiser(network, configuration.training), AveragedNetwork(network, 0.0)
    assert optimiser is not None

    def step() -> None:
        for number, batch in enumerate(batches):
            loss = batch_loss(method, network, batch, device, precision, Moment(0, 0.5))
            assert torch.isfinite(loss)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            average.update(network, number)

    return step


def published_step(batches: list[Pictures], device: torch.device) -> Step:
    """The same by the plain network."""
    torch.manual_seed(0)
    network = PlainTwinVAE().to(device).train()
    optimiser = torch.optim.Adam(network.parameters(), lr=1.3e-4, weight_decay=1e-5)
    plain = [(batch.images, batch.counts, batch.known) for batch in batches]
    return lambda: plain_step(network, optimiser, plain)


def clock(step: Step, device: torch.device) -> float:
    """Seconds of one step."""
    started = time.perf_counter()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def measure(number: int, rounds: int, device: torch.device) -> dict[str, list[float]]:
    """Seconds of every round, by setting; a first round of all, which warms up, is left out."""
    batches = make_batches(number, device)
    steps = {name: our_step(batches, device, getattr(torch, name)) for name in OURS}
    steps[PLAIN] = published_step(batches, device)
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(rounds + 1):
        for name, step in steps.items():
            spent = clock(step, device)
            if turn:
                seconds[name].append(round(spent, 5))
    return seconds


def ratios(seconds: dict[str, list[float]]) -> dict[str, list[float]]:
    """Our time over the plain step's, round by round, by setting.

    Examples
    --------
    >>> ratios({"float32": [1.0, 3.0], "bfloat16": [2.0, 2.0], "plain": [2.0, 4.0]})
    {'float32': [0.5, 0.75], 'bfloat16': [1.0, 0.5]}
    """
    return {
        name: [ours / plain for ours, plain in zip(seconds[name], seconds[PLAIN], strict=True)]
        for name in seconds
        if name != PLAIN
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure, and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=128, help="pictures of each kind")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    seconds = measure(options.batch, options.rounds, torch.device(options.device))
    result = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
    gpu = machine()["gpu"] if options.device == "cuda" else None
    result[options.device] = {
        "batch": options.batch,
        "seconds": seconds,
        "machine": machine() | {"gpu": gpu},
        "load": load,
        "commit": commit(),
        "made_by": {key: value for key, value in provenance().items() if key != "command"},
    }
    write_text(RESULT, json.dumps(result, indent=2) + "\n")
    medians = {name: statistics.median(each) for name, each in ratios(seconds).items()}
    print(json.dumps({"seconds": seconds, "ratio to the plain step, median": medians}))


if __name__ == "__main__":
    main()
