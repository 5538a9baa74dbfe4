"""Counting with a network for natural images: an EfficientNet whose one output is the count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, cast

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from cytally.baselines.pretrained import download_weights, fit_weights, read_weights
from cytally.datasets.example import Example
from cytally.images.pictures import picture_shape
from cytally.methods.method import Method, MethodConfig
from cytally.methods.picture_method import Moment, PictureConfig, PictureMethod, Pictures, count_error

BATCH_NORM = ("batch", {"eps": 1e-3, "momentum": 0.1})
"""MONAI's momentum of 0.01 needs several hundred steps until the running statistics follow; runs from few images may
end before that, and would then count with statistics of nothing."""


class EfficientNetConfig(PictureConfig):
    """Settings of an EfficientNet that counts."""

    side: int = Field(
        128,
        ge=64,  # below, one pixel is left at the end, of which a batch of one has no statistics
        description="Rows and columns of the pictures that the network sees. Paper: its images have 128; the released "
        "program enlarges them to the network's own size (224, 240, 260 and 300 for b0 to b3).",
    )
    weights: str | None = Field(
        None,
        description="Weights to begin with: the path of a file (safetensors or .pth), `imagenet` to download them, or "
        "`null` for none. Read once, before training. Released program: ImageNet's.",
    )
    layers: Literal["all", "last"] = Field(
        "all",
        description="What is trained: `all` layers, or the `last` alone, on what the pretrained layers before it see. "
        "Released program: the last.",
    )
    start: float | Literal["auto"] = Field(
        "auto",
        description="Count that an untrained network begins around; `auto` takes the mean of the training pictures. "
        "Ours.",
    )


class EfficientNet(PictureMethod):
    """An EfficientNet as a method; subclasses name its size.

    References
    ----------
    Tan & Le 2019, "EfficientNet: rethinking model scaling for convolutional neural networks"; Stallmann et al. 2020,
    who compare with it. The network is MONAI's EfficientNetBN.
    """

    Config: ClassVar[type[MethodConfig]] = EfficientNetConfig
    learns_from_counts: ClassVar[bool] = True
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "input": {"normalisation": "range"},
        "augmentation": {"blur": None},
        "training": {"batch_size": 64, "learning_rate": 1e-3, "weight_decay": 1e-6},
    }
    config: EfficientNetConfig

    def __init__(self, config: Any, in_channels: int) -> None:
        super().__init__(config, in_channels)
        self.side = self.config.side
        self._weights: tuple[str, dict[str, Tensor]] | None = None

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
            hub = config.weights == "imagenet"
            found = download_weights(self.name) if hub else read_weights(Path(config.weights))
            fitted._weights = (config.weights, found)
            fitted.network()  # so that what does not fit is said at once
        return fitted

    def network(self) -> nn.Module:
        """Build the network: from scratch, or with the weights that `fit_to` has read."""
        from monai.networks.nets.efficientnet import EfficientNetBN  # takes seconds to import

        network = EfficientNetBN(
            self.name, pretrained=False, in_channels=self.in_channels, num_classes=1, norm=BATCH_NORM
        )
        features = network._fc.in_features
        network._fc = _Count(features, 1)
        nn.init.normal_(network._fc.weight, std=0.01)
        nn.init.constant_(network._fc.bias, 0.0 if self.config.start == "auto" else self.config.start)
        if self._weights is not None:
            source, weights = self._weights
            network.load_state_dict(fit_weights(weights, network, source))
        if self.config.layers == "last":
            network.requires_grad_(False)
            network._fc.requires_grad_(True)
        return cast(nn.Module, network)

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
        if not counts and isinstance(like, EfficientNet) and like.config.start != "auto":
            return like.config.start
        return float(np.mean(counts)) if counts else 0.0


class _Count(nn.Linear):
    """The last layer, in 32 bits even where the rest runs in 16: of 30 cells, 16 bits know eighths alone."""

    def forward(self, features: Tensor) -> Tensor:
        with torch.autocast(features.device.type, enabled=False):
            return super().forward(features.float())


class EfficientNetB0(EfficientNet):
    """EfficientNet-B0, 4.0 million parameters."""

    name: ClassVar[str] = "efficientnet-b0"


class EfficientNetB1(EfficientNet):
    """EfficientNet-B1, 6.5 million parameters."""

    name: ClassVar[str] = "efficientnet-b1"


class EfficientNetB2(EfficientNet):
    """EfficientNet-B2, 7.7 million parameters."""

    name: ClassVar[str] = "efficientnet-b2"


class EfficientNetB3(EfficientNet):
    """EfficientNet-B3, 10.7 million parameters."""

    name: ClassVar[str] = "efficientnet-b3"
