"""Which drawn images a network sees beside the natural ones."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from cytally.synthesis.presets import preset_names


class DrawnConfig(BaseModel):
    """Drawn images of a training run. They are drawn when it begins, and never validate unless no natural one can."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    ratio: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0, description="Drawn images shown per natural one; 0 draws none. Twin-VAE paper: 1."
    )
    preset: str = Field("fluorescent-nuclei", description="What is drawn, as `cytally synthesize` names it.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings in which it differs from the preset.")
    images: int = Field(2000, ge=1, le=100_000, description="How many different images are drawn.")
    counts: Literal["preset", "natural"] = Field(
        "preset",
        description="How many cells there are: as the `preset` says (paper), or as in the labelled `natural` "
        "images that are trained on, smoothed between the few numbers that these have.",
    )
    background: Literal["preset", "natural"] = Field(
        "preset",
        description="What is behind the cells: as the `preset` says, or the mean of the labelled `natural` "
        "images with the fewest cells, a tenth of them and at least ten (paper).",
    )

    @field_validator("preset")
    @classmethod
    def _known(cls, preset: str) -> str:
        if preset not in preset_names():
            raise ValueError(f"there is no preset '{preset}'; choose one of {', '.join(preset_names())}")
        return preset
