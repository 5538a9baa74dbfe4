"""How long to train and how the learning rate falls, by the number of images alone: the hyperrule of BiT."""

from __future__ import annotations

from cytally.training.config import TrainingConfig

SMALL, MEDIUM = 20_000, 500_000
"""Below so many images a task is small, or medium."""

FALL = 0.1
"""What is left of the learning rate at each milestone."""


def milestones(images: int) -> tuple[int, ...]:
    """Steps at which the warm-up is over, at which the learning rate falls to a tenth, and at which training ends.

    Parameters
    ----------
    images
        Number of training images.

    References
    ----------
    Kolesnikov et al. 2020, *Big Transfer (BiT): general visual representation learning*, section 3.3, and the program
    that they released for the warm-up and the falls of small tasks.

    Examples
    --------
    >>> milestones(500)
    (100, 200, 300, 400, 500)
    """
    if images < SMALL:
        return 100, 200, 300, 400, 500
    if images < MEDIUM:
        return 500, 3000, 6000, 9000, 10_000
    return 500, 6000, 12_000, 18_000, 20_000


def hyperrule_factor(images: int, done: float) -> float:
    """Factor of the learning rate when the share `done` of the run is behind.

    A run of another length than the rule's has its milestones at the same shares.

    Examples
    --------
    >>> [round(hyperrule_factor(500, done), 6) for done in (0.0, 0.1, 0.2, 0.4, 0.6, 0.8)]
    [0.0, 0.5, 1.0, 0.1, 0.01, 0.001]
    """
    *steps, end = milestones(images)
    warm, *falls = (step / end for step in steps)
    return min(1.0, done / warm) * FALL ** sum(done >= fall for fall in falls)


def with_end(config: TrainingConfig, images: int) -> TrainingConfig:
    """The configuration with the rule's number of steps, where it goes by the rule and has no limit of its own."""
    if config.schedule != "hyperrule" or config.steps or config.epochs:
        return config
    return config.model_copy(update={"steps": milestones(images)[-1]})
