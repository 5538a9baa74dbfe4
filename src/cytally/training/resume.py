"""What a checkpoint holds of a run, and how a run takes it up again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cytally.errors import ModelError
from cytally.training.checkpoint import load_checkpoint, save_checkpoint
from cytally.training.state import TrainingState

if TYPE_CHECKING:
    from cytally.training.loop import Trainer


def save_run(trainer: Trainer, path: Path) -> None:
    """Write all that a run needs to go on: weights, their average, the optimiser, the best, and where it stands."""
    state = {
        "state": vars(trainer.state),
        "network": trainer.network.state_dict(),
        "average": trainer.average.network.state_dict(),
        "optimiser": {} if trainer.optimiser is None else trainer.optimiser.state_dict(),
        "best": trainer.selection.best,
        "most_accurate": trainer.selection.most_accurate,
    }
    save_checkpoint(path, state)


def restore_run(trainer: Trainer, path: Path) -> None:
    """Take up again what `save_run` wrote.

    Raises
    ------
    ModelError
        When it cannot be read, or is of a run with another configuration.
    """
    saved = load_checkpoint(path)
    try:
        trainer.network.load_state_dict(saved["network"])
        trainer.average.network.load_state_dict(saved["average"])
        if trainer.optimiser is not None:
            factors = [group["factor"] for group in trainer.optimiser.param_groups]
            trainer.optimiser.load_state_dict(saved["optimiser"])
            for group, factor in zip(trainer.optimiser.param_groups, factors, strict=True):
                group["factor"] = factor  # which checkpoints of earlier versions lack
        trainer.selection.best, trainer.selection.most_accurate = saved["best"], saved["most_accurate"]
        trainer.state = TrainingState(**saved["state"])
    except (RuntimeError, ValueError, LookupError, TypeError) as error:
        raise ModelError(
            "is the checkpoint of a run with another configuration",
            file=path,
            cure="resume with the configuration it began with, or train anew with --overwrite",
        ) from error
