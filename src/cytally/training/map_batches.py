"""Which crops a step sees: seeded by epoch and place alone, so that a resumed run sees the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cytally.datasets.augment import AugmentationConfig, augment, augment_whole
from cytally.datasets.example import Example
from cytally.datasets.mosaic import quarters
from cytally.methods.map_method import MapMethod
from cytally.training.ahead import ahead
from cytally.training.config import TrainingConfig
from cytally.training.data import TrainingData
from cytally.training.teacher import Teacher


class MarkedBatch(NamedTuple):
    """Crops in which every cell is marked."""

    images: Tensor
    """(N, C, Y, X)"""
    targets: Tensor
    """(N, K, Y, X)"""
    weights: Tensor
    """(N, 1, Y, X): 0 where a crop cuts the surroundings off, else 1."""


class CountedBatch(NamedTuple):
    """Whole images of which only the number of cells is known."""

    images: Tensor
    """(N, C, Y, X), the smaller ones filled with zeros."""
    counts: Tensor
    """(N,)"""
    weights: Tensor
    """(N, 1, Y, X): 0 where an image is filled, else 1."""


MapBatch = MarkedBatch | CountedBatch
Places = list[int]
"""Places in the order of an epoch that make one batch."""


class MapBatches:
    """Augmented crops with their targets, epoch by epoch.

    Parameters
    ----------
    method
        Draws the targets.
    data
        The examples.
    config, augmentation
        Size of batch and crop, and how the crops vary.
    seed
        Decides everything that is random.
    teacher
        A trained network whose maps are part of the targets, and all of them where an image has no annotation.
    """

    def __init__(
        self,
        method: MapMethod,
        data: TrainingData,
        config: TrainingConfig,
        augmentation: AugmentationConfig,
        seed: int,
        teacher: Teacher | None = None,
    ) -> None:
        self.method, self.data, self.config, self.augmentation, self.seed = method, data, config, augmentation, seed
        self.teacher = teacher
        self.marked = [index for index, example in enumerate(data.training) if self._gives_crops(example)]
        sides = [max(example.image.shape[-2:]) for example in data.training]
        self.crop = config.crop or max((sides[index] for index in self.marked), default=0)
        if augmentation.mosaic:
            self.crop += self.crop % 2  # two quarters to a side
        # a step on whole images, filled up to the largest, shows as many pixels as one on crops, but at least one image
        known = set(self.marked)
        largest = max((side for index, side in enumerate(sides) if index not in known), default=1)
        self.counted = max(1, min(config.batch_size, config.batch_size * self.crop**2 // largest**2))

    def __len__(self) -> int:
        """Steps per epoch; with shares of several folders, about as many."""
        return len(self._chunks(0, self._order(0)))

    def epoch(self, epoch: int, first: int = 0) -> Iterator[MapBatch]:
        """The batches of one epoch from the `first`, each made while the one before is trained on."""
        order = self._order(epoch)
        chunks = self._chunks(epoch, order)[first:]
        return ahead(lambda chunk: self._batch(epoch, order, chunk), chunks)

    def _gives_crops(self, example: Example) -> bool:
        """Whether it is known of every part of the image what is to be learnt there."""
        return example.points is not None or (self.teacher is not None and not example.labelled)

    def _order(self, epoch: int) -> list[int]:
        number = len(self.data.training)
        rng = np.random.default_rng([self.seed, epoch])
        if self.data.weights is None:
            passes = [rng.permutation(number) for _ in range(self.config.crops_per_image)]
            return [int(place) for place in np.concatenate(passes)]
        weights = np.asarray(self.data.weights, float)
        drawn = rng.choice(number, size=number * self.config.crops_per_image, p=weights / weights.sum())
        return [int(place) for place in drawn]

    def _chunks(self, epoch: int, order: list[int]) -> list[Places]:
        """The epoch's places cut into batches; marked and counted images never share one, and take turns by chance.

        A counted image is shown once however often it is in `order`: whole, it has nothing else to show.
        """
        known = set(self.marked)
        marked = [place for place, index in enumerate(order) if index in known]
        counted = list({index: place for place, index in enumerate(order) if index not in known}.values())
        chunks = [
            places[start : start + size]
            for places, size in ((marked, self.config.batch_size), (counted, self.counted))
            for start in range(0, len(places), size)
        ]
        if marked and counted:
            np.random.default_rng([self.seed, epoch, len(order)]).shuffle(chunks)
        return chunks

    def _batch(self, epoch: int, order: list[int], places: Places) -> MapBatch:
        rngs = [np.random.default_rng([self.seed, epoch, place]) for place in places]
        wholes = [self.data.training[order[place]] for place in places]
        if not self._gives_crops(wholes[0]):
            return _counted_batch(
                [augment_whole(whole, self.augmentation, rng) for whole, rng in zip(wholes, rngs, strict=True)]
            )
        crops = [self._crop(whole, rng) for whole, rng in zip(wholes, rngs, strict=True)]
        images, targets, weights, shares = (np.stack(parts) for parts in zip(*crops, strict=True))
        if self.teacher is not None:
            targets = self.teacher.mix(self.method, images, targets, shares)
        return MarkedBatch(*(torch.from_numpy(each) for each in (images, targets, weights)))

    def _crop(self, whole: Example, rng: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
        """Image, targets, weights and the teacher's share of one crop, or of a mosaic of four that takes its place."""
        if self.augmentation.mosaic and rng.random() < self.augmentation.mosaic:
            others = [self.data.training[index] for index in self._partners(rng)]
            quarter = [self._shown(each, self.crop // 2, rng) for each in [whole, *others]]
            return tuple(quarters(parts) for parts in zip(*quarter, strict=True))
        return self._shown(whole, self.crop, rng)

    def _partners(self, rng: np.random.Generator) -> NDArray[np.intp]:
        """Three images to fill a mosaic with, drawn by their folders' shares; different ones where there are enough."""
        weights = (
            np.ones(len(self.data.training)) if self.data.weights is None else np.asarray(self.data.weights, float)
        )
        shares = weights[self.marked] / weights[self.marked].sum()
        return rng.choice(self.marked, size=3, replace=bool((shares > 0).sum() < 3), p=shares)

    def _shown(self, whole: Example, side: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
        known = whole.points is not None
        crop = augment(whole if known else replace(whole, points=np.zeros((0, 2))), side, self.augmentation, rng)
        share = np.full((1, side, side), self.config.teacher_share if known else 1, np.float32)
        return crop.image, self.method.targets(crop), crop.context(self.config.context), share


def _counted_batch(wholes: Sequence[Example]) -> CountedBatch:
    """Whole images side by side, filled at the bottom and the right up to the largest."""
    rows, columns = (max(whole.image.shape[axis] for whole in wholes) for axis in (-2, -1))
    channels = wholes[0].image.shape[0]
    images = np.zeros((len(wholes), channels, rows, columns), np.float32)
    weights = np.zeros((len(wholes), 1, rows, columns), np.float32)
    for image, weight, whole in zip(images, weights, wholes, strict=True):
        height, width = whole.image.shape[-2:]
        image[:, :height, :width] = whole.image
        weight[:, :height, :width] = 1
    counts = torch.tensor([float(whole.count) for whole in wholes])
    return CountedBatch(torch.from_numpy(images), counts, torch.from_numpy(weights))
