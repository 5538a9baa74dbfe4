"""Nuclei in phase contrast, learnt from labels that a stain made: a U-Net for masks (Salomon-Sörensen 2023).

A picture becomes the probability of each pixel to lie in a nucleus. Training masks are label images, made of a
fluorescence channel by `cytally.labelling` or by hand; the mask's components are the nuclei.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from cytally.datasets.example import Example
from cytally.errors import ConfigError
from cytally.methods.map_method import MapMethod
from cytally.methods.method import Method, MethodConfig
from cytally.networks.nucleus_unet import NucleusUNet
from cytally.readout.nuclei import (
    Splitting,
    between_touching,
    count_by_area,
    depth_in_objects,
    find_nuclei,
    median_area,
)
from cytally.results import Prediction

CERTAIN = 1e-7
"""Probabilities are kept so far from 0 and 1, where their logarithms end."""

DISAGREEING, SOME = 1.5, 5
"""Counts by objects and by area disagree when one is so many times the other, and at least so large."""


class NucleusUNetConfig(MethodConfig):
    """Settings of the nucleus U-Net. The defaults are the thesis's."""

    filters: int = Field(
        64, ge=1, description="Filters of the first level; they double from level to level. Thesis: 64."
    )
    levels: int = Field(4, ge=1, le=6, description="Levels above the bottom. Thesis: 4.")
    dropout: float = Field(
        0.05,
        ge=0,
        lt=1,
        description="Share of the values that dropout clears behind each change of level. Thesis: 0.05.",
    )
    gamma: float = Field(
        2.0,
        ge=0,
        description="Exponent of the focal loss: how little what is easy matters; 0 is cross entropy. Thesis: 2.",
    )
    alpha: float = Field(
        0.5, gt=0, lt=1, description="Weight of nuclei in the loss; the background has the rest. Thesis: 0.5."
    )
    gap: int = Field(
        0,
        ge=0,
        le=8,
        description="Pixels of background that training masks show on each side where nuclei touch, so that the "
        "network learns to part them; what is read gives them back. Thesis: 0.",
    )
    threshold: float = Field(
        0.5, gt=0, lt=1, description="Probability from which a pixel belongs to a nucleus. Thesis: 0.5."
    )
    split: Splitting = Field(
        "none",
        description="How components are split: `none` (thesis); `distance`, a watershed on the distance to the "
        "background; `probability`, one on the network's own output; `depth`, one on a second output, how deep inside "
        "its nucleus each pixel lies, which the network then learns beside the mask.",
    )
    separation: Annotated[float, Field(gt=0)] = Field(
        0.4,
        description="With `split`: least distance between the middles of two nuclei, in diameters of a nucleus. Ours.",
    )
    least_area: float = Field(
        0.0, ge=0, lt=1, description="Objects smaller than this share of a nucleus's area are left out. Thesis: 0."
    )
    nucleus_area: Annotated[float, Field(gt=0)] | Literal["auto"] = Field(
        "auto",
        description="Area of a single nucleus in pixels of the network's input. `auto` takes the median over the "
        "training data. Thesis: the median single nucleus.",
    )


class NucleusUNetMethod(MapMethod):
    """The nucleus U-Net.

    References
    ----------
    Salomon-Sörensen 2023 (labels, network, loss, counting); Lin et al. 2017, *Focal loss for dense object detection*.
    """

    name: ClassVar[str] = "nucleus-unet"
    reads: ClassVar[Literal["sum", "mask"]] = "mask"
    Config: ClassVar[type[MethodConfig]] = NucleusUNetConfig
    needs_labels: ClassVar[bool] = True
    counts_by_area: ClassVar[bool] = True
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "input": {"normalisation": "standard"},
        "augmentation": {"rotation": 45.0, "shift": 0.1, "shear": 10.0, "mix": 0.5, "turns": False, "blur": None},
        "training": {"batch_size": 4, "crop": 512, "epochs": 3000, "patience": 250, "judge_by": "loss"},
    }
    config: NucleusUNetConfig

    def fit_to(self, examples: Sequence[Example], like: Method | None = None) -> Self:
        """Work `nucleus_area: auto` out from the label images, else from the method to begin with.

        Raises
        ------
        ConfigError
            When no example shows a nucleus and `like` knows no area either.
        """
        if self.config.nucleus_area != "auto":
            return self
        area = median_area([example.labels for example in examples if example.labels is not None])
        if area is None and isinstance(like, NucleusUNetMethod):
            area = like.nucleus_area
        if area is None:
            raise ConfigError(
                "no label image shows a nucleus, so that its area is unknown",
                cure="add label images with nuclei, or set options.nucleus_area",
            )
        return type(self)(self.config.model_copy(update={"nucleus_area": area}), self.in_channels)

    @property
    def nucleus_area(self) -> float:
        """Area of a single nucleus in pixels, once it is known."""
        if self.config.nucleus_area == "auto":
            raise ValueError("nucleus_area is still 'auto': call fit_to with the training examples first")
        return float(self.config.nucleus_area)

    @property
    def cell_diameter(self) -> float:
        """That of a disc as large as a single nucleus."""
        return 2 * math.sqrt(self.nucleus_area / math.pi)

    def network(self) -> nn.Module:
        """Build the U-Net, untrained."""
        config = self.config
        outputs = 2 if config.split == "depth" else 1
        return NucleusUNet(self.in_channels, config.filters, config.levels, config.dropout, outputs)

    def targets(self, example: Example) -> NDArray[np.float32]:
        """1 in nuclei, 0 in the background and in the gap between nuclei that touch; with `split: depth` also how deep.

        (1, Y, X), or (2, Y, X) with the depth, 1 where a nucleus is furthest from its outline and 0 outside.
        """
        if example.labels is None:
            raise ValueError(f"the nuclei of {example.name} are not outlined")
        mask = example.labels > 0
        if self.config.gap:
            mask &= ~between_touching(example.labels, self.config.gap)
        maps = [mask.astype(np.float32)]
        if self.config.split == "depth":
            maps.append(depth_in_objects(example.labels))
        return np.stack(maps)

    def loss(self, output: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Binary focal loss, the mean over pixels (Lin et al. 2017, equation 5); plus the depth's squared error."""
        config, mask, wanted = self.config, output[:, :1], targets[:, :1] > 0.5
        right = torch.where(wanted, mask, 1 - mask).clamp(CERTAIN, 1 - CERTAIN)
        share = torch.where(wanted, config.alpha, 1 - config.alpha)
        losses = -share * (1 - right) ** config.gamma * right.log()
        if config.split == "depth":
            losses = losses + (output[:, 1:] - targets[:, 1:]).square()
        losses = torch.where(weights > 0, losses, 0.0)
        return losses.sum() / weights.sum().clamp(min=1)

    def read(self, output: NDArray[np.float32]) -> Prediction:
        """Threshold, components, splitting where asked for; the counts by both, and a flag where these disagree."""
        config = self.config
        labels, points = find_nuclei(
            output[0],
            depth=output[1] if config.split == "depth" else None,
            threshold=config.threshold,
            split=config.split,
            separation=config.separation * self.cell_diameter,
            least_area=config.least_area * self.nucleus_area,
            grow=config.gap,
        )
        by_area = count_by_area(labels, self.nucleus_area)
        count = float(len(points))
        disagree = max(count, by_area) >= SOME and max(count, by_area) > DISAGREEING * min(count, by_area)
        flags = ("counts-disagree",) if disagree else ()
        return Prediction(count, points=points, labels=labels, count_by_area=by_area, flags=flags)
