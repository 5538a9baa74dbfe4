"""The images of flags.py: good ones, the same ones spoiled, and images of another kind."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from cytally.datasets.fingerprint import seen
from cytally.datasets.folder import read_folder
from cytally.datasets.load import single_plane
from cytally.images.image import Image, Plane
from cytally.images.prepare import prepare
from cytally.images.read import read
from cytally.models.model import Model
from cytally.synthesis.nuclei import draw_nuclei
from cytally.synthesis.scenes import random_scene

SEED = 20261210
GAUSSIANS = (0.25, 0.35, 0.5)
DISCS = (0.5, 1.0)
CLIPPED = (0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True)
class Spoiling:
    """A way to spoil an image: its `kind` (gaussian, disc or gain), how much, and the flag that shall tell."""

    kind: str
    amount: float
    flag: str


SPOILED = {
    **{f"Gaussian blur, sigma {each:g} diameters": Spoiling("gaussian", each, "out-of-focus") for each in GAUSSIANS},
    **{f"disc blur, {each:g} diameters wide": Spoiling("disc", each, "out-of-focus") for each in DISCS},
    **{f"{each:.0%} of the pixels clip": Spoiling("gain", each, "saturated") for each in CLIPPED},
}

PHASE, HAZE, VGG, MBM = (
    "phase contrast in place of the fluorescence",
    "haze without cells (drawn)",
    "vgg_cells (drawn cells, crowded and blurred)",
    "mbm (stained tissue)",
)
FOREIGN = (PHASE, HAZE, VGG, MBM)
WINDOW, STEP = 384, 256
HAZES = MOST = 30


def auroc(good: Sequence[float], bad: Sequence[float]) -> float:
    """Area under the ROC curve: how often a bad image scores higher than a good one, ties being half.

    Examples
    --------
    >>> auroc([0, 1], [1, 2])
    0.875
    """
    low, high = np.asarray(good, float)[:, None], np.asarray(bad, float)[None]
    return float((high > low).mean() + (high == low).mean() / 2)


def unseen_images(model: Model, data: Path) -> Iterator[Plane]:
    """The images of dsb2018_fluo whose fingerprints are not among those that the model was trained on."""
    samples = read_folder(data / "dsb2018_fluo").samples
    facts = model.card.training_data
    known = set(seen(samples, [*facts["fingerprint"]["images"].values(), *facts.get("earlier_images", [])]))
    return (single_plane(sample) for sample in samples if sample.name not in known)


def drawn_images(number: int) -> Iterator[Plane]:
    """Fluorescent nuclei, drawn by scenes that nothing was trained or chosen on; empty ones are left out."""
    index, given = 0, 0
    while given < number:
        rng = np.random.default_rng([SEED, index])
        drawn = draw_nuclei(random_scene(rng), rng)
        index += 1
        if drawn.labels.any():
            given += 1
            yield replace(next(Image.from_array(drawn.image).planes()), name=f"drawn {index}")


def spoil(spoiling: Spoiling, plane: Plane, model: Model) -> Plane | None:
    """The plane spoiled; None where so few pixels are bright that gain cannot make so many clip."""
    prepared = prepare(plane, model.card.configuration.input, in_channels=model.card.input_channels)
    raw = plane.data[prepared.channels[0]]
    values, most = raw.astype(np.float32), np.iinfo(raw.dtype).max
    width = spoiling.amount * model.method.cell_diameter / prepared.factor
    if spoiling.kind == "gaussian":
        made = cv2.GaussianBlur(values, (0, 0), width, borderType=cv2.BORDER_REFLECT)
    elif spoiling.kind == "disc":
        made = cv2.filter2D(values, -1, disc(width / 2), borderType=cv2.BORDER_REFLECT)
    else:
        top = float(np.quantile(values, 1 - spoiling.amount))
        if top <= 0:
            return None
        made = values * np.float32(most / top)
    return next(Image.from_array(np.clip(np.rint(made), 0, most).astype(raw.dtype)).planes())


def disc(radius: float) -> np.ndarray:
    """A disc that sums to 1, its edge soft by one pixel: what a lens out of focus makes of a point."""
    reach = math.ceil(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inside = np.clip(radius + 0.5 - np.hypot(y, x), 0, 1)
    return (inside / inside.sum()).astype(np.float32)


def foreign_images(case: str, data: Path) -> Iterator[Plane]:
    """Images of another kind than the model was made for."""
    if case == HAZE:
        for index in range(HAZES):
            yield haze(np.random.default_rng([SEED, 1, index]))
    elif case == PHASE:
        for path in sorted((data / "phase_nuclei").glob("*_phase.tif")):
            for plane in next(iter(read(path))).planes():
                yield from parts(plane)
    else:
        for path in sorted((data / ("mbm" if case == MBM else "vgg_cells") / "images").iterdir())[:MOST]:
            yield from next(iter(read(path))).planes()


def parts(plane: Plane) -> Iterator[Plane]:
    """Windows of a plane, of which only two large ones are there."""
    rows, columns = plane.data.shape[-2:]
    for y in range(0, max(1, rows - WINDOW + 1), STEP):
        for x in range(0, max(1, columns - WINDOW + 1), STEP):
            yield replace(plane, data=plane.data[:, y : y + WINDOW, x : x + WINDOW])


def haze(rng: np.random.Generator) -> Plane:
    """An empty channel (256 × 256, 8 bits): light that hardly varies, and noise of photons and of the camera."""
    white = rng.normal(size=(2, 256, 256)).astype(np.float32)
    wide, narrow = (cv2.GaussianBlur(each, (0, 0), sigma) * sigma for each, sigma in zip(white, (30, 10), strict=True))
    light = wide + 0.3 * narrow
    light = (light - light.min()) / np.ptp(light)
    photons = rng.poisson(20 + light * rng.uniform(5, 60)) + rng.normal(0, 2, light.shape)
    return next(Image.from_array(np.clip(photons, 0, 255).astype(np.uint8)).planes())
