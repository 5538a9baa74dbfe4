"""What a drawn image of fluorescent nuclei shall look like: every setting, with its unit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def ascending(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] > pair[1]:
        raise ValueError(f"the lower end {pair[0]} lies above the upper end {pair[1]}")
    return pair


Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Whole = Annotated[int, Field(ge=0)]
Side = Annotated[int, Field(ge=1, le=16384)]
Eccentricity = Annotated[float, Field(ge=0, le=0.97)]


class NucleiConfig(BaseModel):
    """How to draw one image of fluorescent nuclei.

    Lengths are in pixels. Light is in fractions of the camera's full scale (1 is saturated). A pair is a range from
    which one value is drawn per image, unless its description says per nucleus.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    shape: tuple[Side, Side] = Field((256, 256), description="Height and width of the image, px.")

    # How many, how large, where
    count: Annotated[tuple[Whole, Whole], AfterValidator(ascending)] = Field(
        (20, 60), description="How many nuclei have their centre in the image. At most 60,000."
    )
    cover: Annotated[tuple[Share, Share], AfterValidator(ascending)] | None = Field(
        None, description="Instead of `count`: share of the image's area that the nuclei would cover side by side."
    )
    diameter: Annotated[tuple[Positive, Positive], AfterValidator(ascending)] = Field(
        (14, 24), description="Typical diameter (of the circle of equal area) in one image, px, drawn log-uniformly."
    )
    diameter_spread: Share = Field(
        0.15, description="Standard deviation of diameters within an image over their typical value."
    )
    eccentricity: Annotated[tuple[Eccentricity, Eccentricity], AfterValidator(ascending)] = Field(
        (0.3, 0.8), description="Eccentricity of each nucleus's ellipse, 0 is a circle; per nucleus."
    )
    irregularity: Annotated[float, Field(ge=0, le=0.3)] = Field(
        0.04, description="Standard deviation of the outline about its ellipse over the radius."
    )
    bitten_share: Share = Field(
        0.0, description="Share of nuclei with a piece missing: kidneys, crescents, horseshoes."
    )
    mitotic_share: Share = Field(
        0.0, description="Share of dividing nuclei: smaller, longer and about twice as bright."
    )
    clustering: Share = Field(0.2, description="Share of nuclei placed so that they touch or overlap another.")
    patchiness: Share = Field(0.0, description="Share of nuclei placed in the neighbourhood of another, not evenly.")
    allowed_overlap: Share = Field(
        0.15, description="How far two nuclei may slide into each other: 0 they touch, 1 their centres may coincide."
    )
    when_full: Literal["refuse", "fewer"] = Field(
        "refuse", description="Where nuclei find no place: an error that says how many fit, or fewer nuclei."
    )
    border: Literal["cut", "inside"] = Field(
        "cut", description="cut: the border cuts through nuclei, as in real fields. inside: every nucleus is whole."
    )
    counted: Literal["quarter", "centre"] = Field(
        "quarter", description="Which nuclei count: those with a quarter of their area in the image, or their centre."
    )

    # Light
    overlay: Literal["add", "maximum"] = Field(
        "add", description="What overlapping nuclei do: their light adds up, or the brighter one is seen."
    )
    brightness: Annotated[tuple[Positive, Positive], AfterValidator(ascending)] = Field(
        (0.3, 0.6), description="Typical light of a nucleus above the background, fraction of full scale."
    )
    brightness_spread: Annotated[float, Field(ge=1)] = Field(
        2.0, description="Ratio of the 95th to the 5th percentile of brightness among the nuclei of an image."
    )
    dome: Share = Field(0.3, description="How much light falls from the middle to the rim: 0 flat, 1 a ball.")
    texture: NotNegative = Field(0.1, description="Relative standard deviation of light inside a nucleus (chromatin).")
    texture_scale: Positive = Field(0.08, description="Grain of that texture (Gaussian sigma) over the diameter.")
    blur: Annotated[tuple[NotNegative, NotNegative], AfterValidator(ascending)] = Field(
        (0.6, 1.2), description="Gaussian sigma of the optics for nuclei in focus, px."
    )
    out_of_focus_share: Share = Field(0.0, description="Share of nuclei that lie outside the plane of focus.")
    defocus: NotNegative = Field(2.0, description="Largest Gaussian sigma added for those, px.")
    background: Share = Field(0.03, description="Light where no cell is, fraction of full scale.")
    unevenness: Share = Field(0.1, description="Relative amplitude of uneven illumination across the image.")
    haze: NotNegative = Field(0.05, description="Share of the nuclei's light that spreads as a wide glow.")
    cytoplasm: NotNegative = Field(0.0, description="Light of the cell bodies around nuclei over that of nuclei.")
    debris: Annotated[tuple[Whole, Whole], AfterValidator(ascending)] = Field(
        (0, 0), description="How many small specks that are no cells."
    )

    # Camera
    photons: Positive = Field(2000.0, description="Photons per pixel at full scale (shot noise).")
    read_noise: NotNegative = Field(0.003, description="Gaussian noise of the camera, fraction of full scale.")
    noise_grain: NotNegative = Field(0.0, description="Gaussian sigma over which noise is correlated, px.")
    shoulder: Share = Field(0.0, description="Soft saturation: 0 clips at full scale, 1 approaches it smoothly.")
    gamma: Positive = Field(1.0, description="Exponent of the camera's response; below 1 lifts the dim.")
    bit_depth: Literal[8, 12, 16] = Field(8, description="8 gives uint8; 12 (up to 4095) and 16 give uint16.")
