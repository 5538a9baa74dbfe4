"""Small images of nuclei, as cut from larger ones: each drawn as a scene of its own."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from cytally.errors import ConfigError
from cytally.synthesis.config import NucleiConfig, Side, ascending
from cytally.synthesis.counts import CountLaw, LinearCounts
from cytally.synthesis.histology import draw_histology
from cytally.synthesis.histology_config import HistologyConfig, random_tissue
from cytally.synthesis.nuclei import DrawnImage, draw_nuclei
from cytally.synthesis.scenes import random_scene

__all__ = ["NucleiCropConfig", "TissueCropConfig", "draw_nuclei_crop", "draw_tissue_crop"]

SCENES = 60  # drawn at most until one has nuclei of a size that is allowed
ATTEMPTS = 6  # at drawing so many nuclei
DENSEST = 0.6  # share of the image that nuclei may cover side by side
Size = Annotated[float, Field(ge=4, le=200)]


class NucleiCropConfig(BaseModel):
    """How to draw crops of fluorescence images; a nucleus belongs to the crop that holds its centre."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    shape: tuple[Side, Side] = Field((128, 128), description="Height and width of the image, px.")
    count: CountLaw = Field(LinearCounts(least=1, most=30, empty=0.04), description="Law of the number of nuclei.")
    diameter: Annotated[tuple[Size, Size], AfterValidator(ascending)] = Field(
        (8, 40), description="Typical diameter in one image, px. Many nuclei in one image are smaller."
    )


class TissueCropConfig(BaseModel):
    """How to draw crops of stained tissue; as many nuclei as there are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shape: tuple[Side, Side] = Field((128, 128), description="Height and width of the image, px.")
    tissue: HistologyConfig | None = Field(
        None, description="Settings of every image but for `shape`; null draws them at random for each."
    )


def draw_nuclei_crop(config: NucleiCropConfig, rng: np.random.Generator) -> DrawnImage:
    """Draw one crop at a scene of its own; the number of nuclei is exactly what `config.count` draws.

    Nuclei whose centre lies outside reach into the image and are not counted.

    Parameters
    ----------
    config
        What it shall look like.
    rng
        Source of chance: the same state gives the same bytes.

    Raises
    ------
    ConfigError
        The nuclei do not fit.
    """
    number = config.count.sample(rng)
    low, high = config.diameter
    limit = high
    if number:
        area = config.shape[0] * config.shape[1]
        limit = min(high, max(low, float(np.sqrt(DENSEST * area / (np.pi / 4 * number)))))
    found = 0
    for _ in range(ATTEMPTS):
        scene = _scene(config.shape, number, low, limit, rng)
        drawn = draw_nuclei(scene, rng)
        if drawn.count == number:
            return drawn
        found = max(found, drawn.count)
        limit = max(low, 0.85 * limit)
    raise ConfigError(
        f"{number} nuclei of {low:g} px do not fit into {config.shape[0]} × {config.shape[1]} px: about {found} do",
        cure="lower count or diameter, or raise shape",
    )


def draw_tissue_crop(config: TissueCropConfig, rng: np.random.Generator) -> DrawnImage:
    """Draw one crop of stained tissue; `DrawnImage.image` is (Y, X, 3). See `draw_histology`."""
    if config.tissue is None:
        return draw_histology(random_tissue(rng, config.shape), rng)
    return draw_histology(config.tissue.model_copy(update={"shape": config.shape}), rng)


def _scene(shape: tuple[int, int], number: int, low: float, high: float, rng: np.random.Generator) -> NucleiConfig:
    """A scene at random, of so many nuclei whose typical diameter lies between `low` and `high`."""
    for _ in range(SCENES):
        scene = random_scene(rng, shape)
        if low <= scene.diameter[0] <= high:
            break
    size = min(max(scene.diameter[0], low), high)
    # Scenes are of visible nuclei. Where they hide each other completely nobody can count.
    return scene.model_copy(
        update={
            "cover": None,
            "count": (number, number),
            "diameter": (size, size),
            "allowed_overlap": min(scene.allowed_overlap, 0.6),
            "counted": "centre",
        }
    )
