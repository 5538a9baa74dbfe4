"""Stand-ins for the Twin-VAE authors' images, which cannot be had: built by a rule, the same for everybody.

    python benchmarks/stand_ins.py --data ../shared/data -o benchmark-work/stand-ins

Writes data folders A, B, C, D and H, each with `train` (of which images.csv lists the labelled ones) and `test`:

A   128 × 128 crops of BBBC038v1 (dsb2018_fluo), cut side by side from the top left of each image; a nucleus belongs to
    the crop that holds its centroid; crops with more than 30 are left out, empty ones are not. Every fourth source
    image in an order of chance (seed 2020) tests, the others train: no image is on both sides.
B   128 × 128 crops of one phase-contrast field of keratinocytes, every 32 pixels; the points are found in the Hoechst
    channel by the bundled model nuclei-fluorescence. The left half trains, the right half tests, with a gap of 32
    pixels between. One field: an illustration, no benchmark.
C   Chambers drawn in the realistic style (preset realistic-phase-contrast): 600 train (seed 1), 300 test (seed 2). The
    methods' own drawn images are of the plain style (preset cho-phase-contrast).
D   The same in bright field (preset realistic-bright-field), with seeds 3 and 4; beside it, cho-bright-field is drawn.
H   Crops of H&E-stained bone marrow (mbm), cut and split as A.

Labelled are 7 % of the training images, rounded to the nearest, at least two, in an order of chance (seed 7) of which a
larger share takes more: the images of 3 % are among those of 7 %. `--labelled` gives another share.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from skimage.io import imread, imsave

import cytally
from cytally.datasets.folder import read_folder
from cytally.synthesis.presets import make_drawing

SIDE, MOST, LABELLED, GAP = 128, 30, 0.07, 32
TEST_EVERY, SOURCE_SEED, LABEL_SEED = 4, 2020, 7
CHAMBERS = {
    "C": ("realistic-phase-contrast", {"train": (600, 1), "test": (300, 2)}),
    "D": ("realistic-bright-field", {"train": (600, 3), "test": (300, 4)}),
}
"""Preset, and images and seed of each part."""


@dataclass(frozen=True)
class Crop:
    """A picture of 128 × 128 and its cells (N, 2) in its own pixels."""

    name: str
    image: NDArray[Any]
    points: NDArray[np.float64]


Parts = dict[str, list[Crop]]


def crops(name: str, image: NDArray[Any], points: NDArray[np.float64], step: int = SIDE) -> Iterator[Crop]:
    """Cut an image (Y, X) up; whoever's centroid lies in a crop belongs to it.

    Examples
    --------
    >>> image, points = np.zeros((128, 260)), np.array([[5.0, 127.4], [5.0, 127.5], [5.0, 257.0]])
    >>> [(crop.name, crop.points.tolist()) for crop in crops("a", image, points)]
    [('a_000_000.png', [[5.0, 127.4]]), ('a_000_128.png', [[5.0, -0.5]])]
    """
    for top in range(0, image.shape[0] - SIDE + 1, step):
        for left in range(0, image.shape[1] - SIDE + 1, step):
            corner = np.array([top, left])
            inside = ((points >= corner - 0.5) & (points < corner + SIDE - 0.5)).all(axis=1)
            picture = image[top : top + SIDE, left : left + SIDE]
            yield Crop(f"{name}_{top:03d}_{left:03d}.png", picture, points[inside] - corner)


def cut_images(data: Path, folder: str) -> Parts:
    """A and H: crops of a data folder, split by the image that they come from."""
    samples = read_folder(data / folder).samples
    order = np.random.default_rng(SOURCE_SEED).permutation(len(samples))
    parts: Parts = {"train": [], "test": []}
    for place, index in enumerate(order):
        sample = samples[index]
        assert sample.points is not None
        pieces = crops(sample.path.stem, imread(sample.path), sample.points)
        parts["test" if place % TEST_EVERY == 0 else "train"] += [p for p in pieces if len(p.points) <= MOST]
    return parts


def keratinocytes(data: Path) -> Parts:
    """B."""
    phase, hoechst = (
        imread(next((data / "phase_nuclei").glob(f"keratinocytes_{kind}*"))) for kind in ("phase", "hoechst")
    )
    found = cytally.load("nuclei-fluorescence").count(hoechst).points
    assert found is not None
    low, high = np.percentile(phase, (0.1, 99.9))
    image = np.rint(np.clip((phase - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    middle = image.shape[1] // 2
    parts: Parts = {"train": [], "test": []}
    for crop in crops("field", image, found[:, :2], step=32):
        left = int(crop.name[-7:-4])
        if left + SIDE <= middle - GAP // 2:
            parts["train"].append(crop)
        elif left >= middle + GAP // 2:
            parts["test"].append(crop)
    return parts


def chambers(name: str) -> Parts:
    """C and D."""
    preset, wanted = CHAMBERS[name]
    drawing = make_drawing(preset, {})
    parts: Parts = {}
    for part, (number, seed) in wanted.items():
        drawn = [drawing.draw(np.random.default_rng([seed, index])) for index in range(number)]
        parts[part] = [Crop(f"{part}_{index:03d}.png", each.image, each.points) for index, each in enumerate(drawn)]
    return parts


STAND_INS: dict[str, Callable[[Path], Parts]] = {
    "A": lambda data: cut_images(data, "dsb2018_fluo"),
    "B": keratinocytes,
    "C": lambda _: chambers("C"),
    "D": lambda _: chambers("D"),
    "H": lambda data: cut_images(data, "mbm"),
}


def labelled(names: list[str], share: float) -> list[str]:
    """The names of the images that are labelled; a larger share has those of a smaller one among them.

    Examples
    --------
    >>> names = [f"{number}.png" for number in range(100)]
    >>> seven, three = labelled(names, 0.07), labelled(names, 0.03)
    >>> len(seven), len(three), set(three) < set(seven), labelled(names, 0.0)
    (7, 3, True, [])
    """
    number = 0 if share == 0 else max(2, round(share * len(names)))
    order = np.random.default_rng(LABEL_SEED).permutation(len(names))
    return sorted(names[index] for index in order[:number])


def write_folder(pieces: list[Crop], folder: Path, share: float = 1.0) -> None:
    """Write a data folder of which a share is labelled."""
    (folder / "images").mkdir(parents=True)
    listed = labelled([piece.name for piece in pieces], share)
    rows = []
    for piece in pieces:
        imsave(folder / "images" / piece.name, piece.image, check_contrast=False)
        if piece.name in listed:
            rows += [(piece.name, y, x) for y, x in piece.points]
    pd.DataFrame(rows, columns=["image", "y", "x"]).to_csv(folder / "points.csv", index=False)
    pd.DataFrame({"image": listed}).to_csv(folder / "images.csv", index=False)


def build(data: Path, name: str, out: Path, share: float = LABELLED) -> dict[str, int]:
    """Write the stand-in `name` into `out`, anew; tell how many images each part has, and how many are labelled."""
    parts = STAND_INS[name](data)
    shutil.rmtree(out, ignore_errors=True)
    write_folder(parts["train"], out / "train", share)
    write_folder(parts["test"], out / "test")
    number = len(labelled([piece.name for piece in parts["train"]], share))
    return {"train": len(parts["train"]), "labelled": number, "test": len(parts["test"])}


def main() -> None:
    """Build what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds dsb2018_fluo, phase_nuclei and mbm")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--only", choices=STAND_INS, action="append", help="build these alone")
    parser.add_argument("--labelled", type=float, default=LABELLED, help="share of the training images")
    options = parser.parse_args()
    for name in options.only or STAND_INS:
        print(name, build(options.data, name, options.out / name, options.labelled))


if __name__ == "__main__":
    main()
