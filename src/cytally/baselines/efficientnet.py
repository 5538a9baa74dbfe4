"""Counting with a network for natural images: an EfficientNet whose one output is the count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field
from torch import Tensor, nn

from cytally.baselines.count_regression import CountLayer, CountRegression, CountRegressionConfig
from cytally.methods.efficientnet_weights import find_weights, fit_efficientnet
from cytally.methods.method import MethodConfig

BATCH_NORM = ("batch", {"eps": 1e-3, "momentum": 0.1})
"""MONAI's momentum of 0.01 needs several hundred steps until the running statistics follow; runs from few images may
end before that, and would then count with statistics of nothing."""


class EfficientNetConfig(CountRegressionConfig):
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


class EfficientNet(CountRegression):
    """An EfficientNet as a method; subclasses name its size.

    References
    ----------
    Tan & Le 2019, "EfficientNet: rethinking model scaling for convolutional neural networks"; Stallmann et al. 2020,
    who compare with it. The network is MONAI's EfficientNetBN.
    """

    Config: ClassVar[type[MethodConfig]] = EfficientNetConfig
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "input": {"normalisation": "range"},
        "augmentation": {"blur": None},
        "training": {"batch_size": 64, "learning_rate": 1e-3, "weight_decay": 1e-6},
    }
    config: EfficientNetConfig

    def __init__(self, config: Any, in_channels: int) -> None:
        super().__init__(config, in_channels)
        self.side = self.config.side

    def build(self) -> tuple[nn.Module, CountLayer]:
        """MONAI's network, whose last layer begins small."""
        from monai.networks.nets.efficientnet import EfficientNetBN  # takes seconds to import

        network = EfficientNetBN(
            self.name, pretrained=False, in_channels=self.in_channels, num_classes=1, norm=BATCH_NORM
        )
        network._fc = last = CountLayer(network._fc.in_features, 1)
        nn.init.normal_(last.weight, std=0.01)
        return network, last

    def find_weights(self, given: str) -> Mapping[str, Tensor]:
        """Those of ImageNet by download, or those of a file."""
        return find_weights(given, self.name)

    def begin_with(self, network: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
        """Published weights, in MONAI's or their own numbering, the first convolution made for these channels."""
        network.load_state_dict(fit_efficientnet(weights, network, source))


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
