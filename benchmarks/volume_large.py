"""How long `cytally segment` takes for a large volume, and how much memory: drawn in the manner of TRIC.

    python benchmarks/volume_large.py --model benchmark-work/volumes/runs/tric/model-0

The volume has 13 slices of 1745 × 2440 pixels of 16 bits, drawn by a seed of its own with as many nuclei to the area as
the preset `tric` has, and is written once. The command then runs as anybody would run it, on as many cores as
`--threads` says; the resident memory of it and its children is looked at twenty times a second. Wanted are 5 minutes
and less than 4 GiB, on two cores.

Writes benchmarks/results/volume-large.json.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import psutil
from counting import commit, machine
from row_file import as_json
from script import run_script
from volumes_drawn import BENCHMARK, KINDS

from cytally.errors import CytallyError
from cytally.files import write_text
from cytally.synthesis.volume_config import VolumeConfig
from cytally.synthesis.volume_presets import VOLUME_PRESETS
from cytally.synthesis.volumes import draw_volume
from cytally.tasks.provenance import provenance
from cytally.tasks.synthesis_stack_files import write_volume

RESULT = Path(__file__).resolve().parent / "results" / "volume-large.json"
WORK = Path("benchmark-work")
COMMAND = "python benchmarks/volume_large.py --model benchmark-work/volumes/runs/tric/model-0"
KIND, SEED, SHAPE = "tric", 2000, (13, 1745, 2440)
AIM_MINUTES, AIM_GIB = 5.0, 4.0
EVERY = 0.05
"""Seconds between two looks at the memory."""


def large_config() -> VolumeConfig:
    """The preset on a larger area, as densely peopled."""
    preset = VOLUME_PRESETS[KIND]
    larger = SHAPE[1] * SHAPE[2] / (preset.shape[1] * preset.shape[2])
    low, high = (round(each * larger) for each in preset.count)
    return preset.model_copy(update={"shape": SHAPE, "count": (low, high)})


def drawn_file(folder: Path) -> tuple[Path, int]:
    """The volume's file, written where it is missing, and how many nuclei it has."""
    path, counts = folder / f"{KIND}-{SEED}.tif", folder / "counts.csv"
    if not (path.is_file() and counts.is_file()):
        volume = draw_volume(large_config(), np.random.default_rng([BENCHMARK, KINDS.index(KIND), SEED]))
        folder.mkdir(parents=True, exist_ok=True)
        write_volume(path, volume.image, volume.pixel_size, volume.z_spacing)
        write_text(counts, pd.DataFrame({"image": [path.name], "count": [volume.count]}).to_csv(index=False))
    return path, int(pd.read_csv(counts)["count"].iloc[0])


def segment_words(volume: Path, out: Path, options: argparse.Namespace) -> list[str]:
    """The command that is measured."""
    words = [sys.executable, "-m", "cytally", "segment", str(volume), "--model", str(options.model), "-o", str(out)]
    return [*words, "--device", "cpu", "--backend", options.backend, "--overwrite"]


class Taken(NamedTuple):
    """By a command: seconds on the wall and of the processor, and the largest memory in bytes."""

    seconds: float
    processor: float
    peak: int


def look(process: psutil.Process) -> tuple[float, int]:
    """Seconds of the processor so far, and bytes of memory held, by a process and its children; 0 once it is gone."""
    processor, held = 0.0, 0
    try:
        for each in (process, *process.children(recursive=True)):
            held += each.memory_info().rss
            processor += sum(each.cpu_times()[:2])
    except psutil.Error:
        pass  # one of them has just ended
    return processor, held


def run_watched(words: list[str], threads: int) -> Taken:
    """Run a command on so many cores, and see what it takes."""
    started, processor, peak = time.monotonic(), 0.0, 0
    process = psutil.Popen(words, env=os.environ | {"OMP_NUM_THREADS": str(threads)})
    try:
        if hasattr(process, "cpu_affinity"):  # not on macOS
            process.cpu_affinity(process.cpu_affinity()[:threads])
        while process.poll() is None:
            spent, held = look(process)
            processor, peak = max(processor, spent), max(peak, held)
            time.sleep(EVERY)
    finally:
        if process.poll() is None:
            process.terminate()
    if process.returncode:
        raise CytallyError(f"the command ended with exit status {process.returncode}", cure="see what it says above")
    return Taken(time.monotonic() - started, processor, peak)


def model_name(options: argparse.Namespace) -> str:
    """The model's folder within the usual folder for work, or its name alone where it lies elsewhere."""
    model, work = options.model.resolve(), options.work.resolve()
    return (WORK / model.relative_to(work)).as_posix() if model.is_relative_to(work) else str(model.name)


def repeating(options: argparse.Namespace) -> str:
    """The command line that measures this again, without what is this machine's alone."""
    words = [f"python benchmarks/volume_large.py --model {model_name(options)}"]
    words += [f"--threads {options.threads}"] if options.threads != 2 else []
    words += [f"--backend {options.backend}"] if options.backend != "auto" else []
    return " ".join(words)


def main(arguments: list[str] | None = None) -> None:
    """Draw, segment, and write what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder of a trained model for volumes")
    parser.add_argument("--threads", type=int, default=2, help="cores, and threads of the network")
    parser.add_argument("--backend", choices=("auto", "torch", "openvino"), default="auto")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for the volume and its labels; kept")
    options = parser.parse_args(arguments)
    folder = options.work / "volumes" / "large"
    volume, drawn = drawn_file(folder / "images")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    taken = run_watched(segment_words(volume, folder / "out", options), options.threads)
    found = pd.read_csv(folder / "out" / "counts.csv")["count"]
    result = {
        "command": repeating(options),
        "minutes": round(taken.seconds / 60, 2),
        "processor_minutes": round(taken.processor / 60, 2),
        "peak_gib": round(taken.peak / 2**30, 3),
        "objects": int(found.sum()),
        "drawn": drawn,
        "shape": SHAPE,
        "model": model_name(options),
        "threads": options.threads,
        "backend": options.backend,
        "load": load,
        "commit": commit(),
        "machine": machine() | {"gpu": None, "threads": options.threads},
        "made_by": {key: value for key, value in provenance().items() if key != "command"},
    }
    write_text(RESULT, as_json(result))
    print({key: result[key] for key in ("minutes", "processor_minutes", "peak_gib", "objects", "drawn")})


if __name__ == "__main__":
    run_script(main)
