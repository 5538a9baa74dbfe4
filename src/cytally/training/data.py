"""What a training learns from and is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cytally.datasets.example import Example


@dataclass(frozen=True)
class TrainingData:
    """The examples of a run.

    Parameters
    ----------
    training, validation
        Whole prepared images with their annotation.
    weights
        How often each training image is drawn relative to the others; None shows each once per epoch.
    ratio
        Drawn pictures per natural one, where the method keeps them apart.
    """

    training: Sequence[Example]
    validation: Sequence[Example]
    weights: Sequence[float] | None = None
    ratio: float = 1.0
