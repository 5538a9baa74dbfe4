"""When cells divide and die: lifetimes by which the expected population doubles in the time that was asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from cytally.synthesis.timelapse_config import TimelapseConfig

Floats = NDArray[np.float64]

AGES = 4096  # steps of the table of the stable distribution of ages
RAREST = 1e-12  # share of cycles that last longer than the table


@dataclass(frozen=True)
class LifeLaw:
    """The law of lifetimes.

    Cycles last a time that follows a gamma law of this `shape` and `scale` (minutes), unless the cell dies, which it
    does at the constant rate `death` (per minute). `growth` (per minute) is the rate of the expected population.
    """

    shape: float
    scale: float
    death: float
    growth: float

    @property
    def cycle(self) -> float:
        """Mean time from birth to division of cells that do not die, minutes."""
        return self.shape * self.scale

    @property
    def doubling_time(self) -> float:
        """Time in which the expected population doubles, minutes."""
        return float(np.log(2)) / self.growth

    def lifetimes(self, number: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Ages (number,) at which newborn cells would divide and would die, minutes; the earlier one happens."""
        return rng.gamma(self.shape, self.scale, number), self._deaths(number, rng)

    def midway(self, number: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        """Cells of a population that has long been growing: ages now, at division and at death, each (number,).

        Deaths are never in the past.
        """
        longest = float(special.gammainccinv(self.shape, RAREST)) * self.scale
        ages = np.linspace(0, longest, AGES)
        # Of the cells that were born an age ago there were fewer, and some have divided or died since.
        density = np.exp(-(self.growth + self.death) * ages) * special.gammaincc(self.shape, ages / self.scale)
        share = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
        age = np.interp(rng.random(number), share / share[-1], ages)
        left = special.gammaincc(self.shape, age / self.scale) * rng.random(number)
        division = np.maximum(special.gammainccinv(self.shape, left) * self.scale, age)
        return age, division, age + self._deaths(number, rng)

    def _deaths(self, number: int, rng: np.random.Generator) -> Floats:
        waits = rng.exponential(1.0, number)
        return waits / self.death if self.death > 0 else np.full(number, np.inf)


def life_law(config: TimelapseConfig) -> LifeLaw:
    """The law by which the expected population doubles every `config.doubling_time` minutes, deaths included.

    Notes
    -----
    By the Euler-Lotka equation, 2 E[exp(-(growth + death) cycle)] = 1; of a gamma law, whose Laplace transform is
    (1 + s scale)^-shape, this gives scale = (2^(1 / shape) - 1) / (growth + death).

    Examples
    --------
    >>> law = life_law(TimelapseConfig(doubling_time=600, cycle_spread=1, death_rate=0))
    >>> round(law.doubling_time), round(law.cycle)  # an exponential law: cells divide at the rate of growth
    (600, 866)
    """
    growth, death = float(np.log(2)) / config.doubling_time, config.death_rate / 60
    shape = config.cycle_spread**-2
    scale = float(np.expm1(np.log(2) / shape)) / (growth + death)
    return LifeLaw(shape, scale, death, growth)
