"""How a trained network is carried over to other images: what stays frozen, what thaws when, what is seen first."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Strategy = Literal["simultaneous", "frozen-core", "frozen-outer", "thaw"]
Share = Annotated[float, Field(gt=0, lt=1)]
FIRST_SHARE = 0.1


class TransferConfig(BaseModel):
    """Settings of `cytally transfer`. The strategies are those of Kenneweg, Stallmann & Hammer 2022."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    strategy: Strategy = Field(
        "simultaneous",
        description="`simultaneous` freezes nothing (the paper's best); `frozen-core` the shared layers and the "
        "regressor; `frozen-outer` the encoders and decoders that natural and drawn images have of their own; `thaw` "
        "begins as `thaw_from` says and unfreezes stage by stage.",
    )
    thaw_from: Literal["frozen-core", "frozen-outer"] = Field(
        "frozen-core", description="What `thaw` freezes to begin with."
    )
    stages: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] | None = Field(
        None,
        min_length=1,
        description="What `thaw` unfreezes in which order: parts of the network under a name of the stage, as "
        "`{regressor: [regressor], rest: [mean, expand]}`. `null`: the method's own stages.",
    )
    thaw_at: tuple[Share, ...] | None = Field(
        None,
        min_length=1,
        description="Shares of the run at which the stages unfreeze, rising. `null`: evenly spread, which is 1/5, "
        "2/5, 3/5, 4/5 for four stages, as in the released program.",
    )
    freeze: tuple[str, ...] = Field(
        (), description="Parts that stay frozen over the whole run, whatever the strategy, as `[natural_encoder.0]`."
    )
    first: Literal["drawn", "natural"] | None = Field(
        None, description="Which kind of pictures alone is learnt from at first. `null`: both from the beginning."
    )
    first_share: Share = Field(
        FIRST_SHARE, description="Share of the run that `first` lasts. Released program: 0.1, where it is asked for."
    )

    @model_validator(mode="after")
    def _stages_follow_each_other(self) -> Self:
        if self.strategy != "thaw" and (self.stages is not None or self.thaw_at is not None):
            raise ValueError(f"stages and thaw_at are for the strategy thaw, and this one is {self.strategy}")
        if self.strategy != "thaw" and self.thaw_from != "frozen-core":
            raise ValueError(f"thaw_from is for the strategy thaw, and this one is {self.strategy}")
        if self.first is None and self.first_share != FIRST_SHARE:
            raise ValueError("first_share says how long first lasts, and there is no first")
        if self.thaw_at is not None:
            late = next(((one, two) for one, two in pairwise(self.thaw_at) if two <= one), None)
            if late is not None:
                raise ValueError(f"the stages are out of order: {late[1]:g} comes after {late[0]:g} in thaw_at")
            if self.stages is not None and len(self.stages) != len(self.thaw_at):
                raise ValueError(f"there are {len(self.stages)} stages, but {len(self.thaw_at)} shares in thaw_at")
        return self
