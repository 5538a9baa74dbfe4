"""Which pictures a step sees, for methods that see pictures of one size: natural and drawn ones take turns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
import torch

from cytally.datasets.augment import AugmentationConfig, augment, augment_whole
from cytally.datasets.example import Example
from cytally.images.pictures import picture_shape
from cytally.images.resize import resize, scale_points
from cytally.methods.picture_method import PictureMethod, Pictures
from cytally.training.ahead import ahead
from cytally.training.config import TrainingConfig
from cytally.training.data import TrainingData

Turn = tuple[bool, tuple[int, ...]]
"""One batch: whether its pictures are drawn, and their places in the order of their kind."""


class Pool(NamedTuple):
    """Examples that are gone through in turn, and their share of the pictures of their kind."""

    examples: Sequence[Example]
    share: float


class PictureBatches:
    """Augmented pictures of one origin at a time, epoch by epoch.

    An epoch shows every natural image `crops_per_image` times, and for each of them `TrainingData.ratio` drawn ones,
    which go on in the next epoch where they stopped. Batches of the two kinds take turns.

    Parameters
    ----------
    method
        Knows how large its pictures are.
    data
        The examples; those that are `drawn` are kept apart. Where none is natural, an epoch shows the drawn ones.
    config, augmentation
        Size of a batch, and how pictures vary.
    seed
        Decides everything that is random.
    """

    def __init__(
        self,
        method: PictureMethod,
        data: TrainingData,
        config: TrainingConfig,
        augmentation: AugmentationConfig,
        seed: int,
    ) -> None:
        self.config, self.augmentation, self.seed, self.side = config, augmentation, seed, method.side
        fitted = [fit_picture(example, method) for example in data.training]
        natural = [example for example in fitted if not example.drawn]
        self.pools: dict[bool, list[Pool]] = {False: _pools(natural, config.labelled_share), True: []}
        drawn = [example for example in fitted if example.drawn]
        if drawn:
            self.pools[True] = [Pool(drawn, 1.0)]
        self.natural = len(natural) * config.crops_per_image
        self.drawn = (self.natural * data.ratio if natural else len(drawn)) if drawn else 0.0

    def __len__(self) -> int:
        """Steps in the first epoch."""
        return len(self._turns(0))

    def epoch(self, epoch: int, first: int = 0, alone: Literal["drawn", "natural"] | None = None) -> Iterator[Pictures]:
        """The batches of one epoch from the `first`, each made while the one before is trained on.

        Only those of one kind where it is learnt from `alone`.
        """
        turns = [turn for turn in self._turns(epoch) if alone is None or turn[0] == (alone == "drawn")]
        return ahead(lambda turn: self._batch(*turn), turns[first:])

    def _turns(self, epoch: int) -> list[Turn]:
        """The epoch's batches: places of the two kinds cut up, and dealt out evenly."""
        size = self.config.batch_size
        natural = range(epoch * self.natural, (epoch + 1) * self.natural)
        drawn = range(round(epoch * self.drawn), round((epoch + 1) * self.drawn))
        turns: list[tuple[float, Turn]] = []
        for kind, places in ((True, drawn), (False, natural)):
            batches = [tuple(places[start : start + size]) for start in range(0, len(places), size)]
            turns += [((number + 0.5) / len(batches), (kind, batch)) for number, batch in enumerate(batches)]
        return [turn for _, turn in sorted(turns, key=lambda each: (each[0], not each[1][0]))]

    def _batch(self, drawn: bool, places: Sequence[int]) -> Pictures:
        shown = [self._shown(drawn, place) for place in places]
        return Pictures(
            torch.from_numpy(np.stack([each.image for each in shown])),
            torch.tensor([float(each.count) if each.labelled else 0.0 for each in shown]),
            torch.tensor([each.labelled for each in shown]),
            drawn,
            places[0] // self.config.batch_size,
        )

    def _shown(self, drawn: bool, place: int) -> Example:
        """The picture at a place in the order of its kind, which goes through each pool lap by lap."""
        number, which = place, 0
        if len(self.pools[drawn]) == 2:  # the labelled ones are dealt out evenly among the others
            share = self.pools[drawn][0].share
            before, after = math.floor(place * share), math.floor((place + 1) * share)
            number, which = (before, 0) if after > before else (place - after, 1)
        examples = self.pools[drawn][which].examples
        lap, within = divmod(number, len(examples))
        order = np.random.default_rng([self.seed, drawn, which, lap]).permutation(len(examples))
        rng = np.random.default_rng([self.seed, drawn, which, lap, within])
        return self._vary(examples[order[within]], rng)

    def _vary(self, example: Example, rng: np.random.Generator) -> Example:
        if example.points is not None:
            return augment(example, self.side, self.augmentation, rng)
        if example.total is not None:
            return augment_whole(example, self.augmentation, rng)
        crop = augment(replace(example, points=np.zeros((0, 2))), self.side, self.augmentation, rng)
        return replace(crop, points=None)


def _pools(natural: Sequence[Example], labelled_share: float | None) -> list[Pool]:
    """The natural examples, the labelled apart from the others where their share is asked for."""
    labelled = [example for example in natural if example.labelled]
    others = [example for example in natural if not example.labelled]
    if labelled_share is None or not labelled or not others:
        return [Pool(natural, 1.0)] if natural else []
    return [Pool(labelled, labelled_share), Pool(others, 1 - labelled_share)]


def fit_picture(example: Example, method: PictureMethod) -> Example:
    """Bring an example to the size that its method takes pictures from, its cells with it.

    Raises
    ------
    ImageError
        When it is too small; names no file.
    """
    shape = (example.image.shape[-2], example.image.shape[-1])
    wanted = picture_shape(shape, method.side, method.config.larger)
    if wanted == shape:
        return example
    factors = (wanted[0] / shape[0], wanted[1] / shape[1])
    return replace(
        example,
        image=resize(example.image, wanted),
        points=None if example.points is None else scale_points(example.points, factors),
        bounds=(-0.5, -0.5, wanted[0] - 0.5, wanted[1] - 0.5),
        covariances=None if example.covariances is None else example.covariances * np.outer(factors, factors),
    )
