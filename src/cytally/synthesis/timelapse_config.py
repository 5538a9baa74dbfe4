"""What a drawn time-lapse of fluorescent nuclei shall look like: every setting, with its unit."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from cytally.synthesis.config import Eccentricity, NotNegative, Positive, Share, ascending

LargeSide = Annotated[int, Field(ge=32, le=8192)]


class TimelapseConfig(BaseModel):
    """How to draw one time-lapse of fluorescent nuclei that move, grow, divide, die, come and go.

    Lengths are in pixels, times in minutes. Light is in fractions of the camera's full scale (1 is saturated).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    shape: tuple[LargeSide, LargeSide] = Field((512, 512), description="Height and width of a frame, px.")
    frames: Annotated[int, Field(ge=1, le=5000)] = Field(50, description="How many frames.")
    interval: Positive = Field(20.0, description="Time from one frame to the next, minutes.")
    pixel_size: Positive = Field(0.65, description="Side of a pixel, micrometres; only written into files.")

    # Life and death
    cells: Annotated[int, Field(ge=0, le=5000)] = Field(
        100, description="How many cells have their centre in the first frame; around it they lie as densely."
    )
    doubling_time: Positive = Field(
        900.0, description="Time in which the expected population doubles, deaths included, minutes."
    )
    cycle_spread: Annotated[float, Field(ge=0.05, le=1)] = Field(
        0.2, description="Standard deviation of the time from birth to division over its mean (a gamma law)."
    )
    death_rate: NotNegative = Field(0.002, description="Deaths per cell and hour.")
    mitosis: Positive = Field(
        30.0, description="For how long a nucleus is condensed before it divides, and its daughters after, minutes."
    )
    dying: Positive = Field(60.0, description="For how long a dying nucleus shrinks and brightens, minutes.")

    # Motion
    speed: NotNegative = Field(6.0, description="Root mean square speed of a cell that is alone, px per hour.")
    persistence: Positive = Field(60.0, description="Time in which a cell forgets its direction, minutes.")
    turning: NotNegative = Field(12.0, description="Standard deviation of a nucleus's rotation in an hour, degrees.")
    wobble: Positive = Field(240.0, description="Time in which an outline takes another shape, minutes.")
    allowed_overlap: Share = Field(
        0.05, description="How far two nuclei may slide into each other before they are pushed apart; 0: they touch."
    )
    clustering: Share = Field(0.2, description="Share of nuclei that touch another at the beginning.")

    # Shape
    diameter: Positive = Field(18.0, description="Typical diameter (circle of equal area) in mid-cycle, px.")
    diameter_spread: Share = Field(
        0.1, description="Standard deviation of diameters at the same age over their typical value."
    )
    eccentricity: Annotated[tuple[Eccentricity, Eccentricity], AfterValidator(ascending)] = Field(
        (0.3, 0.75), description="Eccentricity of each nucleus's ellipse, 0 is a circle; per nucleus."
    )
    irregularity: Annotated[float, Field(ge=0, le=0.3)] = Field(
        0.035, description="Standard deviation of the outline about its ellipse over the radius."
    )

    # The camera's drift
    drift: NotNegative = Field(20.0, description="Largest displacement from the first frame, px.")
    jumps: Annotated[int, Field(ge=0)] = Field(2, description="How many sudden jumps the stage makes.")
    jump_share: Share = Field(0.5, description="Weight of the jumps against that of the slow drift.")

    # Light
    brightness: Positive = Field(0.4, description="Typical light of a nucleus above the background.")
    brightness_spread: Annotated[float, Field(ge=1)] = Field(
        2.0, description="Ratio of the 95th to the 5th percentile of brightness among nuclei."
    )
    dome: Share = Field(0.4, description="How much light falls from the middle to the rim: 0 flat, 1 a ball.")
    texture: Annotated[float, Field(ge=0, le=1)] = Field(
        0.15, description="Relative standard deviation of light inside a nucleus (chromatin)."
    )
    texture_scale: Positive = Field(0.08, description="Grain of that texture (Gaussian sigma) over the diameter.")
    blur: NotNegative = Field(1.0, description="Gaussian sigma of the optics, px.")
    background: Share = Field(0.05, description="Light where no cell is.")
    unevenness: Share = Field(0.12, description="Relative amplitude of uneven illumination; it stays with the camera.")
    haze: NotNegative = Field(0.06, description="Share of the nuclei's light that spreads as a wide glow.")
    debris: Annotated[int, Field(ge=0, le=10_000)] = Field(
        30, description="How many small specks lie on the glass of a frame; they are no cells, and move with it."
    )
    flicker: Annotated[float, Field(ge=0, le=0.3)] = Field(
        0.02, description="Standard deviation of the lamp's light from frame to frame over its mean."
    )
    bleaching: Share = Field(0.1, description="Share of the light that is lost from the first frame to the last.")

    # Camera
    photons: Positive = Field(2000.0, description="Photons per pixel at full scale (shot noise).")
    read_noise: NotNegative = Field(0.004, description="Gaussian noise of the camera, fraction of full scale.")
    bit_depth: Literal[8, 12, 16] = Field(8, description="8 gives uint8; 12 (up to 4095) and 16 give uint16.")

    @model_validator(mode="after")
    def _stays_on_the_field(self) -> Self:
        if 2 * self.drift >= min(self.shape):
            raise ValueError(f"a drift of {self.drift:g} px takes half of a frame of {self.shape[0]} × {self.shape[1]}")
        return self
