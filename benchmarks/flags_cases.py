"""The images of flags.py: good ones, the same ones spoiled, and images of another kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from cytally.calibration.flags import brightest_share
from cytally.datasets.fingerprint import seen
from cytally.datasets.folder import read_folder
from cytally.datasets.load import single_plane
from cytally.images.image import Image, Plane
from cytally.images.normalise import normalise
from cytally.images.prepare import prepare
from cytally.images.read import read
from cytally.images.resize import resize
from cytally.images.scale import estimate_diameter
from cytally.models.model import Model
from cytally.synthesis.config import NucleiConfig
from cytally.synthesis.nuclei import DrawnImage, draw_nuclei
from cytally.synthesis.scenes import random_scene
from cytally.tasks.blurred import Blur, blurred

SEED = 20261210
GAUSSIANS = (0.25, 0.35, 0.5)
DISCS = (0.5, 1.0)
CLIPPED = (0.02, 0.05, 0.1, 0.2)
HEIGHTS = (4.0, 2.0, 1.0)
NOISE, DARK = 6.0, 20.0
"""Grey levels of the noise and of the background in dim images."""

CLIPS = 0.001
EXPOSURES = tuple(0.7**step for step in range(10))
"""A drawn field is exposed shorter until fewer than this share of its pixels have the brightest value."""

MOST_OFF = 1.5
"""Fields whose cells' diameter is estimated wrong by more than this factor are left out, as in training."""

COVERS = (1.2, 2.0)
"""Crowded fields hold cells that would cover them so many times, side by side."""


@dataclass(frozen=True)
class Spoiling:
    """A way to spoil an image: its `kind` (blur, gain, dim or told), how much, and the flag that shall tell."""

    kind: str
    amount: float | Blur
    flag: str


SPOILED = {
    **{
        f"Gaussian blur, sigma {each:g} diameters": Spoiling("blur", Blur("gaussian", each), "out-of-focus")
        for each in GAUSSIANS
    },
    **{
        f"Gaussian blur, sigma {each:g} diameters, noise as before": Spoiling(
            "blur", Blur("gaussian", each, noisy=True), "out-of-focus"
        )
        for each in GAUSSIANS
    },
    **{f"disc blur, {each:g} diameters wide": Spoiling("blur", Blur("disc", each), "out-of-focus") for each in DISCS},
    **{f"{each:.0%} of the pixels clip": Spoiling("gain", each, "saturated") for each in CLIPPED},
    **{f"cells {each:g} times as high as the noise": Spoiling("dim", each, "too-dim") for each in HEIGHTS},
    "cells twice as large as told": Spoiling("told", 0.5, "cell-size"),
    "cells half as large as told": Spoiling("told", 2.0, "cell-size"),
    "cells twice as large, size not told": Spoiling("resize", 2.0, "cell-size"),
    "cells half as large, size not told": Spoiling("resize", 0.5, "cell-size"),
}

PHASE, HAZE, VGG, MBM = (
    "phase contrast in place of the fluorescence",
    "haze without cells (drawn)",
    "vgg_cells (drawn cells, crowded and blurred)",
    "mbm (stained tissue)",
)
FOREIGN = (PHASE, HAZE, VGG, MBM)
CROWDED = "cells in several layers (drawn)"
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


def drawn_images(number: int, chance: Chance | None = None) -> Iterator[Plane]:
    """Fluorescent nuclei, drawn by scenes that nothing was trained or chosen on.

    Empty ones and those whose cells' size is not clear are left out; those that clip are exposed shorter. `chance`
    takes note of how many.
    """
    index, given = 0, 0
    while given < number:
        drawn, exposure = field(index)
        index += 1
        if not drawn.labels.any():
            continue
        if not size_is_clear(drawn):
            if chance is not None:
                chance.left_out += 1
            continue
        given += 1
        if chance is not None:
            chance.exposed_shorter += exposure < 1
        yield replace(next(Image.from_array(drawn.image).planes()), name=f"drawn {index}")


@dataclass
class Chance:
    """How many drawn fields were left out, and how many exposed shorter."""

    left_out: int = 0
    exposed_shorter: int = 0


def field(index: int) -> tuple[DrawnImage, float]:
    """A drawn field that does not clip, and its exposure beside that of its scene."""
    for exposure in EXPOSURES:
        rng = np.random.default_rng([SEED, index])
        drawn = draw_nuclei(exposed(random_scene(rng), exposure), rng)
        if brightest_share(drawn.image[None]) < CLIPS:
            break
    return drawn, exposure


def exposed(config: NucleiConfig, exposure: float) -> NucleiConfig:
    """A scene in less light."""
    low, high = config.brightness
    return config.model_copy(
        update={"brightness": (exposure * low, exposure * high), "background": exposure * config.background}
    )


def size_is_clear(drawn: DrawnImage) -> bool:
    """Whether the diameter estimated from the image is near the true one."""
    areas = np.bincount(drawn.labels.ravel())[1:]
    true = float(np.median(2 * np.sqrt(areas[areas > 0] / np.pi)))
    estimate = estimate_diameter(normalise(drawn.image[None], "foreground")[0])
    return estimate is not None and 1 / MOST_OFF < estimate / true < MOST_OFF


def crowded_images(number: int) -> Iterator[Plane]:
    """Fields as drawn ones are, but of small cells in several layers, more than any training scene holds."""
    for index in range(number):
        for exposure in EXPOSURES:
            rng = np.random.default_rng([SEED, 2, index])
            drawn = draw_nuclei(exposed(crowded(random_scene(rng), rng), exposure), rng)
            if brightest_share(drawn.image[None]) < CLIPS:
                break
        yield replace(next(Image.from_array(drawn.image).planes()), name=f"crowded {index}")


def crowded(config: NucleiConfig, rng: np.random.Generator) -> NucleiConfig:
    """A scene with so many small sharp cells that they lie in layers."""
    diameter = float(rng.uniform(8, 20))
    cells = int(rng.uniform(*COVERS) * config.shape[0] * config.shape[1] / (np.pi / 4 * diameter**2))
    crowd = {"diameter": (diameter, diameter), "cover": None, "count": (cells, cells), "allowed_overlap": 0.9}
    free = {"clustering": 0.0, "patchiness": 0.0, "blur": (0.8, 0.8), "out_of_focus_share": 0.0}
    return config.model_copy(update=crowd | free)


def spoil(spoiling: Spoiling, plane: Plane, model: Model) -> Plane | None:
    """The plane spoiled; None where so few pixels are bright that gain cannot make so many clip."""
    prepared = prepare(plane, model.card.configuration.input, in_channels=model.card.input_channels)
    raw = plane.data[prepared.channels[0]]
    if isinstance(spoiling.amount, Blur):
        return blurred(plane, spoiling.amount, model.method.cell_diameter / prepared.factor, SEED)
    values, most = raw.astype(np.float32), np.iinfo(raw.dtype).max
    if spoiling.kind == "resize":
        made = resize(values[None], tuple(int(spoiling.amount * side) for side in values.shape))[0]
    elif spoiling.kind == "dim":
        high = resize(prepared.data, values.shape)[0]
        noise = np.random.default_rng(SEED).normal(0, NOISE, values.shape)
        made = DARK + NOISE * (spoiling.amount * high + noise / NOISE)
    elif spoiling.kind == "gain":
        top = float(np.quantile(values, 1 - spoiling.amount))
        if top <= 0:
            return None
        made = values * np.float32(most / top)
    else:
        return plane
    return next(Image.from_array(np.clip(np.rint(made), 0, most).astype(raw.dtype)).planes())


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
