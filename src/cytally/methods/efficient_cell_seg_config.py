"""The settings of EfficientCellSeg."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from cytally.methods.method import MethodConfig
from cytally.networks.efficient_cell_seg import STRIDE, Encoder


class EfficientCellSegConfig(MethodConfig):
    """Settings of EfficientCellSeg. The defaults are the paper's where it names any."""

    encoder: Encoder = Field("b5", description="Which EfficientNet the encoder is cut from. Paper: b5.")
    decoder: tuple[int, int, int, int] = Field(
        (64, 48, 32, 16), description="Filters of the decoder's levels, from the bottom up. Paper: 64, 48, 32, 16."
    )
    side: int | None = Field(
        384,
        ge=2 * STRIDE,
        description="Rows and columns that every slice or window is resized to, a multiple of 16. `null`: fully "
        "convolutional, pixels as they are. Paper: 384.",
    )
    weights: str | None = Field(
        None,
        description="Weights for the encoder to begin with: the path of a file (safetensors or .pth), `imagenet` to "
        "download them, or `null` for none. Read once, before training. Paper: ImageNet's.",
    )
    context: Literal["pseudocolours", "copies"] = Field(
        "pseudocolours",
        description="What the network sees: the slice coloured by its neighbours, or three `copies` of the slice, as "
        "the paper compares with. Paper: pseudocolours.",
    )
    foreground: float = Field(
        0.03,
        gt=0,
        le=1,
        description="Share of a neighbouring slice that is marked as foreground at the most, about twice what cells "
        "are expected to cover. Paper: 0.03.",
    )
    centres: bool = Field(
        False,
        description="Train a second network beside, for a heat map of the cells' centres. Paper: for Fluo-C3DL-MDA231.",
    )
    centre_size: float = Field(
        0.15, gt=0, description="Standard deviation of a centre's spot in the heat map, in cell diameters. Ours."
    )
    gap: int = Field(
        0,
        ge=0,
        le=8,
        description="Pixels of background that training masks show on each side where cells touch, so that the network "
        "learns to part them; what is read gives them back. Paper: 0.",
    )
    threshold: float = Field(0.5, gt=0, lt=1, description="Probability from which a pixel is in a cell. Paper: 0.5.")
    split: Literal["centres", "distance", "components"] = Field(
        "distance",
        description="How touching cells are parted: `centres`, a watershed from the peaks of the second network's heat "
        "map (paper: MDA231); `distance`, one on the distance to the background (TRIC); `components`, not at all "
        "(A549).",
    )
    separation: float = Field(
        0.5, gt=0, description="Least distance between the middles of two cells, in cell diameters. Ours."
    )
    objects: Literal["auto", "linked", "volume", "slices"] = Field(
        "auto",
        description="How objects arise: parted in each slice and `linked` from slice to slice; parted in the whole "
        "`volume` at once, which has to fit into memory; or per slice alone, each section an object of its own "
        "(`slices`, released program). `auto`: by `volume` up to 64 million voxels, `linked` beyond. Ours.",
    )
    link: float = Field(
        0.65,
        gt=0,
        le=1,
        description="With `linked`: least share of the smaller of two sections in neighbouring slices that lies in the "
        "other, for them to be one object. Ours.",
    )
    least_area: float = Field(
        0.1, ge=0, description="Objects of fewer voxels than this share of a cell's section are left out. Ours."
    )
    window: int | None = Field(
        1024,
        ge=4 * STRIDE,
        description="Slices larger than this are seen through overlapping windows of so many pixels; `null`: always "
        "whole. Paper: six patches of TRIC's 1745 × 2440 pixels, the others whole.",
    )
    overlap: float = Field(
        0.25, ge=0, le=0.75, description="Share of a window that its neighbour shows too. Released program: 0."
    )
    cell_diameter: Annotated[float, Field(gt=0)] | Literal["auto"] = Field(
        "auto",
        description="Typical diameter of a cell's section in pixels of the network's input. `auto` takes the median "
        "over the training data. Ours.",
    )

    @field_validator("side")
    @classmethod
    def _side_of_whole_steps(cls, side: int | None) -> int | None:
        if side is not None and side % STRIDE:
            raise ValueError(f"{side} is no multiple of {STRIDE}")
        return side

    @model_validator(mode="after")
    def _centres_are_learnt(self) -> Self:
        if self.split == "centres" and not self.centres:
            raise ValueError("to split by centres they have to be learnt: set options.centres=true")
        if self.centres and self.split != "centres":
            raise ValueError(
                f"options.split={self.split} never reads the centres that a second network would learn; leave them out"
            )
        return self
