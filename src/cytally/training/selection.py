"""Which moments of a training are kept."""

from __future__ import annotations

import torch
from torch import nn

from cytally.training.state import TrainingState

Weights = dict[str, torch.Tensor]


class Selection:
    """The weights that a run keeps: those of the best validation error, and the most accurate ones."""

    def __init__(self, network: nn.Module) -> None:
        self.best: Weights = weights_of(network)
        self.most_accurate: Weights = self.best

    def consider(
        self, network: nn.Module, metrics: dict[str, float], state: TrainingState, *, settled: bool, error: str = "mae"
    ) -> bool:
        """Keep the network's weights if their `error` is less, or `settled`; write down in `state` what they reached.

        Returns
        -------
        bool
            Whether its validation error is the best, or it is settled.
        """
        better = settled or metrics[error] < state.best_error
        if better:
            state.best_error, state.best_epoch, state.best_metrics = metrics[error], state.epoch, metrics
            self.best = weights_of(network)
        return better

    def consider_accuracy(self, network: nn.Module, metrics: dict[str, float], state: TrainingState) -> None:
        """The same by the share of counts that are exactly right."""
        if more_accurate(metrics, state.accurate_metrics):
            state.accurate_epoch, state.accurate_metrics = state.epoch, metrics
            self.most_accurate = weights_of(network)


def weights_of(network: nn.Module) -> Weights:
    """A copy of a network's weights and running statistics, on the CPU."""
    return {name: value.cpu().clone() for name, value in network.state_dict().items()}


def more_accurate(metrics: dict[str, float], before: dict[str, float]) -> bool:
    """Whether more counts are exactly right than `before`, or as many with a smaller error.

    Examples
    --------
    >>> before = {"accuracy": 0.5, "mae": 1.0}
    >>> [more_accurate({"accuracy": share, "mae": 0.9}, before) for share in (0.4, 0.5, 0.6)]
    [False, True, True]
    """
    return not before or (metrics["accuracy"], -metrics["mae"]) > (before["accuracy"], -before["mae"])
