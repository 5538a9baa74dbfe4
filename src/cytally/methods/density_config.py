"""Settings of the density method."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cytally.methods.method import MethodConfig
from cytally.networks.normalisation import Normalisation


class DensityConfig(MethodConfig):
    """Settings of the density method. The defaults are the paper's."""

    sigma: Annotated[float, Field(gt=0)] | Literal["auto"] = Field(
        6.0,
        description="Standard deviation of a cell's Gaussian, in pixels of the network's input. `auto` takes 0.3 of "
        "the median distance between nearest neighbours in the training data, at least 1.5 and at most 6; with counts "
        "alone that of the model to begin with, else 6. Paper: 6.",
    )
    kernel: Literal["gaussian", "square", "object"] = Field(
        "gaussian",
        description="What a cell adds to the training map: a round `gaussian` (paper); a `square` of √12 σ pixels a "
        "side, which has the standard deviation σ and makes every pixel count the cells around it (redundant counting, "
        "Cohen et al. 2017); or a Gaussian of its `object`'s own shape in the label image (round without one).",
    )
    object_spread: float = Field(
        0.5,
        gt=0,
        description="With the kernel `object`: the Gaussian's standard deviation along each axis over that of the "
        "object's pixels. Ours.",
    )
    amplitude: float = Field(
        100.0, gt=0, description="Factor on the training maps, so that the loss is not vanishingly small. Paper: 100."
    )
    channels: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (32, 64, 128, 256), min_length=2, description="Filters per level of the U-Net. Paper: 32, 64, 128, 256."
    )
    normalisation: Normalisation = Field(
        "batch",
        description="Layer behind each leaky ReLU: `batch` (paper), `group` (cannot count in tiles), `layer` (over the "
        "channels of each pixel), `none`.",
    )
    loss: Literal["l1", "l2"] = Field(
        "l1",
        description="Per-pixel loss: `l1`, the mean absolute difference (paper), or `l2`, the mean squared difference, "
        "whose optimum is the mean of what is possible and so keeps sums.",
    )
    count_weight: float = Field(
        0.0,
        ge=0,
        description="Weight of the patch's count in the loss: the absolute mean difference beside the mean absolute "
        "difference. Paper: 0.",
    )
    deep_supervision: float = Field(
        0.0,
        ge=0,
        description="Weight in the loss of each coarser map that the decoder then gives as well, in training alone "
        "(He et al. 2021); from three levels of `channels` on. Counts alone do not feel it. Paper: 0, none.",
    )

    stem_stride: Literal[1, 2] = Field(
        1,
        description="2: a convolution of stride 2 comes first and the map, made at half the size, is brought back with "
        "its sum, so that the network does a quarter of the work. Paper: 1, none.",
    )
    separable: bool = Field(
        False,
        description="Whether the 3×3 convolutions are split into one of each channel by itself and a 1×1 over them all "
        "(Chollet 2017): fewer weights, and fewer multiplications than processors make use of. Paper: no.",
    )

    @model_validator(mode="after")
    def _there_are_coarser_maps(self) -> Self:
        if self.deep_supervision and len(self.channels) < 3:
            raise ValueError(f"deep_supervision needs three levels of channels or more, not {len(self.channels)}")
        return self
