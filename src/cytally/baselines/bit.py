"""Counting with a network for natural images that is made to be carried over: BiT's ResNet-50."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field
from torch import Tensor, nn

from cytally.baselines.bit_weights import find_weights, fit_bit
from cytally.baselines.count_regression import CountLayer, CountRegression, CountRegressionConfig
from cytally.methods.method import MethodConfig
from cytally.methods.twin_vae import TwinVAEMethod

STEM, STAGES = 64, (256, 512, 1024, 2048)
"""Filters of the first convolution and of the four stages, at width 1."""

SMALL_AREA, SMALL_SIDE, LARGE_SIDE = 96 * 96, 128, 480
"""Hyperrule: images below so many pixels are seen at the one side, others at the other."""

CLIP = 10.0
"""Norm of the gradient of squared errors of counts, with 2,048 features, none of them below zero: without a limit
the first steps at a learning rate of 0.003 may spoil the features for good. BiT's cross entropy needs none. Ours."""

Depth = Annotated[int, Field(ge=1)]


class BitConfig(CountRegressionConfig):
    """Settings of a BiT network that counts. The defaults are BiT's ResNet-50, and its authors' hyperrule."""

    side: Annotated[int, Field(ge=64)] | Literal["auto"] = Field(
        "auto",
        description="Rows and columns of the pictures that the network sees. `auto` is the hyperrule of BiT: 128 where "
        "the training images have fewer than 96 × 96 pixels (their median), else 480. BiT resizes to 160 and 512 and "
        "crops these; here the crop is the augmentation's. At 480 a picture takes 0.36 GB in training, so that a batch "
        "of 32 (BiT: 512) suits a graphics card of 24 GB, and 14 times the computation of 128.",
    )
    weights: str | None = Field(
        None,
        description="Weights to begin with: the path of a file (safetensors, .bin or .pth) or of a folder that "
        "transformers saved, `hub` to download google/bit-50, or `null` for none. Read once, before training. "
        "BiT: pretrained.",
    )
    layers: Literal["all", "last"] = Field(
        "all",
        description="What is trained: `all` layers, or the `last` alone, on what the pretrained layers before it see. "
        "BiT: all.",
    )
    depths: tuple[Depth, Depth, Depth, Depth] = Field(
        (3, 4, 6, 3),
        description="Blocks of the four stages. ResNet-50: 3, 4, 6, 3; ResNet-101: 3, 4, 23, 3; ResNet-152: 3, 8, 36, "
        "3.",
    )
    width: float = Field(
        1.0,
        ge=0.5,
        multiple_of=0.5,
        description="Factor on the filters of every layer, in steps of 0.5. BiT: 1 (its R50x1), up to 4.",
    )


class BitRegressor(nn.Module):
    """BiT's network with one output.

    It always takes three channels, as its published weights do: pictures of another number pass a 1 × 1 convolution,
    which begins by giving it three times their mean. In grey it then sees at first what it sees of the same picture in
    three equal colours.

    Parameters
    ----------
    channels
        Channels of the pictures.
    features
        A `transformers.BitModel` for three channels.
    width
        Number of features that it gives.
    """

    def __init__(self, channels: int, features: nn.Module, width: int) -> None:
        super().__init__()
        self.channels: nn.Module = nn.Identity()
        if channels != 3:
            self.channels = mixing = nn.Conv2d(channels, 3, 1, bias=False)
            nn.init.constant_(mixing.weight, 1 / channels)
        self.features = features
        self.count = CountLayer(width, 1)
        nn.init.zeros_(self.count.weight)

    def forward(self, pictures: Tensor) -> Tensor:
        """Counts (N, 1) of pictures (N, C, Y, X)."""
        found: Tensor = self.features(self.channels(pictures)).pooler_output
        counts: Tensor = self.count(found.flatten(1))
        return counts


class Bit(CountRegression):
    """BiT's ResNet-50 as a method.

    References
    ----------
    Kolesnikov et al. 2020, "Big Transfer (BiT): general visual representation learning": the network, how it is
    carried over (section 3.3), and the released program for what they leave open. Kenneweg, Stallmann & Hammer 2022
    compare with it. The network is the BitModel of transformers.
    """

    name: ClassVar[str] = "bit"
    Config: ClassVar[type[MethodConfig]] = BitConfig
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "input": {"normalisation": "range"},
        "augmentation": TwinVAEMethod.defaults["augmentation"],
        "training": {
            "batch_size": 32,
            "optimiser": "sgd",
            "learning_rate": 0.003,
            "momentum": 0.9,
            "schedule": "hyperrule",
            "clip": CLIP,
        },
    }
    config: BitConfig

    def __init__(self, config: Any, in_channels: int) -> None:
        super().__init__(config, in_channels)
        self.side = LARGE_SIDE if self.config.side == "auto" else self.config.side

    def sized(self, shapes: Sequence[tuple[int, ...]]) -> Self:
        """Work `side: auto` out by the hyperrule."""
        if self.config.side != "auto":
            return self
        config = self.config.model_copy(update={"side": hyperrule_side(shapes)})
        return type(self)(config, self.in_channels)

    def build(self) -> tuple[BitRegressor, CountLayer]:
        """The network of transformers, whose last layer begins with zeros, as BiT's does."""
        from transformers import BitConfig as Architecture  # takes seconds to import
        from transformers import BitModel

        config = self.config
        stem, *stages = (int(filters * config.width) for filters in (STEM, *STAGES))
        features = BitModel(Architecture(embedding_size=stem, hidden_sizes=stages, depths=list(config.depths)))
        network = BitRegressor(self.in_channels, features, stages[-1])
        return network, network.count

    def find_weights(self, given: str) -> Mapping[str, Tensor]:
        """Those of the hub, or those of a file or folder."""
        return find_weights(given)

    def begin_with(self, network: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
        """Published weights in all but the last layer and what comes before the first."""
        assert isinstance(network, BitRegressor)
        network.features.load_state_dict(fit_bit(weights, network.features, source))


def hyperrule_side(shapes: Sequence[tuple[int, ...]]) -> int:
    """Rows and columns of the pictures for images of these shapes (..., Y, X).

    Examples
    --------
    >>> hyperrule_side([(1, 64, 64), (1, 95, 96), (1, 600, 600)]), hyperrule_side([(1, 96, 96)]), hyperrule_side([])
    (128, 480, 480)
    """
    areas = [shape[-2] * shape[-1] for shape in shapes]
    return SMALL_SIDE if areas and np.median(areas) < SMALL_AREA else LARGE_SIDE
