"""What a network that encodes and decodes shows of itself: what it sees in pictures, and where they lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cytally.datasets.example import Example
from cytally.datasets.folder import Sample
from cytally.datasets.load import as_example
from cytally.images.image import Plane
from cytally.inference.pictures import BATCH, cut_pictures
from cytally.methods.picture_method import PictureMethod
from cytally.metrics.mixing import origin_auc
from cytally.models.model import Model
from cytally.training.picture_batches import fit_picture

SHOWN = 8
"""Pictures of each origin that are shown."""

MOST_PICTURES = 500
"""Pictures of each origin whose latent means are compared."""

Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """Pictures of one origin, and what the network makes of them.

    Parameters
    ----------
    counts
        Number of cells in each picture (N,); NaN where unknown.
    latents
        Latent means (N, L).
    shown
        Some of the pictures (K, C, side, side), from those with few cells to those with many.
    reconstructed, translated
        The same, decoded as pictures of their own and of the other origin.
    """

    counts: NDArray[np.float64]
    latents: NDArray[np.float64]
    shown: Pixels
    reconstructed: Pixels
    translated: Pixels


@dataclass(frozen=True)
class Insight:
    """What a network shows of natural and of drawn pictures.

    Parameters
    ----------
    natural, drawn
        Pictures of either origin; `drawn` is None where there are no drawn pictures.
    origin_auc
        How well the two can be told apart in the latent space (`cytally.metrics.mixing`); None where there are too few.
    """

    natural: Seen
    drawn: Seen | None
    origin_auc: float | None

    def as_block(self) -> dict[str, float]:
        """The block `latent` of metrics.json; what is unknown is left out."""
        block = {"n_natural": len(self.natural.counts), "n_drawn": 0 if self.drawn is None else len(self.drawn.counts)}
        auc = {} if self.origin_auc is None else {"origin_auc": self.origin_auc}
        return auc | {name: float(value) for name, value in block.items()}


def encodes_and_decodes(model: Model) -> bool:
    """Whether the model's network turns pictures into latent vectors and back."""
    parts = (getattr(model.network, name, None) for name in ("encode", "decode"))
    return isinstance(model.method, PictureMethod) and all(callable(part) for part in parts)


def learns_from_drawn(model: Model) -> bool:
    """Whether the model was trained on drawn pictures, without which its drawn side means nothing."""
    return model.card.configuration.drawn.ratio > 0


def insight(model: Model, natural: Sequence[Example], drawn: Sequence[Example], *, seed: int = 0) -> Insight:
    """Let the network encode and decode pictures.

    Parameters
    ----------
    model
        One that `encodes_and_decodes`.
    natural, drawn
        Prepared images, at least one of them natural; larger ones are seen through the same pieces as in counting.
        Of each origin the first 500 pieces are taken.
    seed
        Decides the folds of the classifier.

    Raises
    ------
    ImageError
        When an image is too small.
    """
    seen = _seen(model, natural, drawn=False)
    other = _seen(model, drawn, drawn=True) if drawn else None
    auc = None
    if other is not None:
        origins = np.repeat([False, True], [len(seen.latents), len(other.latents)])
        auc = origin_auc(np.concatenate([seen.latents, other.latents]), origins, seed)
    return Insight(seen, other, auc)


def example_of(model: Model, plane: Plane, sample: Sample | None = None, channel: str | None = None) -> Example:
    """A plane as the model's network sees it, with what the sample knows of its cells."""
    card = model.card
    return as_example(plane, card.configuration.input, sample, channel=channel, in_channels=card.input_channels)


def pieces_of(model: Model, example: Example, most: int = MOST_PICTURES) -> list[Example]:
    """The pieces (C, side, side) that an image is counted through, at most so many, taken evenly.

    Where only the image's total is known, or nothing, the number of cells in one of several pieces is unknown.

    Raises
    ------
    ImageError
        When the image is too small.
    """
    method = model.method
    assert isinstance(method, PictureMethod)
    fitted = fit_picture(example, method)
    points = fitted.points
    pictures, starts, _ = cut_pictures(fitted.image, method.side, method.config.larger)
    chosen = np.rint(np.linspace(0, len(pictures) - 1, min(most, len(pictures)))).astype(int)
    return [
        replace(
            example,
            image=pictures[place].copy(),  # what is not taken need not be kept in memory
            points=None if points is None else points - starts[place],
            covariances=None,
            total=example.total if len(pictures) == 1 else None,
        )
        for place in chosen
    ]


def encode(model: Model, pictures: Pixels, *, drawn: bool) -> NDArray[np.float64]:
    """Latent means (N, L) of pictures of one origin."""
    encoder = model.network.encode
    return _in_batches(model, pictures, lambda batch: encoder(batch, drawn=drawn)[0]).astype(np.float64)  # type: ignore[operator]


def decode(model: Model, latents: NDArray[np.float64], *, drawn: bool) -> Pixels:
    """Pictures (N, C, side, side), 0 to 1, that latent vectors stand for, natural or drawn."""
    decoder = model.network.decode
    return _in_batches(model, latents, lambda batch: decoder(batch, drawn=drawn))  # type: ignore[operator]


def spread(counts: NDArray[np.float64], number: int) -> NDArray[np.intp]:
    """Places of `number` pictures, evenly from the least count to the greatest, unknown ones last.

    Examples
    --------
    >>> spread(np.array([5.0, 1.0, np.nan, 3.0]), 3).tolist()
    [1, 0, 2]
    """
    order = np.argsort(counts, kind="stable")
    places = np.rint(np.linspace(0, len(order) - 1, min(number, len(order)))).astype(np.intp)
    return np.asarray(order[places], np.intp)


def _seen(model: Model, examples: Sequence[Example], *, drawn: bool) -> Seen:
    pieces = [piece for example in examples for piece in pieces_of(model, example)][:MOST_PICTURES]
    counts = np.array([float(piece.count) if piece.labelled else np.nan for piece in pieces])
    pictures = np.stack([piece.image for piece in pieces])
    latents = encode(model, pictures, drawn=drawn)
    places = spread(counts, SHOWN)
    return Seen(
        counts,
        latents,
        pictures[places],
        decode(model, latents[places], drawn=drawn),
        decode(model, latents[places], drawn=not drawn),
    )


def _in_batches(model: Model, values: NDArray[Any], function: Callable[[torch.Tensor], torch.Tensor]) -> Pixels:
    """Run `function`, a part of the model's network, over all `values` (N, ...) without training it."""
    network = model.network.eval()
    device = next(network.parameters()).device
    results = []
    with torch.inference_mode():
        for start in range(0, len(values), BATCH):
            batch = torch.from_numpy(np.ascontiguousarray(values[start : start + BATCH], np.float32))
            results.append(function(batch.to(device)).float().cpu().numpy())
    return np.concatenate(results)
