"""How to track: every setting, with its unit. None throughout runs without settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Pixels = Annotated[float, Field(gt=0)]


class TrackingOptions(BaseModel):
    """How cells are followed from frame to frame.

    What is None is derived from the cells themselves (`cytally.timelapse.tracking_scale`).

    Examples
    --------
    >>> TrackingOptions(gap_frames=0).gap_frames
    0
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    diameter: Pixels | None = Field(
        None,
        description="Diameter of a cell, pixels. None: from the areas of its labels, or how near two points come.",
    )
    max_step: Pixels | None = Field(
        None,
        description="How far a cell goes from one frame to the next at most, pixels. None: five times the typical "
        "step, at least 0.6 diameters.",
    )
    gap_frames: int = Field(
        2, ge=0, le=50, description="For how many frames a cell may be missed and still be the same, frames."
    )
    area_weight: float = Field(
        0.5,
        ge=0,
        le=10,
        description="What a change of a label's area by a factor of two costs, in greatest steps. 0 leaves areas out.",
    )
    divisions: bool = Field(True, description="Whether cells may divide.")
    division_distance: Pixels | None = Field(
        None,
        description="How far apart two daughters may be where they are first seen, pixels. None: two diameters.",
    )
    confirm_frames: int = Field(
        2,
        ge=1,
        le=50,
        description="In how many frames a daughter must be seen for the division to count, and a cell for its end to "
        "count as a death, frames.",
    )
    border: Pixels | None = Field(
        None,
        description="Width of the rim of the field of view in which a cell comes from, or goes, outside, pixels. None: "
        "half a diameter and a typical step.",
    )
