"""The range of the training images: what a model has seen, and how far an image lies outside of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import stats

from cytally.calibration.defocus import Defocus
from cytally.calibration.likeness import Likeness
from cytally.calibration.measures import SCALARS, Measures

FEWEST = 8
"""Fewer training images have no range worth the name."""

MOST = 100
"""More training images of a folder are not looked at."""

OUTER = 0.005
"""Share of the training images beyond each end."""

MARGIN, MARGIN_OF_FEW = 0.05, 2.0
"""The ends lie further out by these shares of the range: the first of itself, the second over the number of images."""

MANY = 100
"""Of fewer training images, what the next one may be like is taken from their spread as well."""

WITHIN, WITHIN_REACH = 0.998, 0.99
"""Probability that the next of few images is on this side of an end, or within the distance, if measures are normal."""

DIGITS = 4


class Ends(BaseModel):
    """Middle and ends of a measure over the training images."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    low: float = Field(description="Below this, an image is outside.")
    middle: float = Field(description="The training images' median.")
    high: float = Field(description="Above this, an image is outside.")

    def below(self, value: float) -> float:
        """How far `value` lies below the middle: 1 at the low end."""
        return (self.middle - value) / max(self.middle - self.low, 1e-9)

    def above(self, value: float) -> float:
        """How far `value` lies above the middle: 1 at the high end."""
        return (value - self.middle) / max(self.high - self.middle, 1e-9)


class TrainingRange(BaseModel):
    """What was measured of a model's training images."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    images: int = Field(ge=1, description="Number of training images that were measured.")
    ends: dict[str, Ends] = Field(description="Ends of each measure that could be taken of enough images.")
    textures: list[list[float]] = Field(description="What each image that holds anything looks like, in numbers.")
    farthest: float = Field(gt=0, description="Distance to these textures from which an image is unlike all of them.")
    defocus: Defocus | None = Field(
        default=None, description="Tells images out of focus; the sharpness alone does where a model has none."
    )

    @classmethod
    def of(cls, measured: Sequence[Measures], blurred: Sequence[Measures] = ()) -> TrainingRange | None:
        """The range of training images; None where fewer than 8 of them hold anything.

        `blurred` are the same images out of focus, one for each of `measured`, if any.

        The ends are the 0.5 % and 99.5 % quantiles, moved outwards by 5 % of what lies between them and by twice that
        over the number of images; the same for the distances of training images to each other. Of fewer than a hundred
        images the ends are at least as far apart as Student's bounds for one more, and the distance is such a bound, of
        the logarithms of distances of images that are left out one at a time.
        """
        seen = [each for each in measured if each.stands_out]
        if len(seen) < FEWEST:
            return None
        values = {name: [each for each in (getattr(one, name) for one in seen) if each is not None] for name in SCALARS}
        textures = np.array([each.texture for each in seen]).round(DIGITS)
        return cls(
            images=len(measured),
            ends={name: _ends(found) for name, found in values.items() if len(found) >= FEWEST},
            textures=textures.tolist(),
            farthest=_farthest(textures),
            defocus=_defocus(measured, blurred) if blurred else None,
        )

    def scores(self, found: Measures) -> dict[str, float]:
        """For each flag how far an image is on the way to it: 0 at the training images' middle, 1 at their end."""
        scores: dict[str, float] = {}
        if "contrast" in self.ends:
            scores["too-dim"] = self.ends["contrast"].below(found.contrast)
        if self.defocus is not None:
            scores["out-of-focus"] = self.defocus.score(found.focus)
        elif found.sharpness is not None and "sharpness" in self.ends:
            scores["out-of-focus"] = self.ends["sharpness"].below(found.sharpness)
        if found.cell_size is not None and "cell_size" in self.ends:
            ends = self.ends["cell_size"]
            scores["cell-size"] = max(ends.below(found.cell_size), ends.above(found.cell_size))
        if found.density is not None and "density" in self.ends:
            scores["crowded"] = self.ends["density"].above(found.density)
        if found.texture.shape[-1] == len(self.textures[0]):
            scores["unlike-training"] = self.likeness.distance(found.texture) / self.farthest
        return scores

    @cached_property
    def likeness(self) -> Likeness:
        """Tells the distance to the training images."""
        return Likeness(np.array(self.textures))


def _defocus(measured: Sequence[Measures], blurred: Sequence[Measures]) -> Defocus:
    pairs = [(one.focus, other.focus) for one, other in zip(measured, blurred, strict=True) if one.stands_out]
    sharp, away = (np.array(each) for each in zip(*pairs, strict=True))
    return Defocus.of(sharp, away)


def _ends(values: Sequence[float]) -> Ends:
    low, middle, high = np.quantile(values, (OUTER, 0.5, 1 - OUTER)).tolist()
    margin = (high - low) * (MARGIN + MARGIN_OF_FEW / len(values)) + 10**-DIGITS
    low, high = low - margin, high + margin
    if len(values) < MANY:
        mean, reach = _next(values, WITHIN)
        low, high = min(low, mean - reach), max(high, mean + reach)
    return Ends(low=round(low, DIGITS), middle=round(middle, DIGITS), high=round(high, DIGITS))


def _farthest(textures: NDArray[np.float64]) -> float:
    if len(textures) >= MANY:
        return _ends(Likeness(textures).own_distances().tolist()).high
    mean, reach = _next(np.log(np.maximum(Likeness.apart(textures), 10**-DIGITS)).tolist(), WITHIN_REACH)
    return round(float(np.exp(mean + reach)), DIGITS)


def _next(values: Sequence[float], within: float) -> tuple[float, float]:
    """The mean, and how far from it the next value lies at most with this probability, each side by itself."""
    number = len(values)
    spread = float(np.std(values, ddof=1)) * np.sqrt(1 + 1 / number)
    return float(np.mean(values)), float(stats.t.ppf(within, number - 1)) * spread
