"""Looking at one picture with a model: how far its answers differ, where, and what the picture is like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cytally.calibration.flags import exposure_flags
from cytally.choosing.disagreement import Answer, Disagreement, compare, in_words
from cytally.choosing.features import deepest_layer, plain_features, tapped
from cytally.choosing.regions import Box, most_disputed, region_side, spread_boxes
from cytally.choosing.views import VIEWS, View
from cytally.errors import UsageError
from cytally.images.image import Plane
from cytally.images.prepare import prepare
from cytally.images.resize import resize_density
from cytally.inference.predict import predict
from cytally.methods.picture_method import PictureMethod
from cytally.methods.volume_method import VolumeMethod
from cytally.models.model import Model
from cytally.results import Prediction

REGIONS = 4
"""Regions of one picture that are looked at, where regions are wanted."""


@dataclass(frozen=True)
class Part:
    """A picture, or a region of it, that may be labelled next.

    Parameters
    ----------
    features
        What it is like.
    disagreement
        How far the model's answers differ, as in `Disagreement.spread`; 0 where only the features were asked for.
    count
        Mean count of the answers.
    why
        How far the answers differ, in words.
    box
        The region; of a whole picture its most disputed region. None where the model gives no map.
    empty
        Whether it is black, white or of one value, so that there is nothing in it to label.
    """

    features: tuple[float, ...]
    disagreement: float = 0.0
    count: float = 0.0
    why: str = ""
    box: Box | None = None
    empty: bool = False


class Onlooker:
    """Looks at pictures with a model.

    Parameters
    ----------
    model
        Runs by torch, on the device of `Model.to`.
    channel
        Channel to look at, by name or number; None is the model's own choice.
    views
        The first shows the picture as it is.

    Raises
    ------
    UsageError
        When the model is one for volumes.
    """

    def __init__(self, model: Model, channel: str | None = None, views: Sequence[View] = VIEWS) -> None:
        if isinstance(model.method, VolumeMethod):
            raise UsageError(f"the model '{model.name}' is for volumes", cure="use a model that counts in images")
        self.model, self.channel, self.views = model, channel, views
        self._network = getattr(model.run, "network", None)
        side = model.method.side if isinstance(model.method, PictureMethod) else 64
        self._layer: str | None = None
        if self._network is not None and model.method.has_weights:
            self._layer = deepest_layer(self._network, model.card.input_channels, side)

    @property
    def maps(self) -> bool:
        """Whether the model says where its cells are, so that regions can be told apart."""
        return not isinstance(self.model.method, PictureMethod)

    def look(self, plane: Plane, *, regions: bool = False) -> list[Part]:
        """The parts of a picture that may be labelled next.

        Parameters
        ----------
        plane
            The picture.
        regions
            Whether to look at its most disputed regions, at most `REGIONS`, in place of the whole.

        Raises
        ------
        ImageError
            As `Model.predict`.
        """
        pixels, diameter, flags = self._prepared(plane)
        if {"black", "white", "constant"} & set(flags):
            return [] if regions else [Part(self._seen(pixels)[0], empty=True)]
        features, first = self._seen(pixels)
        found = compare(self._answers(pixels, first), diameter)
        found = _enlarged(found, (plane.data.shape[-2], plane.data.shape[-1]))
        side = region_side(diameter * plane.data.shape[-1] / pixels.shape[-1])
        disputed: list[tuple[Box, float]] = []
        if self.maps and found.mean is not None and found.variance is not None:
            disputed = most_disputed(found.mean, found.variance, side, REGIONS if regions else 1)
        words = in_words(found.widest(), found.count)
        if not regions:
            return [Part(features, found.spread, found.count, words, disputed[0][0] if disputed else None)]
        parts = []
        for place, (box, dispute) in enumerate(disputed):
            which = "a disputed region of its image" if place else "the most disputed region of its image"
            why = f"{which}, whose {words}" if words else which
            parts.append(self._region(pixels, plane, found, box, dispute, why))
        return parts

    def know(self, plane: Plane, *, regions: bool = False) -> list[Part]:
        """The features of a picture that is labelled already; of regions spread over it, where those are compared."""
        pixels, diameter, _ = self._prepared(plane)
        if not regions:
            return [Part(self._seen(pixels)[0])]
        shape = (plane.data.shape[-2], plane.data.shape[-1])
        side = region_side(diameter * shape[1] / pixels.shape[-1])
        return [Part(self._seen(_cut(pixels, box, shape))[0], box=box) for box in spread_boxes(shape, side, REGIONS)]

    def _prepared(self, plane: Plane) -> tuple[NDArray[np.float32], float, tuple[str, ...]]:
        """What the network sees, a cell's diameter in it, and flags on its exposure."""
        config, channels = self.model.card.configuration.input, self.model.card.input_channels
        prepared = prepare(plane, config, channel=self.channel, in_channels=channels)
        return prepared.data, self.model.method.cell_diameter, exposure_flags(plane.data[list(prepared.channels)])

    def _seen(self, pixels: NDArray[np.float32]) -> tuple[tuple[float, ...], Prediction]:
        """The features of a picture, and what the model says of it as it is."""
        if self._network is None or self._layer is None:
            prediction = self._predict(pixels)
            return tuple(plain_features(pixels, prediction.density, prediction.count)), prediction
        with tapped(self._network, self._layer) as tap:
            prediction = self._predict(pixels)
        return tuple(tap.features()), prediction

    def _predict(self, pixels: NDArray[np.float32]) -> Prediction:
        return predict(self.model.method, self.model.run, self.model.network, pixels)

    def _answers(self, pixels: NDArray[np.float32], first: Prediction) -> Iterator[Answer]:
        shape = (pixels.shape[-2], pixels.shape[-1])
        for place, view in enumerate(self.views):
            shown = view.show(pixels) if place else pixels
            prediction = self._predict(shown) if place else first
            density = _density(prediction, (shown.shape[-2], shown.shape[-1])) if self.maps else None
            yield Answer(view.how, prediction.count, None if density is None else view.undo(density, shape))

    def _region(
        self, pixels: NDArray[np.float32], plane: Plane, found: Disagreement, box: Box, dispute: float, why: str
    ) -> Part:
        assert found.mean is not None  # a region was found on it
        features, _ = self._seen(_cut(pixels, box, (plane.data.shape[-2], plane.data.shape[-1])))
        return Part(features, dispute, float(found.mean[box.window].sum(dtype=np.float64)), why, box)


def _density(prediction: Prediction, shape: tuple[int, int]) -> NDArray[np.float32]:
    """The map (Y, X) of a prediction; of one that has points alone, each is a cell in its pixel."""
    if prediction.density is not None:
        return prediction.density
    density = np.zeros(shape, np.float32)
    if prediction.points is not None and len(prediction.points):
        places = np.rint(prediction.points[:, :2]).astype(int).clip(0, np.array(shape) - 1)
        np.add.at(density, (places[:, 0], places[:, 1]), np.float32(1))
    return density


def _enlarged(found: Disagreement, shape: tuple[int, int]) -> Disagreement:
    """The same in pixels of the image itself; sums over regions stay what they are."""
    if found.mean is None or found.variance is None:
        return found
    return replace(found, mean=resize_density(found.mean, shape), variance=resize_density(found.variance, shape))


def _cut(pixels: NDArray[np.float32], box: Box, shape: tuple[int, int]) -> NDArray[np.float32]:
    """The region of the network's picture (C, y, x) that a box in an image of `shape` covers, of 32 pixels at least."""
    windows = []
    for start, length, whole, seen in zip(
        (box.y, box.x), (box.height, box.width), shape, pixels.shape[-2:], strict=True
    ):
        first, last = round(start * seen / whole), round((start + length) * seen / whole)
        last = min(seen, max(last, first + 32))
        windows.append(slice(max(0, min(first, last - 32)), last))
    return np.ascontiguousarray(pixels[:, windows[0], windows[1]])
