"""What a drawn volume shall look like: every setting, with its unit."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from cytally.synthesis.config import ascending

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Slices = Annotated[int, Field(ge=1, le=4096)]
Side = Annotated[int, Field(ge=8, le=16384)]

Shares = Annotated[tuple[Share, Share], AfterValidator(ascending)]
Positives = Annotated[tuple[Positive, Positive], AfterValidator(ascending)]
NotNegatives = Annotated[tuple[NotNegative, NotNegative], AfterValidator(ascending)]
Few = Annotated[int, Field(ge=0, le=40)]
Numbers = Annotated[tuple[Few, Few], AfterValidator(ascending)]
Whole = Annotated[int, Field(ge=0, le=60_000)]


class VolumeConfig(BaseModel):
    """How to draw one fluorescence volume of whole cells or of nuclei.

    Lengths are in pixels of the plane, along z as well, or in diameters of the cell. A pair is a range from which one
    value is drawn per volume, unless its description says per cell.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    shape: tuple[Slices, Side, Side] = Field((32, 64, 64), description="Slices, height and width, voxels.")
    pixel_size: Positive = Field(0.5, description="Side of a pixel in the plane, micrometres.")
    z_spacing: Positives = Field((0.5, 0.5), description="Distance between slices, micrometres.")

    # How many, how large, where
    count: Annotated[tuple[Whole, Whole], AfterValidator(ascending)] = Field(
        (15, 40), description="How many cells have their centre in the volume, or as many as find a place."
    )
    diameter: Positives = Field(
        (8, 16), description="Typical diameter (of the ball of equal volume) in one volume, px, drawn log-uniformly."
    )
    diameter_spread: Share = Field(
        0.15, description="Standard deviation of diameters within a volume over their typical value."
    )
    layer: Shares = Field((0.0, 1.0), description="Part of the depth in which centres lie; per cell.")
    margin: NotNegative = Field(0.0, description="How far centres keep from the four sides, in radii of the cell.")
    touching: Shares = Field((0.3, 0.3), description="Share of cells placed so that they touch another.")
    allowed_overlap: Share = Field(
        0.1, description="How far two cells press into each other: 0 they touch, 1 their centres may coincide."
    )

    # Shape
    elongation: Positives = Field((1.0, 1.5), description="Longest over shortest axis in the plane; per cell.")
    flatness: Positives = Field((0.8, 1.0), description="Height over the mean diameter in the plane; per cell.")
    tilt: Share = Field(0.3, description="How far bodies lean out of the plane: 0 they lie flat, 1 any direction.")
    irregularity: Annotated[float, Field(ge=0, le=0.3)] = Field(
        0.05, description="Standard deviation of the surface about its ellipsoid over the radius."
    )
    lobes: Numbers = Field((0, 0), description="Lobes that bulge from the body; per cell.")
    protrusions: Numbers = Field((0, 0), description="Thin arms, as filopodia; per cell.")
    protrusion_length: Positives = Field((0.4, 1.0), description="Their length, diameters; per arm.")
    protrusion_width: Positives = Field((0.08, 0.16), description="Their width where they begin, diameters; per arm.")

    # Light
    brightness: Positives = Field(
        (60, 200), description="Typical light of a cell above the background, photons per voxel, drawn log-uniformly."
    )
    brightness_spread: Annotated[tuple[float, float], AfterValidator(ascending)] = Field(
        (2.0, 2.0), description="Ratio of the 95th to the 5th percentile of brightness among the cells of a volume."
    )
    dome: Shares = Field((0.3, 0.3), description="How much light falls from the middle of a cell to its surface.")
    texture: NotNegatives = Field((0.1, 0.3), description="Standard deviation of the logarithm of light in a cell.")
    texture_scale: Positives = Field((0.06, 0.12), description="Grain of that texture (Gaussian sigma), diameters.")
    debris: Numbers = Field((0, 0), description="Small specks that are no cells, per 100,000 voxels.")
    background: NotNegatives = Field((10, 40), description="Light where no cell is, photons per voxel.")
    unevenness: Shares = Field((0.0, 0.3), description="Relative amplitude of uneven illumination across the plane.")
    mottle: NotNegatives = Field((0.0, 0.2), description="Relative standard deviation of patches in the background.")

    # Optics and camera
    dimming: Shares = Field(
        (0.0, 0.4), description="Share of the cells' light that is lost from the first slice to the last."
    )
    blur: NotNegatives = Field((0.7, 1.3), description="Gaussian sigma of the optics in the plane, first slice, px.")
    axial_blur: NotNegatives = Field((1.5, 3.0), description="The same along z, px of the plane.")
    blur_growth: NotNegatives = Field((0.0, 0.5), description="How much wider both are at the last slice: 0.5 is half.")
    haze: Shares = Field((0.05, 0.15), description="Share of the light that spreads as a wide glow.")
    read_noise: NotNegatives = Field((2, 5), description="Standard deviation of the camera's noise, photons.")
    gain: Positives = Field((1, 4), description="Grey levels per photon, drawn log-uniformly.")
    offset: NotNegatives = Field((100, 100), description="Grey level of no light.")
    least_voxels: Annotated[int, Field(ge=1)] = Field(
        20, description="Cells of which the border leaves fewer voxels stay in the image and are not labelled."
    )
