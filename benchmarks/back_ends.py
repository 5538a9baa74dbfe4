"""How many times faster each back end runs the networks than plain eager float32 torch does, and whether counts stay.

    python benchmarks/back_ends.py [--rounds 5] [--steps 150] [--only density] [--threads N] [--model METHOD=FOLDER]

One picture, as large as the network usually sees, on the processor: plain eager float32 torch and every back end of
cytally take turns within each round, so that a busy machine slows all; what counts is the ratio within a round, once by
the clock and once by the processor's own time. Then some more pictures are run by each, whose counts and maps are
compared with plain torch's. Wanted are 5 times for the density network by OpenVINO in bfloat16, less time still with
int8 and counts within 1 %, and 4 times for the nucleus U-Net and for EfficientCellSeg.

The density network is that of a bundled model. The two others are trained from scratch for some steps on drawn images,
so that their maps have something to say, unless a trained model is given for them. int8 is quantised on other pictures
than those that are compared.

Writes benchmarks/results/back-ends.json; networks that were measured earlier and are not now are kept.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import tifffile
import torch
from back_end_networks import NETWORKS, Maps, Measured
from cores import cores, use_cores
from counting import commit
from script import run_script
from turns import take_turns, times_faster

from cytally.errors import CytallyError, UsageError
from cytally.files import write_text
from cytally.inference.agreement import agreement
from cytally.inference.backend import Backend, find_backend
from cytally.methods.map_method import MapMethod
from cytally.models.store import load
from cytally.models.trial import sample_trial
from cytally.tasks.bench import backend_names
from cytally.tasks.bench_pass import PlainTorch
from cytally.tasks.export import export
from cytally.tasks.machine import machine
from cytally.tasks.provenance import provenance

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "back-ends.json"
CPU = torch.device("cpu")
PLAIN = "plain float32"
INT8 = "int8"
PRECISIONS = {"torch": ("bfloat16",), "openvino": ("float32", "bfloat16", INT8)}
"""Number types that are measured, by back end; of any other the one it takes by itself."""
LEAST_COUNT = 1.0


@dataclass(frozen=True)
class Kind:
    """A back end in one number type."""

    backend: str
    precision: str

    @property
    def name(self) -> str:
        """As in the table."""
        return f"{self.backend} {self.precision}"


def kinds() -> list[Kind]:
    """All that shall be measured."""
    return [Kind(name, each) for name in backend_names() for each in PRECISIONS.get(name, ("auto",))]


def find(kind: Kind, measured: Measured) -> Backend:
    """A back end, ready to run the network.

    Raises
    ------
    UsageError, ModelError
        Where it cannot.
    """
    model = measured.model
    if kind.precision == INT8:
        return quantised(kind, measured)
    sample = sample_trial(model.method, model.card.configuration.input, model.card.input_channels)
    return find_backend(kind.backend, model.network, CPU, kind.precision, sample=sample)  # type: ignore[arg-type]


def quantised(kind: Kind, measured: Measured) -> Backend:
    """What runs the network as `cytally models export --int8` writes it."""
    with tempfile.TemporaryDirectory(prefix="cytally-int8-") as name:
        folder, out = Path(name) / "images", Path(name) / "model"
        folder.mkdir()
        for number, pixels in enumerate(measured.calibration):
            tifffile.imwrite(folder / f"{number}.tif", pixels)
        export(measured.model, kind.backend, out, int8=[folder])  # type: ignore[arg-type]
        model = load(out)
        model.use(kind.backend, CPU)  # type: ignore[arg-type]
        return model.run


def compared(method: MapMethod, expected: list[Maps], found: list[Maps]) -> dict[str, float | None]:
    """By how much counts differ at most, as a share, and how well what lies above 0.5 agrees (Dice, the lowest)."""
    counts = [(method.read(one).count, method.read(other).count) for one, other in zip(expected, found, strict=True)]
    shares = [abs(other / one - 1) for one, other in counts if one >= LEAST_COUNT]
    together = [agreement(one, other).dice for one, other in zip(expected, found, strict=True)]
    return {"largest_count_difference": max(shares, default=None), "dice": min(together)}


def measure(measured: Measured, rounds: int) -> dict[str, Any]:
    """Every back end beside plain torch: seconds of each round, ratios, agreement; and why one is missing."""
    network = measured.model.network
    runs: dict[str, Backend] = {PLAIN: PlainTorch(network, CPU)}
    missing: dict[str, str] = {}
    for kind in kinds():
        try:
            runs[kind.name] = find(kind, measured)
        except CytallyError as error:
            missing[kind.name] = error.line()
    picture = measured.pictures[0]
    clock, processor = take_turns({name: partial(run, picture) for name, run in runs.items()}, rounds)
    maps = {name: [run(each) for each in measured.pictures] for name, run in runs.items()}
    rows = {
        name: {
            "precision": INT8 if name.endswith(INT8) else str(run.dtype).removeprefix("torch."),
            "seconds": clock[name],
            "processor_seconds": processor[name],
            "ratio": times_faster(clock, name, PLAIN),
            "ratio_by_processor": times_faster(processor, name, PLAIN),
            **compared(measured.method, maps[PLAIN], maps[name]),
        }
        for name, run in runs.items()
    }
    return {
        "network": measured.words,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "shape": list(picture.shape),
        "pictures": len(measured.pictures),
        "counts": [round(measured.method.read(each).count, 2) for each in maps[PLAIN]],
        "rows": rows,
        "missing": missing,
    }


def models(given: list[str]) -> dict[str, str]:
    """Models by their method, from ``METHOD=FOLDER``.

    Raises
    ------
    UsageError
        When one is not of this form.
    """
    pairs = [each.partition("=") for each in given]
    for name, _, folder in pairs:
        if name not in NETWORKS or not folder:
            raise UsageError(f"--model {name}", cure=f"give METHOD=FOLDER, the method one of {', '.join(NETWORKS)}")
    return {name: folder for name, _, folder in pairs}


def main(arguments: list[str] | None = None) -> None:
    """Measure, and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=150, help="training steps where no model is given")
    parser.add_argument("--only", action="append", choices=NETWORKS, help="measure this one; may be given again")
    parser.add_argument("--model", action="append", default=[], help="METHOD=FOLDER; may be given again")
    parser.add_argument("--threads", type=int, default=cores(), help="cores to run on; by default all")
    options = parser.parse_args(arguments)
    given = models(options.model)
    use_cores(options.threads)
    earlier = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    networks = earlier.get("networks", {})
    for name in options.only or NETWORKS:
        busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        measured = NETWORKS[name](given.get(name), options.steps)
        networks[name] = {
            **measure(measured, options.rounds),
            "machine": machine() | {"gpu": None, "load": busy},
            "commit": commit(),
            "created": provenance()["created"],
        }
        write_text(RESULT, json.dumps({"networks": networks}, indent=2) + "\n")
        told = {each: [row["ratio"], row["ratio_by_processor"]] for each, row in networks[name]["rows"].items()}
        print(f"{name}, times faster by the clock and by the processor:", json.dumps(told))
        for each, why in networks[name]["missing"].items():
            print(f"{name}, {each}: not measured, {why}")


if __name__ == "__main__":
    run_script(main)
