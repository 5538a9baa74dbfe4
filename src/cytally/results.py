"""The nouns that everything passes along: what a method says of one image, and how good it was on many."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Prediction:
    """What a method says of one image.

    Parameters
    ----------
    count
        Number of cells, a float: the density map's sum, or the number of objects.
    density
        Density map (Y, X), float32, cells per pixel; sums to `count`. None where the method has none.
    points
        One row per cell (N, 3): y, x in pixels with the origin at the centre of the top-left pixel, and a score.
    labels
        Label image (Y, X), 0 is background. None where the method finds no objects.
    interval
        Lower and upper bound of the true count. None where the model has not been calibrated.
    count_by_area
        The area of all objects over that of a single one. None where the method does not count so.
    flags
        Words that say what is unusual about the image (``saturated``, ``black``, ...).
    """

    count: float
    density: NDArray[np.float32] | None = None
    points: NDArray[np.float64] | None = None
    labels: NDArray[np.integer[Any]] | None = None
    interval: tuple[float, float] | None = None
    count_by_area: float | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Metrics:
    """How good a model is on annotated images, in blocks of named fractions (never percentages).

    A block that the model or the annotation cannot support is None, and is left out of `as_dict`.
    """

    counting: dict[str, float] | None = None
    pixel: dict[str, float] | None = None
    object: dict[str, float] | None = None
    segmentation: dict[str, float] | None = None
    latent: dict[str, float] | None = None
    predictions: list[tuple[str, float, float]] = field(default_factory=list)
    """One row per image: its name, the true and the predicted count."""

    def as_dict(self) -> dict[str, dict[str, float]]:
        """The blocks that exist, as metrics.json holds them."""
        blocks = asdict(self)
        blocks.pop("predictions")
        return {name: block for name, block in blocks.items() if block is not None}
