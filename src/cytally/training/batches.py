"""Which crops a step sees: seeded by epoch and place alone, so that a resumed run sees the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cytally.datasets.augment import AugmentationConfig, augment
from cytally.datasets.example import Example
from cytally.methods.method import Method
from cytally.training.config import TrainingConfig

Batch = tuple[Tensor, Tensor, Tensor]
"""Images (N, C, Y, X), targets (N, K, Y, X), and weights (N, 1, Y, X): 0 where a crop cuts the surroundings off."""


@dataclass(frozen=True)
class TrainingData:
    """The examples of a run.

    Parameters
    ----------
    training, validation
        Whole prepared images with their annotation.
    weights
        How often each training image is drawn relative to the others; None shows each once per epoch.
    """

    training: Sequence[Example]
    validation: Sequence[Example]
    weights: Sequence[float] | None = None


class Batches:
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
    """

    def __init__(
        self,
        method: Method,
        data: TrainingData,
        config: TrainingConfig,
        augmentation: AugmentationConfig,
        seed: int,
    ) -> None:
        self.method, self.data, self.config, self.augmentation, self.seed = method, data, config, augmentation, seed
        largest = max(max(example.image.shape[-2:]) for example in data.training)
        self.crop = config.crop or largest

    def __len__(self) -> int:
        """Steps per epoch."""
        return -(-len(self.data.training) * self.config.crops_per_image // self.config.batch_size)

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of one epoch from the `first`, each made while the one before is trained on."""
        order = self._order(epoch)
        size = self.config.batch_size
        chunks = [range(start, min(start + size, len(order))) for start in range(first * size, len(order), size)]
        if not chunks:
            return
        with ThreadPoolExecutor(max_workers=1) as maker:
            upcoming = maker.submit(self._batch, epoch, order, chunks[0])
            for following in [*chunks[1:], None]:
                batch = upcoming.result()
                if following is not None:
                    upcoming = maker.submit(self._batch, epoch, order, following)
                yield batch

    def _order(self, epoch: int) -> list[int]:
        number = len(self.data.training)
        rng = np.random.default_rng([self.seed, epoch])
        if self.data.weights is None:
            passes = [rng.permutation(number) for _ in range(self.config.crops_per_image)]
            return [int(place) for place in np.concatenate(passes)]
        weights = np.asarray(self.data.weights, float)
        drawn = rng.choice(number, size=number * self.config.crops_per_image, p=weights / weights.sum())
        return [int(place) for place in drawn]

    def _batch(self, epoch: int, order: list[int], places: range) -> Batch:
        images, targets, weights = [], [], []
        for place in places:
            rng = np.random.default_rng([self.seed, epoch, place])
            whole = self.data.training[order[place]]
            image, points, bounds = augment(whole.image, whole.points, whole.bounds, self.crop, self.augmentation, rng)
            images.append(torch.from_numpy(np.ascontiguousarray(image)))
            example = Example(whole.name, image, points, bounds)
            targets.append(torch.from_numpy(self.method.targets(example)))
            weights.append(torch.from_numpy(example.context(self.config.context)))
        return torch.stack(images), torch.stack(targets), torch.stack(weights)
