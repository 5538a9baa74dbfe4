"""What a drawn image of stained tissue shall look like: every setting, with its unit, and settings drawn at random."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["HistologyConfig", "random_tissue"]

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Side = Annotated[int, Field(ge=1, le=16384)]
Colour = tuple[NotNegative, NotNegative, NotNegative]


class HistologyConfig(BaseModel):
    """How to draw one bright-field image of tissue stained with haematoxylin and eosin.

    Lengths are in pixels or in diameters, the typical diameter of a nucleus. Amounts of stain are optical densities
    (natural logarithm) of a stain vector's strongest channel.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    shape: tuple[Side, Side] = Field((256, 256), description="Height and width of the image, px.")

    # Nuclei
    diameter: Annotated[float, Field(ge=4, le=200)] = Field(19, description="Typical diameter of a dense nucleus, px.")
    diameter_spread: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.15, description="Standard deviation of diameters of one kind of nucleus over their typical value."
    )
    cover: Annotated[float, Field(ge=0, le=0.6)] = Field(
        0.2, description="Share of the tissue, fat and gaps left out, that nuclei of typical size would cover."
    )
    clustering: Share = Field(0.3, description="Share of nuclei placed so that they touch or overlap another.")
    patchiness: Share = Field(0.3, description="Share of nuclei placed in the neighbourhood of another, not evenly.")
    allowed_overlap: Annotated[float, Field(ge=0, le=0.6)] = Field(
        0.1, description="How far two nuclei may slide into each other: 0 they touch, 1 their centres may coincide."
    )
    irregularity: Annotated[float, Field(ge=0, le=0.3)] = Field(
        0.05, description="Standard deviation of the outline about its ellipse over the radius."
    )
    pale_share: Share = Field(0.2, description="Share of nuclei that are large and pale with a dark rim and clumps.")
    lobed_share: Share = Field(0.15, description="Share of nuclei of two to four lobes; each counts as one.")
    bitten_share: Share = Field(0.05, description="Share of nuclei with a piece missing: kidneys and horseshoes.")
    flat_share: Share = Field(0.05, description="Flat nuclei along the rims of fat cells, over all others.")
    haematoxylin: Positive = Field(1.8, description="Amount in a dense nucleus.")
    haematoxylin_spread: Share = Field(0.2, description="Standard deviation of its logarithm among dense nuclei.")
    texture: NotNegative = Field(0.25, description="Standard deviation of its logarithm within a dense nucleus.")
    texture_scale: Positive = Field(0.08, description="Grain of that texture (Gaussian sigma), diameters.")

    # What is not counted
    ghosts: NotNegative = Field(0.3, description="Fragments and nuclei out of focus, not counted, over those counted.")
    red_cells: NotNegative = Field(0.1, description="Red blood cells, over the nuclei counted.")
    debris: Annotated[int, Field(ge=0)] = Field(4, description="Dark specks.")

    # Tissue
    fat: Annotated[float, Field(ge=0, le=0.8)] = Field(0.25, description="Share of the area taken by empty fat cells.")
    fat_diameter: Annotated[float, Field(ge=1, le=20)] = Field(7, description="Their typical size, diameters.")
    gaps: Share = Field(0.2, description="Share of the ground between cells that is torn or empty.")
    gap_scale: Positive = Field(0.3, description="Size of these gaps (Gaussian sigma), diameters.")
    ground: NotNegative = Field(0.35, description="Eosin in the ground between cells.")
    wall: NotNegative = Field(0.3, description="Eosin added along the rims of gaps, fat and cells.")
    fibres: Share = Field(0.3, description="Strength of fibres and membranes in the ground, over that of rims.")
    cytoplasm: NotNegative = Field(0.45, description="Eosin in cell bodies.")
    cytoplasm_reach: NotNegative = Field(0.3, description="How far a cell body reaches beyond its nucleus, diameters.")
    basophilia: NotNegative = Field(0.1, description="Typical haematoxylin in cell bodies.")
    halo: Share = Field(0.3, description="Share of cells with an empty ring around their body.")
    mottle: NotNegative = Field(0.25, description="Standard deviation of the logarithm of eosin over the tissue.")

    # Light
    haematoxylin_colour: Colour = Field((0.85, 1.0, 0.6), description="Absorption in red, green, blue, of amount 1.")
    eosin_colour: Colour = Field((0.2, 1.0, 0.45), description="The same of eosin.")
    red_colour: Colour = Field((0.15, 1.0, 0.75), description="The same of red blood cells.")
    white: Colour = Field((0.95, 0.93, 0.95), description="Light where nothing absorbs, fraction of full scale.")
    unevenness: Share = Field(0.05, description="Relative amplitude of uneven light and staining across the image.")
    blur: NotNegative = Field(0.8, description="Gaussian sigma of the optics, px.")
    sharpening: NotNegative = Field(0.5, description="Unsharp masking by the scanner: share of detail added.")
    noise: NotNegative = Field(0.008, description="Standard deviation of the camera's noise, fraction of full scale.")
    noise_grain: NotNegative = Field(0.5, description="Gaussian sigma over which noise is correlated, px.")
    quality: Annotated[int, Field(ge=10, le=100)] | None = Field(
        85, description="Quality of the JPEG compression that the image has been through; null for none."
    )


EVENLY = {
    "diameter_spread": (0.05, 0.25),
    "clustering": (0.0, 0.4),
    "patchiness": (0.0, 0.5),
    "allowed_overlap": (0.0, 0.25),
    "irregularity": (0.02, 0.09),
    "pale_share": (0.0, 0.5),
    "lobed_share": (0.0, 0.35),
    "bitten_share": (0.0, 0.15),
    "flat_share": (0.0, 0.12),
    "haematoxylin": (0.9, 2.4),
    "haematoxylin_spread": (0.05, 0.35),
    "texture": (0.05, 0.45),
    "ghosts": (0.2, 1.1),
    "gaps": (0.0, 0.5),
    "ground": (0.15, 0.6),
    "wall": (0.05, 0.6),
    "fibres": (0.1, 1.0),
    "cytoplasm": (0.2, 0.8),
    "cytoplasm_reach": (0.1, 0.55),
    "basophilia": (0.0, 0.25),
    "halo": (0.0, 0.5),
    "mottle": (0.15, 0.55),
    "unevenness": (0.0, 0.12),
    "blur": (0.4, 1.4),
    "sharpening": (0.0, 1.2),
    "noise_grain": (0.0, 0.9),
}
"""Settings drawn evenly between two values."""

LOGARITHMICALLY = {
    "diameter": (14.0, 26.0),
    "cover": (0.08, 0.36),
    "texture_scale": (0.05, 0.12),
    "fat_diameter": (3.0, 12.0),
    "gap_scale": (0.12, 0.4),
    "noise": (0.002, 0.02),
}
"""Settings drawn evenly on a logarithmic axis."""

COLOURS = {
    "haematoxylin_colour": ((0.7, 1.0), (0.95, 1.05), (0.45, 0.75)),
    "eosin_colour": ((0.08, 0.35), (0.95, 1.05), (0.3, 0.6)),
    "red_colour": ((0.05, 0.3), (0.95, 1.05), (0.55, 0.95)),
}
"""Ranges of red, green and blue."""

WITHOUT = {"fat": 0.25, "red_cells": 0.5, "flat_share": 0.3, "ghosts": 0.15, "gaps": 0.15}
"""Chance that an image has none of these."""


def random_tissue(rng: np.random.Generator, shape: tuple[int, int] = (256, 256)) -> HistologyConfig:
    """Draw at random how one image for training shall look.

    Parameters
    ----------
    rng
        Source of chance.
    shape
        Height and width of the image, px.
    """
    settings: dict[str, object] = {name: float(rng.uniform(*limits)) for name, limits in EVENLY.items()}
    settings |= {name: float(np.exp(rng.uniform(*np.log(limits)))) for name, limits in LOGARITHMICALLY.items()}
    settings |= {name: tuple(float(rng.uniform(*limits)) for limits in three) for name, three in COLOURS.items()}
    settings["fat"] = float(rng.uniform(0.05, 0.7))
    settings["red_cells"] = float(rng.uniform(0.05, 1.0))
    settings["debris"] = int(rng.integers(0, 8))
    settings["white"] = tuple((rng.uniform(0.84, 0.98) * rng.uniform(0.95, 1.02, 3)).tolist())
    settings["quality"] = int(rng.integers(60, 97)) if rng.random() < 0.8 else None
    settings |= {name: 0.0 for name, chance in WITHOUT.items() if rng.random() < chance}
    return HistologyConfig.model_validate({"shape": shape} | settings)
