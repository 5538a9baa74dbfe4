"""What networks for natural images share that are made to count: one output, weights to begin with, a start."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from cytally.datasets.example import Example
from cytally.images.pictures import picture_shape
from cytally.methods.method import Method
from cytally.methods.picture_method import Moment, PictureConfig, PictureMethod, Pictures, count_error


class CountRegressionConfig(PictureConfig):
    """Settings that all of them have."""

    weights: str | None = Field(None, description="Weights to begin with, or `null` for none.")
    layers: Literal["all", "last"] = Field(
        "all",
        description="What is trained: `all` layers, or the `last` alone, on what the pretrained layers before it see.",
    )
    start: float | Literal["auto"] = Field(
        "auto",
        description="Count that an untrained network begins around; `auto` takes the mean of the training pictures. "
        "Ours.",
    )


class CountLayer(nn.Linear):
    """The last layer, in 32 bits even where the rest runs in 16: of 30 cells, 16 bits know eighths alone."""

    def forward(self, features: Tensor) -> Tensor:
        """Counts (N, 1) from features (N, F)."""
        with torch.autocast(features.device.type, enabled=False):
            return super().forward(features.float())


class CountRegression(PictureMethod):
    """A network for natural images as a method that counts."""

    learns_from_counts: ClassVar[bool] = True
    config: CountRegressionConfig

    def __init__(self, config: Any, in_channels: int) -> None:
        super().__init__(config, in_channels)
        self._weights: tuple[str, Mapping[str, Tensor]] | None = None

    @abstractmethod
    def build(self) -> tuple[nn.Module, CountLayer]:
        """The network with random weights, and its last layer."""

    @abstractmethod
    def find_weights(self, given: str) -> Mapping[str, Tensor]:
        """The published weights that `options.weights` names."""

    @abstractmethod
    def begin_with(self, network: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
        """Put published weights into the network, but for a last layer of another size."""

    def fit_to(self, examples: Sequence[Example], like: Method | None = None) -> Self:
        """Work `start: auto` out, and read the weights to begin with.

        The weights stay with the method that is returned, not with its configuration: a model that was trained once has
        its own, and needs neither the file nor the download again.

        Raises
        ------
        ModelError
            When the weights cannot be read or do not fit.
        """
        config = self.config
        if config.start == "auto":
            config = config.model_copy(update={"start": self._mean_count(examples, like)})
        fitted = type(self)(config, self.in_channels)
        if config.weights is not None:
            fitted._weights = (config.weights, self.find_weights(config.weights))
            fitted.network()  # so that what does not fit is said at once
        return fitted

    def network(self) -> nn.Module:
        """Build the network: from scratch, or with the weights that `fit_to` has read."""
        network, last = self.build()
        nn.init.constant_(last.bias, 0.0 if self.config.start == "auto" else self.config.start)
        if self._weights is not None:
            source, weights = self._weights
            self.begin_with(network, weights, source)
        if self.config.layers == "last":
            network.requires_grad_(False)
            last.requires_grad_(True)
        return network

    def loss(self, network: nn.Module, pictures: Pictures, moment: Moment) -> Tensor:
        """Mean squared error of the counts of labelled pictures, natural or drawn."""
        return count_error(network(pictures.images), pictures)

    def _mean_count(self, examples: Sequence[Example], like: Method | None) -> float:
        """Mean count of pictures cut from the examples, cells being spread evenly."""
        counts = []
        for example in examples:
            if example.points is not None or example.total is not None:
                rows, columns = example.image.shape[-2:]
                shape = picture_shape((rows, columns), self.side, self.config.larger)
                counts.append(example.count * self.side**2 / (shape[0] * shape[1]))
        if not counts and isinstance(like, CountRegression) and like.config.start != "auto":
            return like.config.start
        return float(np.mean(counts)) if counts else 0.0
