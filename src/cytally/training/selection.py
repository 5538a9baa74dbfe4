"""Which moments of a training are kept."""

from __future__ import annotations

import torch
from torch import nn

Weights = dict[str, torch.Tensor]


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
