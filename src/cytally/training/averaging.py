"""A running average of the weights, steadier than the weights of any one step."""

from __future__ import annotations

import copy

import torch
from torch import nn


class AveragedNetwork:
    """Exponential moving average of a network's weights and running statistics.

    After step t the average is d·average + (1 - d)·network with d = min(decay, (1 + t) / (10 + t)): early on it
    forgets fast, so that a short run is not spoilt by the first weights (Polyak & Juditsky 1992).

    Parameters
    ----------
    network
        The network being trained.
    decay
        d of a long run; 0 follows the network itself.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = copy.deepcopy(network).requires_grad_(False)

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights after `step`."""
        weight = 1 - min(self.decay, (1 + step) / (10 + step))
        mine, theirs = self.network.state_dict(), network.state_dict()
        floats = [name for name, value in theirs.items() if value.is_floating_point()]
        for name in theirs.keys() - set(floats):  # counters
            mine[name].copy_(theirs[name])
        torch._foreach_lerp_([mine[name] for name in floats], [theirs[name] for name in floats], weight)
