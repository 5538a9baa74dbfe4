"""How a trained model counts, whatever the method."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from cytally.inference.torch_backend import Precision


class CountingConfig(BaseModel):
    """Settings of counting with a trained model; they travel with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    precision: Precision = Field(
        "auto",
        description="Number type of the convolutions: `auto` takes bfloat16 where the processor has it, which is about "
        "twice as fast and shifts counts by up to half a per cent; `float32` is exact. Paper: float32.",
    )
    flips: bool = Field(
        False,
        description="Count by the mean of the outputs for all eight turns and mirror images: steadier, at eight times "
        "the time. While training, validation images are counted once. Paper: no.",
    )
