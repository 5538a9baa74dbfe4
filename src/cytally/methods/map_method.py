"""Methods whose network turns an image of any size into a map as large, from which the cells are read."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from cytally.datasets.example import Example
from cytally.methods.method import Method
from cytally.results import Prediction


class MapMethod(Method):
    """A method whose network turns (N, C, Y, X) into maps (N, K, Y, X).

    It is trained on crops in which every cell is marked and, where it `learns_from_counts`, on whole images of which
    only the number of cells is known. Large images are counted in tiles.
    """

    @abstractmethod
    def targets(self, example: Example) -> NDArray[np.float32]:
        """What the network should say of `example`: (K, Y, X)."""

    @abstractmethod
    def loss(self, output: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """How far `output` (N, K, Y, X) is from `targets` of the same shape, one number to minimise.

        `weights` (N, 1, Y, X) are 0 where a crop does not show enough to judge by, else 1. In training a network may
        give further channels behind the first K, as coarser guesses; what they are for is this function's to know.
        """

    def count_loss(self, output: Tensor, counts: Tensor, weights: Tensor) -> Tensor:
        """How far `output` (N, K, Y, X) is from the `counts` (N,) of whole images; `weights` are 0 beyond an image."""
        raise NotImplementedError(f"{self.name} cannot learn from counts alone")

    @abstractmethod
    def read(self, output: NDArray[np.float32]) -> Prediction:
        """Read a prediction from the network's whole-image output (K, Y, X)."""
