"""EfficientCellSeg: cells in volumes, slice by slice, with the neighbours as colours (Wagner & Rohr 2022).

A slice is coloured by its neighbours (`cytally.volumes.pseudocolour`), a small network says which pixels lie in cells
(`cytally.networks.efficient_cell_seg`), touching cells are parted (`cytally.readout.slices`), and objects are linked
from slice to slice (`cytally.volumes.linking`).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cytally.datasets.example import Example
from cytally.datasets.labels import object_moments
from cytally.errors import ConfigError, DataError
from cytally.images.resize import resize, resize_labels
from cytally.methods.efficient_cell_seg_config import EfficientCellSegConfig
from cytally.methods.efficientnet_weights import find_weights, fit_efficientnet
from cytally.methods.method import Method, MethodConfig
from cytally.methods.volume_method import Labels, Maps, Slice, VolumeMethod
from cytally.networks.efficient_cell_seg import EfficientCellSeg, MaskAndCentres
from cytally.readout.nuclei import between_touching, give_back, median_area
from cytally.readout.numbering import keep_objects
from cytally.readout.slices import split_slice
from cytally.readout.spots import centre_spots
from cytally.readout.volume import split_volume
from cytally.results import Prediction
from cytally.volumes.linking import Linker
from cytally.volumes.pseudocolour import copies, pseudocoloured

SMOOTH = 1.0
"""Pixels added to both sides of Dice, so that an empty slice has one."""

MOST_AT_ONCE = 64_000_000
"""Voxels of the network's input that are parted in one go, unless told: about 2 GB of memory."""

FAR_APART = 2.0
"""Anisotropy from which an object that is missing in a slice has ended."""

CERTAIN = 1e-6
"""Heat maps are kept so far from 0 and 1, where their logarithms end."""


class EfficientCellSegMethod(VolumeMethod):
    """EfficientCellSeg.

    References
    ----------
    Wagner & Rohr 2022 (pseudocolours, network, Dice loss, read-out by data set); Li et al. 2020, *Generalized focal
    loss*, for the heat map of centres, whose values lie between 0 and 1.
    """

    name: ClassVar[str] = "efficient-cell-seg"
    reads: ClassVar[Literal["sum", "mask"]] = "mask"
    Config: ClassVar[type[MethodConfig]] = EfficientCellSegConfig
    needs_labels: ClassVar[bool] = True
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "input": {"normalisation": "none"},
        "augmentation": {"blur": None},
        "training": {
            "batch_size": 4,
            "crop": None,
            "learning_rate": 1e-3,
            "schedule": "plateau",
            "judge_by": "loss",
            "patience": 100,
        },
    }
    config: EfficientCellSegConfig

    def __init__(self, config: Any, in_channels: int) -> None:
        super().__init__(config, in_channels)
        self._weights: Mapping[str, Tensor] | None = None

    def fit_to(self, examples: Sequence[Example], like: Method | None = None) -> Self:
        """Work `cell_diameter: auto` out from the label images, and read the weights to begin with.

        The weights stay with the method that is returned: a trained model needs neither the file nor the download.

        Raises
        ------
        ConfigError
            When no example shows a cell and `like` knows no diameter either.
        ModelError
            When the weights cannot be read or do not fit.
        """
        config = self.config
        if config.cell_diameter == "auto":
            config = config.model_copy(update={"cell_diameter": _diameter(examples, like)})
        fitted = type(self)(config, self.in_channels)
        if config.weights is not None:
            fitted._weights = find_weights(config.weights, f"efficientnet-{config.encoder}")
            fitted.network()  # so that what does not fit is said at once
        return fitted

    @property
    def cell_diameter(self) -> float:
        """Typical diameter of a cell's section, once it is known."""
        if self.config.cell_diameter == "auto":
            raise ValueError("cell_diameter is still 'auto': call fit_to with the training examples first")
        return float(self.config.cell_diameter)

    @property
    def window(self) -> int | None:
        """As configured."""
        return self.config.window

    @property
    def overlap(self) -> float:
        """As configured."""
        return self.config.overlap

    def network(self) -> nn.Module:
        """Build the network, or both: from scratch, or with the encoder's weights that `fit_to` has read."""
        mask = self._single()
        return MaskAndCentres(mask, self._single()) if self.config.centres else mask

    def whole(self, example: Example) -> Example:
        """The slice and its labels resized to `side` × `side`, as the network resizes what it sees."""
        rows, columns = example.image.shape[-2:]
        window, side = self.config.window, self.config.side
        if window is not None and max(rows, columns) > window:
            raise DataError(
                f"has slices of {rows} × {columns} pixels, which are seen through windows of {window} afterwards",
                file=example.name,
                cure=f"train on crops of that size, --set training.crop={window}, or set options.window=null",
            )
        if side is None or example.labels is None:
            return example
        image, labels = resize(example.image, (side, side)), resize_labels(example.labels, (side, side))
        bounds = (-0.5, -0.5, side - 0.5, side - 0.5)
        return replace(example, image=image, labels=labels, points=object_moments(labels)[0], bounds=bounds)

    def pictures(self, slices: Iterable[Slice]) -> Iterator[NDArray[np.float32]]:
        """Each slice, coloured by its neighbours or copied: (3, Y, X)."""
        if self.config.context == "copies":
            return copies(slices)
        return pseudocoloured(slices, foreground=self.config.foreground)

    def targets(self, example: Example) -> NDArray[np.float32]:
        """1 in cells, 0 in the background and in the gap between cells that touch; with centres their heat map too.

        (1, Y, X), or (2, Y, X) with a spot of height 1 at the centroid of each cell's section.
        """
        if example.labels is None:
            raise ValueError(f"the cells of {example.name} are not outlined")
        mask = example.labels > 0
        if self.config.gap:
            mask &= ~between_touching(example.labels, self.config.gap)
        if not self.config.centres:
            return mask[None].astype(np.float32)
        rows, columns = mask.shape
        sigma = self.config.centre_size * self.cell_diameter
        spots = centre_spots(object_moments(example.labels)[0], (rows, columns), sigma)
        return np.stack([mask.astype(np.float32), spots])

    def loss(self, output: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Dice loss of the mask over the batch; plus the focal loss of the centres, by the area of their spots."""
        mask, wanted = output[:, :1] * weights, targets[:, :1] * weights
        loss = 1 - (2 * (mask * wanted).sum() + SMOOTH) / (mask.sum() + wanted.sum() + SMOOTH)
        if self.config.centres:
            made, spots = output[:, 1:2].clamp(CERTAIN, 1 - CERTAIN), targets[:, 1:2]
            entropy = -(spots * made.log() + (1 - spots) * (1 - made).log())
            focal = torch.where(weights > 0, (made - spots).square() * entropy, 0.0)
            loss = loss + focal.sum() / ((spots * weights).sum() + SMOOTH)
        return loss

    def read(self, output: Maps) -> Prediction:
        """The cells of one slice: a volume of its own."""
        sections = self._sections(output)
        labels, number = keep_objects(sections, self.keeps(np.bincount(sections.ravel())))
        return Prediction(float(number), labels=labels)

    def read_volume(self, outputs: Iterable[Maps], anisotropy: float) -> Iterator[Labels]:
        """Parted in the whole volume, or sections linked from slice to slice, or each for itself."""
        outputs, how = iter(outputs), self.config.objects
        begun: deque[Maps] = deque()
        if how in ("auto", "volume"):
            voxels = 0
            for output in outputs:
                begun.append(output)
                voxels += output[0].size
                if how == "auto" and voxels > MOST_AT_ONCE:
                    how = "linked"
                    break
            else:
                yield from self._parted_at_once(begun, anisotropy)
                return
        # where slices are close together, an object may be missed in one; where they are far apart it has ended there
        linker, number = Linker(self.config.link, gap=1 if anisotropy < FAR_APART else 0), 0
        for output in _drained(begun, outputs):
            sections = self._sections(output)
            if how == "linked":
                yield linker.add(sections)
            else:
                yield np.where(sections > 0, sections.astype(np.int64) + number, 0)
                number += int(sections.max(initial=0))

    def keeps(self, voxels: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Those of at least `least_area` of a cell's section."""
        section = math.pi / 4 * self.cell_diameter**2
        kept: NDArray[np.bool_] = voxels >= max(1.0, self.config.least_area * section)
        return kept

    def _single(self) -> EfficientCellSeg:
        config = self.config
        network = EfficientCellSeg(config.decoder, config.side, config.encoder)
        if self._weights is not None:
            encoder = network.encoder
            encoder.load_state_dict(fit_efficientnet(self._weights, encoder, str(config.weights)))
        return network

    def _sections(self, output: Maps) -> NDArray[np.int32]:
        """The cells' sections in one slice, numbered from 1."""
        config = self.config
        labels = split_slice(
            output[0],
            output[1] if config.centres else None,
            threshold=config.threshold,
            split=config.split,
            separation=config.separation * self.cell_diameter,
            least_area=0.0,
        )
        return give_back(labels, config.gap) if config.gap else labels

    def _parted_at_once(self, outputs: Sequence[Maps], anisotropy: float) -> Iterator[Labels]:
        if not outputs:
            return
        config = self.config
        labels = split_volume(
            np.stack([output[0] for output in outputs]),
            np.stack([output[1] for output in outputs]) if config.centres else None,
            threshold=config.threshold,
            split=config.split,
            separation=config.separation * self.cell_diameter,
            anisotropy=anisotropy,
            least_volume=0.0,
        )
        back = partial(give_back, width=config.gap) if config.gap else (lambda each: each)
        yield from map(back, labels)


def _drained(begun: deque[Maps], others: Iterator[Maps]) -> Iterator[Maps]:
    """What was held back, none of it held any longer than needed, and then the others."""
    while begun:
        yield begun.popleft()
    yield from others


def _diameter(examples: Sequence[Example], like: Method | None) -> float:
    """Median diameter of the outlined sections, as discs of their area; of `like` where there are none."""
    area = median_area([example.labels for example in examples if example.labels is not None])
    if area is not None:
        return 2 * math.sqrt(area / math.pi)
    if isinstance(like, EfficientCellSegMethod):
        return like.cell_diameter
    raise ConfigError(
        "no label volume shows a cell, so that its size is unknown",
        cure="add label volumes with cells, or set options.cell_diameter",
    )
