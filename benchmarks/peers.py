"""How many seconds per megapixel cytally takes beside StarDist's and Cellpose's networks, same images, same cores.

    python3 -m venv PEERS
    PEERS/bin/pip install stardist tensorflow-cpu "cellpose<4"
    python benchmarks/peers.py --python PEERS/bin/python [--model M …] [--side 1024] [--rounds 5] [--threads N]

The peers have an environment of their own, about 8 GB large, and are run there by benchmarks/peers_worker.py; --python
may be given again where they have one each. All take turns within one run, in processes that stay warm; a first round
is left out. End to end is from the file to the count and the points, no pictures being written. The peers' published
weights are taken where they can be downloaded; untrained ones take the same time in the network, but nothing can be
read from their maps, so that the peers' own reading out, which takes more time still, is then left out of theirs.

What is aimed at: from file to count and points in at most half the time of StarDist's network alone.
Writes benchmarks/results/peers.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from cores import cores, use_cores
from counting import commit
from script import run_script

from cytally.errors import CytallyError, UsageError
from cytally.files import write_text
from cytally.models.store import bundled_models, load
from cytally.tasks.bench_images import draw_images
from cytally.tasks.bench_pass import TimedBackend, add, run_pass
from cytally.tasks.machine import machine
from cytally.tasks.provenance import provenance

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "peers.json"
WORKER = HERE / "peers_worker.py"
PEERS = ("stardist", "cellpose")
AIM = 0.5
"""Of the time of StarDist's network alone."""

Values = dict[str, Any]
Turn = Callable[[], Values]


class PeerError(CytallyError):
    """A peer cannot be run."""


@contextmanager
def running(python: str, peer: str, images: Sequence[Path], threads: int, *, untrained: bool) -> Iterator[Turn]:
    """A peer in a process of its own. Its turns begin with what it tells of itself.

    Raises
    ------
    PeerError
        When it cannot be started.
    """
    command = [python, str(WORKER), peer, *map(str, images), "--threads", str(threads)]
    command += ["--untrained"] if untrained else []
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "-1", "OMP_NUM_THREADS": str(threads)}
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PeerError(f"could not be started ({reason})", file=python, cure="give its path with --python") from error
    assert process.stdin is not None and process.stdout is not None
    talk, listen = process.stdin, process.stdout

    def answered() -> Values:
        for line in listen:
            if line.startswith("@"):
                values: Values = json.loads(line[1:])
                return values
        raise PeerError(f"{peer} ended without an answer", file=python, cure=f"look why: {' '.join(command)}")

    first = [answered]

    def turn() -> Values:
        if first:
            return first.pop()()
        talk.write("go\n")
        talk.flush()
        return answered()

    try:
        yield turn
    finally:
        talk.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def start_peer(stack: ExitStack, peer: str, pythons: Sequence[str], given: Values) -> tuple[Turn, Values]:
    """A peer in the first of the environments that has it, and what it tells of itself.

    Raises
    ------
    PeerError
        When none has it.
    """
    reasons = []
    for python in pythons:
        turn = stack.enter_context(running(python, peer, **given))
        told = turn()
        if "error" not in told:
            return turn, told
        reasons.append(f"{python}: {told['error']}")
    raise PeerError("; ".join(reasons) or "no environment was given with --python")


def ours(name: str, images: Sequence[Path]) -> tuple[Turn, Values]:
    """A model of cytally by the back end that it takes by itself, and what is to be told of it."""
    model = load(name)
    model.use("auto", torch.device("cpu"))
    exported = model.exported.card.precision if model.exported else None
    backend = TimedBackend(model.run, exported)

    def turn() -> Values:
        passes = [run_pass(model, backend, path) for path in images]
        total = add(passes)
        return {
            "network": total.network,
            "network_processor": total.network_processor,
            "end_to_end": total.seconds,
            "processor": total.processor,
            "megapixels": total.megapixels,
            "seen_megapixels": total.seen_megapixels,
            "parts": {part: getattr(total, part) for part in ("decode", "normalise", "network", "read_out")},
            "counts": [round(each.count, 2) for each in passes],
        }

    parameters = sum(parameter.numel() for parameter in model.network.parameters())
    weights = "bundled" if name in bundled_models() else "of the folder given"
    runs = {"backend": f"{backend.name} {backend.precision}", "parameters": parameters}
    return turn, {"weights": weights, "read_out": True, **runs}


def rounds_of(turns: dict[str, Turn], rounds: int) -> dict[str, list[Values]]:
    """What each answers in each round, the rounds beginning with another; a first one is left out."""
    found: dict[str, list[Values]] = {name: [] for name in turns}
    names = list(turns)
    for number in range(rounds + 1):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            answer = turns[name]()
            if number:
                found[name].append(answer)
    return found


def summarised(found: list[Values], stardist: list[Values]) -> Values:
    """Medians per megapixel, and end to end over StarDist's network alone, the median of the ratios within a round.

    Examples
    --------
    >>> rounds = [{"network": 1.0, "end_to_end": n, "processor": 3.0, "megapixels": 2.0} for n in (2.0, 4.0, 3.0)]
    >>> stardist = [{"network": n, "network_processor": 6.0} for n in (2.0, 2.0, 6.0)]
    >>> found = summarised(rounds, stardist)
    >>> found["over_stardist_network"], found["over_stardist_network_by_processor"]
    (1.0, 0.5)
    """
    keys = ("network", "end_to_end", "processor")
    values: Values = {
        f"{key}_seconds_per_megapixel": round(statistics.median(each[key] / each["megapixels"] for each in found), 4)
        for key in keys
    }
    for ending, own, other in (("", "end_to_end", "network"), ("_by_processor", "processor", "network_processor")):
        ratios = [one[own] / base[other] for one, base in zip(found, stardist, strict=False)]
        values[f"over_stardist_network{ending}"] = round(statistics.median(ratios), 3) if ratios else None
    return values | {"rounds": found}


def main(arguments: list[str] | None = None) -> None:
    """Measure, and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", default=[], help="of the peers' environment; may be given again")
    parser.add_argument("--model", action="append", help="of cytally; may be given again")
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=cores(), help="cores that all of them share; by default all")
    parser.add_argument("--untrained", action="store_true", help="do not try to download the peers' weights")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        raise UsageError(f"the rounds are {options.rounds}", cure="give one or more")
    use_cores(options.threads)
    load_average = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    rows: dict[str, Values] = {}
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cytally-peers-")))
        names = options.model or ["nuclei-fluorescence"]
        images = draw_images(folder, options.side, load(names[0]).card)
        turns: dict[str, Turn] = {}
        for name in names:
            turns[name], rows[name] = ours(name, images)
        given = {"images": images, "threads": options.threads, "untrained": options.untrained}
        for peer in PEERS:
            try:
                turns[peer], rows[peer] = start_peer(stack, peer, options.python, given)
            except PeerError as error:
                missing[peer] = error.line()
                print(f"{peer}: not measured, {error.line()}", file=sys.stderr)
        found = rounds_of(turns, options.rounds)
    for name, each in found.items():
        rows[name] |= {"peer": name in PEERS, **summarised(each, found.get("stardist", []))}
    result = {
        "side": options.side,
        "images": len(images),
        "rows": rows,
        "missing": missing,
        "aim": AIM,
        "threads": options.threads,
        "machine": machine() | {"gpu": None, "load": load_average},
        "commit": commit(),
        "made_by": {key: value for key, value in provenance().items() if key != "command"},
    }
    write_text(RESULT, json.dumps(result, indent=2) + "\n")
    for name, row in rows.items():
        print(name, json.dumps({key: value for key, value in row.items() if "second" in key or key == "weights"}))


if __name__ == "__main__":
    run_script(main)
