"""How far a run has come, when it ends, and the learning rate on the way."""

from __future__ import annotations

import math

from cytally.training.config import TrainingConfig

LAST_SHARE = 0.01
"""What a cosine schedule leaves of the learning rate at the end."""


def progress(config: TrainingConfig, *, step: int, epoch: int, seconds: float, minutes: float | None) -> float:
    """Share of the run that is done, 0 to 1, by whichever limit is nearest; 0 where there is none.

    Examples
    --------
    >>> progress(TrainingConfig(steps=100, epochs=4), step=10, epoch=2, seconds=0.0, minutes=None)
    0.5
    """
    shares = [0.0]
    if config.steps:
        shares.append(step / config.steps)
    if config.epochs:
        shares.append(epoch / config.epochs)
    if minutes is not None:
        shares.append(seconds / (60 * minutes) if minutes > 0 else 1.0)
    return min(1.0, max(shares))


def learning_rate(config: TrainingConfig, *, step: int, done: float) -> float:
    """Adam's learning rate at `step`, when the share `done` of the run is behind.

    Linear warm-up over `warmup_steps`; then constant, or a half cosine down to a hundredth
    (Loshchilov & Hutter 2017, equation 5, one cycle).
    """
    rate = config.learning_rate
    if config.schedule == "cosine":
        rate *= LAST_SHARE + (1 - LAST_SHARE) * 0.5 * (1 + math.cos(math.pi * done))
    if config.warmup_steps:
        rate *= min(1.0, (step + 1) / config.warmup_steps)
    return rate
