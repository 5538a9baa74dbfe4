"""What a model folder says of its model: model.json."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from cytally.calibration.intervals import Calibration
from cytally.calibration.training_range import TrainingRange
from cytally.training.configuration import Configuration

FORMAT = 1
"""Version of the layout of a model folder; another number is refused."""


class ModelCard(BaseModel):
    """The contents of model.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = Field(FORMAT, description="Version of the model folder's layout.")
    cytally_version: str = Field(description="The version that trained it.")
    name: str = Field("", description="Its name; empty for a user's own.")
    description: str = Field("", description="One sentence on what it counts.")
    method: str = Field(description="Name of the method.")
    configuration: Configuration = Field(description="Everything it was trained by, with `auto` worked out.")
    input_channels: int = Field(ge=1, description="Number of channels it takes.")
    normalisation: str = Field(description="How brightness is made comparable.")
    pixel_size: float | None = Field(None, description="Micrometres per pixel of the images it was made for.")
    training_data: dict[str, Any] = Field(description="Number of images and cells, and a fingerprint of each image.")
    validation: dict[str, float] = Field(description="Counting metrics on the validation images.")
    calibration: Calibration | None = Field(None, description="What turns a count into an interval; null: none yet.")
    provenance: dict[str, Any] = Field(description="When, where, by which command and for how long it was trained.")
    training_range: TrainingRange | None = Field(
        None,
        description="What the training images look like, to tell images unlike them; null: not known.",
    )
