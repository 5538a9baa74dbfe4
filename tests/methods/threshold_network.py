"""A network for tests of what happens around one: cells are what is brighter than the middle of a slice's range."""

from __future__ import annotations

from typing import Any

import torch

from cytally.training.configuration import Configuration, make_configuration


class Threshold(torch.nn.Module):
    """Takes the pictures (N, 3, Y, X) of a `VolumeMethod`, and gives the probability of each pixel (N, 1, Y, X)."""

    def __init__(self) -> None:
        super().__init__()
        self.steepness = torch.nn.Parameter(torch.tensor(50.0))

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.steepness * (picture[:, 1:2] - 0.5))


def threshold_configuration(**options: Any) -> Configuration:
    """The configuration of a model with that network: objects are components of cells of 8 pixels' diameter."""
    known = {"side": None, "context": "copies", "split": "components", "cell_diameter": 8.0}
    return make_configuration({"method": "efficient-cell-seg", "options": {**known, **options}})
