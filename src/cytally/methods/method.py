"""What every method offers: a network, targets to train it on, a loss, and a read-out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from cytally.datasets.example import Example
from cytally.results import Prediction


class MethodConfig(BaseModel):
    """Settings of a method. Unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Method(ABC):
    """A way from a picture to a count.

    A method knows nothing of files or of the loop that trains it. Subclasses register in the entry-point group
    ``cytally.methods`` under their name, so that another package can add one.

    Parameters
    ----------
    config
        Its settings, an instance of `Config`.
    in_channels
        Channels of the pictures that its network takes.
    """

    name: ClassVar[str]
    Config: ClassVar[type[MethodConfig]]
    learns_from_counts: ClassVar[bool] = False
    """Whether `count_loss` is there for images of which only the number of cells is known."""

    def __init__(self, config: Any, in_channels: int) -> None:
        self.config = config
        self.in_channels = in_channels

    def fit_to(self, examples: Sequence[Example], like: Method | None = None) -> Self:
        """Return this method with the settings that are left to the data (``auto``) worked out from `examples`.

        What the examples cannot tell is taken from `like`, the method of the model that training begins with.
        """
        return self

    @abstractmethod
    def network(self) -> nn.Module:
        """Build the network, untrained: (N, C, Y, X) to (N, K, Y, X)."""

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

    @property
    @abstractmethod
    def cell_diameter(self) -> float:
        """Typical diameter of a cell in pixels of the network's input."""

    @property
    def flip_tolerance(self) -> float:
        """Share of the count by which mirroring the picture may change it."""
        return 0.15
