"""How far a run has come, when it ends, and the learning rate on the way."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cytally.training.config import TrainingConfig
from cytally.training.hyperrule import hyperrule_factor

LAST_SHARE = 0.01
"""What a cosine schedule leaves of the learning rate at the end."""


def progress(config: TrainingConfig, *, step: int, epoch: float, seconds: float, minutes: float | None) -> float:
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


def learning_rate(
    config: TrainingConfig, *, step: int, done: float, epoch: int = 0, images: int = 0, plateaus: int = 0
) -> float:
    """The learning rate at `step` of `epoch`, when the share `done` of the run is behind.

    Linear warm-up over `warmup_steps` or `warmup_share`, of which there is none where nothing limits the run; then
    constant, a half cosine down to a hundredth (Loshchilov & Hutter 2017, equation 5, one cycle), or an exponential
    decay, epoch by epoch. BiT's hyperrule goes by the number of training `images`, and has a warm-up of its own.
    `plateau` goes by how many `plateaus` of the validation error are behind.

    Examples
    --------
    >>> config = TrainingConfig(learning_rate=1.0, schedule="decay", decay_rate=0.5, epochs=10, warmup_share=0.2)
    >>> [round(learning_rate(config, step=9, done=epoch / 10, epoch=epoch), 6) for epoch in (1, 2, 3)]
    [0.5, 1.0, 0.5]
    """
    rate = config.learning_rate
    if config.schedule == "hyperrule":
        return rate * hyperrule_factor(images, done)
    if config.schedule == "cosine":
        rate *= LAST_SHARE + (1 - LAST_SHARE) * 0.5 * (1 + math.cos(math.pi * done))
    if config.schedule == "plateau":
        rate *= config.plateau_factor**plateaus
    if config.schedule == "decay":
        rate *= config.decay_rate ** _epochs_since_warmup(config, epoch, step, done)
    rises = [1.0]
    if config.warmup_steps:
        rises.append((step + 1) / config.warmup_steps)
    if config.warmup_share and (done or config.steps or config.epochs):
        rises.append(done / config.warmup_share)
    return rate * min(rises)


def plateaus(errors: Sequence[tuple[int, float]], wait: int) -> int:
    """How often the error did not fall for `wait` epochs, each epoch being part of one plateau at the most.

    Parameters
    ----------
    errors
        Epoch and error of each validation, in order.
    wait
        Epochs.

    Examples
    --------
    >>> plateaus([(1, 0.5), (2, 0.4), (3, 0.4), (4, 0.6), (5, 0.3)], wait=2)
    1
    """
    best, since, number = math.inf, 0, 0
    for epoch, error in errors:
        if error < best:
            best, since = error, epoch
        elif epoch - since >= wait:
            number, since = number + 1, epoch
    return number


def _epochs_since_warmup(config: TrainingConfig, epoch: int, step: int, done: float) -> float:
    """Epochs that are behind, but for the share of them that went by while the learning rate rose."""
    risen = max(config.warmup_steps / step if step else 0.0, config.warmup_share / done if done else 0.0)
    return max(0.0, epoch * (1 - risen))
