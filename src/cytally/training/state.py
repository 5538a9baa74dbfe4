"""Where a training run stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass
class TrainingState:
    """Where a run stands; what a checkpoint holds beside the weights."""

    epoch: int = 0
    place: int = 0
    """Steps done of the present epoch."""
    step: int = 0
    seconds: float = 0.0
    frozen: bool = False
    """Whether batch norm keeps its statistics by now."""
    thawed_at: dict[str, int] = field(default_factory=dict)
    """The step before which each stage of frozen parts thawed, of those that did."""
    first_over: bool = False
    """Whether the time is over in which one kind of pictures alone is learnt from."""
    alone: Literal["drawn", "natural"] | None = None
    """The kind of pictures that the present epoch is made of, where it is one alone."""
    learning_rate: float = float("nan")
    """That of the last step, for parts that have no factor of their own."""
    best_error: float = float("inf")
    best_epoch: int = -1
    best_metrics: dict[str, float] = field(default_factory=dict)
    """Counting metrics on the validation images at `best_epoch`."""
    accurate_epoch: int = -1
    accurate_metrics: dict[str, float] = field(default_factory=dict)
    """The same at the epoch with most counts exactly right, where that is asked for."""
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def thawed(self) -> int:
        """Stages of frozen parts that are thawed by now."""
        return len(self.thawed_at)


@dataclass(frozen=True)
class TrainingProgress:
    """What a progress bar shows."""

    done: float
    epoch: int
    step: int
    seconds: float
    loss: float
    validation_error: float
    best_error: float
