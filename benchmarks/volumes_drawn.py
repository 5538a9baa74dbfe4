"""The drawn volumes of the benchmark: which settings, which seeds train, which test, and a command that writes them.

    python benchmarks/volumes_drawn.py

writes benchmark-work/volumes/KIND/train and KIND/test as data folders. Whatever validates is held out of `train`.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from script import run_script

from cytally.files import write_text
from cytally.synthesis.volume_presets import VOLUME_PRESETS
from cytally.synthesis.volumes import DrawnVolume, draw_volume
from cytally.tasks.synthesis_stack_files import write_volume

KINDS = ("mda231", "tric", "a549-sim", "nuclei-3d")
"""Presets, whose settings are those of the benchmark; `fingerprint` tells whether they are still the same."""

BENCHMARK = 20261203
"""Sets the benchmark's volumes apart from those that `cytally synthesize` draws by the same seed."""

TRAIN = tuple(range(24))
TEST = tuple(range(1000, 1006))
SEEDS = {"train": TRAIN, "test": TEST}


def drawn(kind: str, seed: int) -> DrawnVolume:
    """The volume of a kind that has this seed."""
    return draw_volume(VOLUME_PRESETS[kind], np.random.default_rng([BENCHMARK, KINDS.index(kind), seed]))


def fingerprint(volume: DrawnVolume) -> str:
    """The beginning of a checksum over image and labels: the same where the volume is."""
    return hashlib.sha256(volume.image.tobytes() + volume.labels.tobytes()).hexdigest()[:16]


def write_set(folder: Path, kind: str, seeds: tuple[int, ...]) -> None:
    """Write a data folder: images/, labels/ and counts.csv."""
    counts = []
    for seed in seeds:
        volume, name = drawn(kind, seed), f"{kind}-{seed:04d}.tif"
        write_volume(folder / "images" / name, volume.image, volume.pixel_size, volume.z_spacing)
        write_volume(folder / "labels" / name, volume.labels, volume.pixel_size, volume.z_spacing)
        counts.append((name, volume.count))
    write_text(folder / "counts.csv", pd.DataFrame(counts, columns=["image", "count"]).to_csv(index=False))


def main(arguments: list[str] | None = None) -> None:
    """Write every kind's training and test volumes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("benchmark-work"), help="folder to write volumes/ into")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    options = parser.parse_args(arguments)
    for kind in options.kinds:
        for part, seeds in SEEDS.items():
            write_set(options.work / "volumes" / kind / part, kind, seeds)
            print(options.work / "volumes" / kind / part)


if __name__ == "__main__":
    run_script(main)
