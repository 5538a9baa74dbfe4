"""How many cells a drawn image holds: laws of the number of cells."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from scipy.ndimage import gaussian_filter1d

MOST = 5000
"""The largest number of cells that an image may hold."""

Number = Annotated[int, Field(ge=0, le=MOST)]


class _Law(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @abstractmethod
    def probabilities(self) -> NDArray[np.float64]:
        """P(n) for n = 0, 1, ... up to the largest number that occurs; it sums to 1."""

    def largest(self) -> int:
        """The largest number that can occur."""
        return int(np.flatnonzero(self.probabilities())[-1])

    def sample(self, rng: np.random.Generator) -> int:
        """Draw a number of cells; takes one random number from `rng`."""
        reached = np.cumsum(self.probabilities())
        # Rounding may leave the last sum below 1.
        return min(int(np.searchsorted(reached, rng.random(), side="right")), self.largest())


class _Between(_Law):
    least: Number = Field(1, description="The smallest number of cells, empty images apart.")
    most: Number = Field(30, description="The largest number of cells; the paper's is 30.")
    empty: float = Field(0.0, ge=0, le=1, description="Share of images without any cell, besides.")

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.least > self.most:
            raise ValueError(f"least, {self.least}, lies above most, {self.most}")
        return self

    def _filled(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        chances = np.zeros(self.most + 1)
        chances[self.least :] = (1 - self.empty) * weights / weights.sum()
        chances[0] += self.empty
        return chances


class LinearCounts(_Between):
    """P(n) falls linearly from `least` to `most` and would be 0 at `most` + 1, as in Stallmann et al. (2020).

    Examples
    --------
    >>> LinearCounts(least=1, most=3).probabilities().round(3).tolist()
    [0.0, 0.5, 0.333, 0.167]
    """

    law: Literal["linear"] = "linear"

    def probabilities(self) -> NDArray[np.float64]:
        return self._filled(np.arange(self.most - self.least + 1, 0, -1, dtype=np.float64))


class UniformCounts(_Between):
    """All numbers from `least` to `most` are equally frequent."""

    law: Literal["uniform"] = "uniform"

    def probabilities(self) -> NDArray[np.float64]:
        return self._filled(np.ones(self.most - self.least + 1))


class GivenCounts(_Law):
    """Any law, as one learned from annotated images.

    Examples
    --------
    >>> GivenCounts.learned([2, 0, 2, 1]).probabilities().tolist()
    [0.25, 0.25, 0.5]
    """

    law: Literal["given"] = "given"
    chances: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        min_length=1, max_length=MOST + 1, description="Probabilities of 0, 1, 2, ... cells; they sum to 1."
    )

    @field_validator("chances")
    @classmethod
    def _sums_to_one(cls, chances: tuple[float, ...]) -> tuple[float, ...]:
        # Room for probabilities that were rounded before they were written down.
        if abs(sum(chances) - 1) > 0.01:
            raise ValueError(f"the probabilities sum to {sum(chances):g}, not to 1")
        return chances

    @classmethod
    def learned(cls, counts: Iterable[int]) -> GivenCounts:
        """The law that these numbers of cells follow, each as frequent as it occurs.

        Raises
        ------
        ValueError
            There is none, or one is negative or above 5000.
        """
        seen = np.array(list(counts), dtype=np.int64)
        if not seen.size or seen.min() < 0 or seen.max() > MOST:
            raise ValueError(f"numbers of cells from 0 to {MOST} are needed")
        return cls(chances=tuple((np.bincount(seen) / seen.size).tolist()))

    def spread(self, width: float) -> GivenCounts:
        """This law with its numbers blurred by a Gaussian of standard deviation `width`, in cells; none below 0.

        A few images show a few numbers of cells; those between them are as likely.

        Examples
        --------
        >>> GivenCounts.learned([0, 4]).spread(1.0).probabilities().round(2).tolist()
        [0.32, 0.15, 0.06, 0.12, 0.2, 0.12, 0.03, 0.0]
        """
        longer = np.pad(self.probabilities(), (0, int(np.ceil(3 * width))))[: MOST + 1]
        blurred = gaussian_filter1d(longer, width, mode="reflect") if width > 0 else longer
        return GivenCounts(chances=tuple((blurred / blurred.sum()).tolist()))

    def probabilities(self) -> NDArray[np.float64]:
        chances = np.array(self.chances)
        return np.asarray(chances / chances.sum())


CountLaw = Annotated[LinearCounts | UniformCounts | GivenCounts, Field(discriminator="law")]
"""One of the laws; `law` tells which."""
