"""The classical baseline on the drawn volumes: Gaussian, Otsu, distance transform, watershed, all in three dimensions.

    python benchmarks/volumes_classical.py

Three settings are chosen per kind by SEG on the training seeds alone, over a small grid, and scored on the test
seeds. Writes benchmarks/results/volumes-classical.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from counting import commit, machine
from numpy.typing import NDArray
from row_file import as_json
from scipy import ndimage
from scipy.spatial import cKDTree
from script import run_script
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed
from volumes_drawn import KINDS, TEST, TRAIN, drawn, fingerprint

from cytally.files import write_text
from cytally.metrics.segmentation import SegmentationCounts, segmentation_counts
from cytally.synthesis.volume_presets import VOLUME_PRESETS
from cytally.synthesis.volumes import DrawnVolume
from cytally.tasks.provenance import provenance

RESULT = Path(__file__).resolve().parent / "results" / "volumes-classical.json"
TOUCHING = np.ones((3, 3, 3), dtype=bool)


class Settings(NamedTuple):
    """Of the baseline, in micrometres and cubic micrometres."""

    sigma: float
    separation: float
    least_volume: float


SIGMAS = {
    "mda231": (0.5, 1, 1.5, 2),
    "tric": (0, 0.25, 0.5, 1, 1.5),
    "a549-sim": (2, 4, 6, 9, 13),
    "nuclei-3d": (0, 0.25, 0.5, 1, 1.5),
}
SEPARATIONS = {
    "mda231": (4, 7, 11, 16),
    "tric": (4, 6, 8, 10),
    "a549-sim": (15, 30, 50, 80, 120),
    "nuclei-3d": (2, 3, 5, 7, 9),
}
LEAST = {"mda231": (60, 20, 5, 1), "tric": (80, 20, 5), "a549-sim": (2000, 200, 50), "nuclei-3d": (30, 10, 1)}
"""Pixels of the plane, pixels, and voxels; so wide that the best lies within, or where more would change nothing. Of
equals the first is taken, which for the least size is the largest."""


def settings_of(kind: str) -> list[Settings]:
    """The grid of a kind, sigma by sigma."""
    side, apart = VOLUME_PRESETS[kind].pixel_size, float(np.mean(VOLUME_PRESETS[kind].z_spacing))
    grid = product(SIGMAS[kind], SEPARATIONS[kind], LEAST[kind])
    return [Settings(sigma * side, away * side, least * side**2 * apart) for sigma, away, least in grid]


def segment(volume: DrawnVolume, grid: Iterable[Settings]) -> Iterator[NDArray[np.int32]]:
    """The labels (Z, Y, X) by each of these settings; what settings next to each other share is worked out once."""
    size = np.array([volume.z_spacing, volume.pixel_size, volume.pixel_size])
    before: tuple[float, float] | None = None
    mask, distance, labels = np.empty(0), np.empty(0), np.empty(0)
    for sigma, separation, least_volume in grid:
        if before is None or before[0] != sigma:
            smooth = ndimage.gaussian_filter(volume.image.astype(np.float32), sigma / size)
            mask = smooth > threshold_otsu(smooth)
            distance = ndimage.distance_transform_edt(mask, sampling=size)
        if before != (sigma, separation):
            labels = watershed(-distance, _markers(distance, separation, size), mask=mask)
            before = (sigma, separation)
        voxels = np.bincount(labels.ravel())
        keep = voxels * np.prod(size) >= least_volume
        keep[0] = False
        yield np.where(keep[labels], labels, 0).astype(np.int32)


def _markers(distance: NDArray[np.float64], separation: float, size: NDArray[np.float64]) -> NDArray[np.int32]:
    """One marker for each peak of the distance that has no higher one within `separation`."""
    peaks, number = ndimage.label((ndimage.maximum_filter(distance, 3) == distance) & (distance > 0), TOUCHING)
    if not number:
        return np.zeros(distance.shape, dtype=np.int32)
    voxels = np.nonzero(peaks)
    which = peaks[voxels] - 1
    places = np.stack([np.bincount(which, axis) for axis in voxels], axis=1) / np.bincount(which)[:, None] * size
    height = np.zeros(number)
    height[which] = distance[voxels]
    near = cKDTree(places).query_ball_point(places, separation)
    free = np.ones(number, dtype=bool)
    chosen = np.zeros(number + 1, dtype=np.int32)
    for peak in np.argsort(-height, kind="stable"):
        if free[peak]:
            free[near[peak]] = False
            chosen[peak + 1] = chosen.max() + 1
    return np.asarray(chosen[peaks], dtype=np.int32)


def choose(kind: str) -> tuple[Settings, float]:
    """The settings of the highest SEG on the training seeds, and that SEG."""
    grid = settings_of(kind)
    totals = [SegmentationCounts() for _ in grid]
    for seed in TRAIN:
        volume = drawn(kind, seed)
        for index, found in enumerate(segment(volume, grid)):
            totals[index] += segmentation_counts(volume.labels, found)
    scores = [each.metrics()["seg"] for each in totals]
    best = int(np.argmax(scores))
    return grid[best], scores[best]


def score(kind: str, settings: Settings) -> dict[str, Any]:
    """SEG, DET and mean IoU on the test seeds, SEG of each volume, and what tells the volumes apart from others."""
    total, each, prints = SegmentationCounts(), {}, {}
    for seed in TEST:
        volume = drawn(kind, seed)
        (found,) = segment(volume, [settings])
        counts = segmentation_counts(volume.labels, found)
        total += counts
        each[str(seed)], prints[str(seed)] = round(counts.metrics()["seg"], 4), fingerprint(volume)
    metrics = {key: round(value, 4) for key, value in total.metrics().items()}
    return {**metrics, "seg_by_seed": each, "fingerprints": prints}


def main(arguments: list[str] | None = None) -> None:
    """Choose on the training seeds, score on the test seeds, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args(arguments)
    torch.set_num_threads(1)
    started, kinds = time.monotonic(), {}
    for kind in KINDS:
        settings, train_seg = choose(kind)
        on_edge = [
            name
            for name, value in settings._asdict().items()
            if value in (min(values := {getattr(one, name) for one in settings_of(kind)}), max(values))
        ]
        kinds[kind] = {
            "chosen": {name: round(value, 4) for name, value in settings._asdict().items()},
            "at_the_edge_of_the_grid": on_edge,
            "train": {"seg": round(train_seg, 4)},
            "test": score(kind, settings),
            "drawn_as": VOLUME_PRESETS[kind].model_dump(mode="json"),
        }
        print(
            kind, json.dumps({key: kinds[kind][key] for key in ("chosen", "at_the_edge_of_the_grid", "train", "test")})
        )
    result = {
        "command": "python benchmarks/volumes_classical.py",
        "train_seeds": TRAIN,
        "test_seeds": TEST,
        "kinds": kinds,
        "minutes": round((time.monotonic() - started) / 60, 2),
        "commit": commit(),
        "machine": machine() | {"gpu": None},
        "made_by": {key: value for key, value in provenance().items() if key != "command"},
    }
    write_text(RESULT, as_json(result))


if __name__ == "__main__":
    run_script(main)
