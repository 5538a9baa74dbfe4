"""What a drawn image of whole cells shall look like: every setting, with its unit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from cytally.synthesis.config import Eccentricity, NotNegative, Positive, Share, Side, ascending
from cytally.synthesis.counts import CountLaw, LinearCounts

__all__ = ["CellsConfig", "RealisticConfig"]

Level = Annotated[float, Field(ge=0, le=255)]
Levels = Annotated[tuple[Level, Level], AfterValidator(ascending)]
Change = Annotated[float, Field(ge=-255, le=255)]
Changes = Annotated[tuple[Change, Change], AfterValidator(ascending)]
Radius = Annotated[float, Field(ge=1, le=100)]
Sigma = Annotated[float, Field(ge=0, le=50)]
Sigmas = Annotated[tuple[Sigma, Sigma], AfterValidator(ascending)]
Number = Annotated[int, Field(ge=0, le=1000)]
Numbers = Annotated[tuple[Number, Number], AfterValidator(ascending)]


class RealisticConfig(BaseModel):
    """What the style `realistic` adds, so that drawn images can stand in for natural ones.

    Lengths are in pixels, light in grey levels (0 to 255) brighter (above 0) or darker (below 0) than the background. A
    pair is a range from which one value is drawn per image, unless its description says per cell.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    walls: Literal["none", "double", "glow"] = Field(
        "glow", description="Walls of the chamber: none, two thin dark lines, or a bright seam with a wide glow."
    )
    wall_light: Changes = Field((15, 30), description="Light of the walls, grey levels.")
    wall_distance: Annotated[tuple[Share, Share], AfterValidator(ascending)] = Field(
        (0.05, 0.12), description="How far the walls lie from the border, over the image's side."
    )
    wall_rotation: Annotated[float, Field(ge=0, le=45)] = Field(
        1.5, description="Largest rotation of the chamber either way, degrees."
    )
    outside: Changes = Field((-12, -4), description="Light outside the chamber, grey levels.")
    smudges: Numbers = Field((0, 5), description="How many smudges: soft stains, and rings of dust out of focus.")
    smudge_light: Changes = Field((-12, 16), description="Light of smudges, grey levels, each its own.")
    vesicles: Numbers = Field((0, 14), description="How many small specks float between the cells.")
    vesicles_per_cell: Numbers = Field((0, 4), description="How many lie inside a cell; per cell.")
    vesicle_light: Changes = Field((-20, 45), description="Light of specks, grey levels, each its own.")
    halo: Changes = Field((10, 40), description="Light just outside a cell, grey levels; per cell.")
    halo_width: Positive = Field(2.0, description="Distance over which the halo falls to 1/e, px.")
    structure: NotNegative = Field(12.0, description="Standard deviation of light inside cells, grey levels.")
    structure_scale: Positive = Field(
        0.22, description="Grain of that structure (Gaussian sigma) over the mean radius."
    )
    relief: Share = Field(0.4, description="How much brighter one side of a rim is than the other: 0 alike.")
    fading: Share = Field(0.2, description="How much of a rim's contrast the palest cells lack.")
    out_of_focus_share: Share = Field(0.25, description="Share of cells above or below the plane of focus.")
    defocus: Sigma = Field(1.6, description="Largest Gaussian sigma added for those, px.")
    mottle: NotNegative = Field(2.0, description="Standard deviation of coarse mottle in the background, grey levels.")
    photons: Positive = Field(1500.0, description="Photons per pixel at full scale (shot noise).")
    read_noise: NotNegative = Field(0.006, description="Gaussian noise of the camera, fraction of full scale.")


class CellsConfig(BaseModel):
    """How to draw one image of whole cells, after Stallmann et al. (2020).

    Lengths are in pixels, light in grey levels (0 to 255). A pair is a range from which one value is drawn per image,
    unless its description says per cell.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    shape: tuple[Side, Side] = Field((128, 128), description="Height and width of the image, px; the paper's are 128.")

    # How many, how large, where
    count: CountLaw = Field(
        LinearCounts(), description="Law of the number of cells; the paper's falls linearly from 1 to 30."
    )
    body: Literal["ellipse", "rod"] = Field("ellipse", description="Deformed ellipses, or rods as bacteria are.")
    radius: Annotated[tuple[Radius, Radius], AfterValidator(ascending)] = Field(
        (3, 9),
        description="Radius of the circle of equal area, of rods half their width, px; per cell. The paper's: 3 to 9 "
        "in phase contrast, 3 to 7 in bright field.",
    )
    eccentricity: Annotated[tuple[Eccentricity, Eccentricity], AfterValidator(ascending)] = Field(
        (0.0, 0.6), description="Eccentricity of each ellipse, 0 is a circle; per cell."
    )
    rod_length: Annotated[
        tuple[Annotated[float, Field(ge=1, le=50)], Annotated[float, Field(ge=1, le=50)]], AfterValidator(ascending)
    ] = Field((2.0, 5.0), description="Length of a rod over its width; per cell.")
    bend: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.1, description="Largest sag of a rod's axis either way, over its length; per cell."
    )
    irregularity: Annotated[float, Field(ge=0, le=0.3)] = Field(
        0.04, description="Edge noise of the shape: standard deviation of an ellipse's outline over its radius."
    )
    allowed_overlap: Share = Field(
        0.2, description="How far two cells may slide into each other: 0 they touch, 1 their centres may coincide."
    )
    clustering: Share = Field(0.2, description="Share of cells placed so that they touch or overlap another.")
    division_share: Share = Field(
        0.1, description="Share of cells that are one lobe of a dividing pair: two lobes, counted as two."
    )
    border: Literal["cut", "inside"] = Field(
        "cut",
        description="cut: the border may cut a cell, whose centre lies in the image. inside: every cell is whole.",
    )

    # Light of cells
    rim: Levels = Field(
        (160, 209),
        description="Membrane; per cell. The paper's: 160 to 209 in phase contrast, 80 to 129 in bright field.",
    )
    inner: Levels = Field(
        (50, 60),
        description="Inner body; per cell. The paper's: 50 to 60 in phase contrast, 180 to 209 in bright field.",
    )
    rim_width: Annotated[tuple[Positive, Positive], AfterValidator(ascending)] = Field(
        (1.0, 2.0), description="Width of the rim, px; per cell."
    )
    luminance_spread: NotNegative = Field(
        0.0, description="Standard deviation by which a whole cell is brighter or darker, grey levels."
    )
    edge_noise: NotNegative = Field(
        0.0, description="Standard deviation of light from pixel to pixel of a rim, grey levels."
    )
    inner_noise: NotNegative = Field(0.0, description="The same of the inner body, grey levels.")
    blur: Sigmas = Field((0.0, 0.6), description="Softness of outlines (Gaussian sigma), px; per cell.")

    # The whole image
    background: Levels = Field(
        (56, 64), description="Light where no cell is; an image passed to `draw_cells` takes its place."
    )
    background_noise: NotNegative = Field(0.0, description="Standard deviation of the background's noise, grey levels.")
    unevenness: Annotated[tuple[Share, Share], AfterValidator(ascending)] = Field(
        (0.0, 0.0), description="Relative amplitude of uneven light across the image."
    )
    luminance: Annotated[tuple[Positive, Positive], AfterValidator(ascending)] = Field(
        (1.0, 1.0), description="Factor on the light of the whole image."
    )
    filter: Sigmas = Field((0.0, 0.0), description="Gaussian filter over the whole image (sigma), px.")
    noise: NotNegative = Field(0.0, description="Standard deviation of the camera's noise, grey levels.")
    realistic: RealisticConfig | None = Field(
        None, description="The style: null is drawn; a section of its own makes it realistic."
    )
