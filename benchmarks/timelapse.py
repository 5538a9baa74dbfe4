"""How well drawn time-lapses are followed, of which everything is known.

    python benchmarks/timelapse.py [--only follow film chance speed] [--seeds 5] [--runs 100]
                                   [--model nuclei-fluorescence] [--data ../shared/data]

follow   examples/timelapse-low.yaml, -high.yaml and -growth.yaml, each drawn anew for every seed and followed by
         `cytally growth` from the file: error of the shifts; TRA, DET and LNK of TRA_RES by py-ctcmetrics; the doubling
         time beside that of a fit to the true counts of the same area, and beside the generator's own
film     timelapse/drosophila_sequence1.tif of --data: a fly embryo with four nuclei among yolk granules, by eye
chance   examples/timelapse-growth.yaml drawn --runs times: how often the 95 % interval of a fit to the true counts
         holds the generator's own doubling time, and how far the estimate is off
speed    1,000 frames of 512 × 512, seen as labels: seconds that tracking takes

Writes benchmarks/results/timelapse.json after each part; parts that are not run again stay as they are.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tifffile
import yaml
from counting import commit
from row_file import as_json
from script import run_script

from cytally.files import write_text
from cytally.metrics.tracking import tracking_metrics
from cytally.synthesis.timelapse import DrawnTimelapse, TimelapseConfig, draw_timelapse
from cytally.tasks.growth import growth
from cytally.tasks.growth_counts import Area
from cytally.tasks.growth_options import GrowthTaskOptions
from cytally.tasks.machine import machine
from cytally.tasks.provenance import provenance
from cytally.timelapse.growth_fit import fit_growth
from cytally.timelapse.growth_result import GrowthFit
from cytally.timelapse.stabilise import common_area
from cytally.timelapse.tracking import track_labels

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "timelapse.json"
COMMAND = "python benchmarks/timelapse.py"
PARTS = ("follow", "film", "chance", "speed")
PRESETS = ("low", "high", "growth")
AIMS = {"shift": 0.3, "tra": {"low": 0.95, "high": 0.85}, "doubling": 0.05, "held": (0.88, 1.0), "seconds": 120.0}
SPEED_FRAMES = 1000
NUCLEI = 4
"""Of the fly embryo, in every frame, counted by eye: three, and one that the right edge cuts."""

Values = dict[str, Any]


def drawn(preset: str, seed: int) -> DrawnTimelapse:
    """A time-lapse by one of the examples."""
    text = (HERE.parent / "examples" / f"timelapse-{preset}.yaml").read_text(encoding="utf-8")
    return draw_timelapse(TimelapseConfig(**yaml.safe_load(text)["settings"]), np.random.default_rng(seed))


def true_counts(truth: DrawnTimelapse, area: Area) -> np.ndarray:
    """Cells of each frame (T,) whose centroids lie in the common area."""
    counts = []
    for labels, shift in zip(truth.labels, truth.shifts, strict=True):
        sizes = np.bincount(labels.ravel())
        inside = sizes > 0
        inside[0] = False
        for axis, along in enumerate(area):
            places = np.arange(labels.shape[axis]).reshape((-1, 1) if axis == 0 else (1, -1))
            sums = np.bincount(labels.ravel(), np.broadcast_to(places, labels.shape).ravel())
            middle = sums / np.maximum(sizes, 1) - shift[axis]
            inside &= (middle >= along.start - 0.5) & (middle < along.stop - 0.5)
        counts.append(int(inside.sum()))
    return np.array(counts)


def followed(preset: str, seed: int, model: str) -> Values:
    """Follow one drawn time-lapse from its file, and compare with the truth."""
    truth = drawn(preset, seed)
    with tempfile.TemporaryDirectory(prefix="cytally-timelapse-") as folder:
        path, out = Path(folder) / f"{preset}.tif", Path(folder) / "out"
        metadata = {"axes": "TYX", "finterval": 60 * truth.interval, "tunit": "sec"}
        tifffile.imwrite(path, truth.frames, imagej=True, metadata=metadata)
        started, processor = time.perf_counter(), time.process_time()
        growth([path], out, model, GrowthTaskOptions(video=False))
        seconds, processor = time.perf_counter() - started, time.process_time() - processor
        table, fit = pd.read_csv(out / "growth.csv"), json.loads((out / "fit.json").read_text(encoding="utf-8"))
        masks = (tifffile.imread(each) for each in sorted((out / "TRA_RES").glob("mask*.tif")))
        lines = np.loadtxt(out / "TRA_RES" / "res_track.txt", dtype=int, ndmin=2)
        scores = tracking_metrics(truth.labels, truth.tracks[["track", "begin", "end", "parent"]], masks, lines)
    found = table[["shift_y", "shift_x"]].to_numpy()
    counts = true_counts(truth, common_area(found, truth.frames.shape[1:]))
    reference = fit_growth(truth.times, counts)
    own = truth.doubling_time / 60
    return {
        "seed": seed,
        "shift_errors": sorted(np.hypot(*(found - truth.shifts).T).round(4).tolist()),
        **{name: round(float(scores[name]), 4) for name in ("tra", "det", "lnk")},
        "count_error": round(float(np.abs(table["count"].to_numpy() - counts).sum() / counts.sum()), 4),
        "doubling_time": fit["doubling_time"],
        "doubling_time_interval": fit["doubling_time_interval"],
        "of_true_counts": None if reference.doubling_time is None else reference.doubling_time.value,
        "own": own,
        "seconds": round(seconds, 2),
        "processor_seconds": round(processor, 2),
    }


def film(data: Path, model: str) -> Values:
    """Follow the film of a fly embryo without settings."""
    path = data / "timelapse" / "drosophila_sequence1.tif"
    with tempfile.TemporaryDirectory(prefix="cytally-film-") as folder:
        growth([path], Path(folder) / "out", model, GrowthTaskOptions(video=False))
        counts = pd.read_csv(Path(folder) / "out" / "growth.csv")["count"]
        tracks = pd.read_csv(Path(folder) / "out" / "tracks.csv")
    lengths = tracks.groupby("track").size()
    return {
        "model": model,
        "frames": len(counts),
        "right": int((counts == NUCLEI).sum()),
        "tracks": len(lengths),
        "whole_tracks": int((lengths == len(counts)).sum()),
    }


def chance(runs: int) -> Values:
    """Whether the interval holds the generator's own doubling time, run by run."""
    rows = []
    for seed in range(1000, 1000 + runs):
        truth = drawn("growth", seed)
        fit = fit_growth(truth.times, truth.counts)
        rows.append({"seed": seed, **_estimate(fit), "held": _held(fit, truth.doubling_time / 60)})
        print(f"{len(rows)} of {runs}: {sum(row['held'] for row in rows)} held", flush=True)
    return {"runs": rows, "own": drawn("growth", 0).doubling_time / 60}


def _estimate(fit: GrowthFit) -> Values:
    doubling = fit.doubling_time
    return {"model": fit.model, "doubling_time": None if doubling is None else round(doubling.value, 4)}


def _held(fit: GrowthFit, own: float) -> bool:
    rate = fit.growth_rate
    if rate is None or rate.lower is None or rate.upper is None:
        return False
    return rate.lower <= math.log(2) / own <= rate.upper


def speed() -> Values:
    """Track 1,000 frames of labels: drawn ones, forwards and backwards in turn, so that nothing jumps."""
    truth = drawn("growth", 0)
    there_and_back = [*range(len(truth.labels)), *range(len(truth.labels) - 1, -1, -1)]
    order = [there_and_back[place % len(there_and_back)] for place in range(SPEED_FRAMES)]
    started, processor = time.perf_counter(), time.process_time()
    tracks = track_labels(truth.labels[frame] for frame in order)
    return {
        "frames": SPEED_FRAMES,
        "shape": list(truth.labels.shape[1:]),
        "objects": len(tracks.table),
        "tracks": len(tracks),
        "seconds": round(time.perf_counter() - started, 2),
        "processor_seconds": round(time.process_time() - processor, 2),
    }


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--model", default="nuclei-fluorescence")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    result: Values = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    for part in options.only:
        if part == "follow":
            rows: Values = {preset: [] for preset in PRESETS}
            for seed in range(options.seeds):
                for preset in PRESETS:
                    rows[preset].append(followed(preset, seed, options.model))
                    told = {name: value for name, value in rows[preset][-1].items() if name != "shift_errors"}
                    print(f"{preset}: {told}", flush=True)
            found: Values = {"model": options.model, "presets": rows}
        elif part == "film":
            found = film(options.data, options.model)
        else:
            found = chance(options.runs) if part == "chance" else speed()
        result[part] = {**found, "commit": commit(), "machine": machine(), "made_by": provenance()}
        write_text(RESULT, as_json(result))


if __name__ == "__main__":
    run_script(main)
