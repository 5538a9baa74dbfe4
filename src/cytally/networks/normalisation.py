"""The normalisation layers a network may be built with, and what each means for counting in tiles."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Normalisation = Literal["batch", "group", "layer", "none"]

GROUPS = 8
"""Groups of a group norm; fewer where the channels are no multiple of it."""


class LayerNorm2d(nn.Module):
    """Layer norm over the channels of each pixel by itself.

    Unlike group norm it takes no statistics over Y and X, so a tile sees exactly what the whole image would.

    Parameters
    ----------
    channels
        Number of channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels  # a number of its own: a traced shape would be no constant to ONNX
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (N, C, Y, X) over C."""
        last = x.permute(0, 2, 3, 1)
        # Autocast would convert to 32 bits and back; on the CPU the layer takes 16-bit pixels with 32-bit weights
        # and computes in 32 bits all the same.
        with torch.autocast(x.device.type, enabled=torch.is_autocast_enabled(x.device.type) and x.device.type != "cpu"):
            normalised = functional.layer_norm(last, (self.channels,), self.weight, self.bias)
        return normalised.permute(0, 3, 1, 2)


def normalisation_layer(kind: Normalisation, channels: int) -> nn.Module:
    """Build the layer that normalises (N, `channels`, Y, X).

    Parameters
    ----------
    kind
        ``batch``: statistics of the batch in training, running ones afterwards (the papers' choice).
        ``group``: statistics of each image over Y and X; its output therefore depends on what else is in view,
        and a network with it cannot count in tiles. ``layer``: over the channels of each pixel. ``none``.
    channels
        Number of channels.
    """
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    if kind == "group":
        return nn.GroupNorm(math.gcd(GROUPS, channels), channels)
    if kind == "layer":
        return LayerNorm2d(channels)
    return nn.Identity()
