"""How often the interval holds the true growth rate of populations that divide, die, enter and leave by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from cytally.timelapse.growth_fit import GrowthOptions, fit_growth

HOURS = np.arange(50) / 3
REGULAR = {"variation": 0.25}
AT_RANDOM = {"variation": 1.0}  # exponential cycles: Yule's process, the hardest for the interval
MOVING = {"variation": 0.25, "deaths": 0.01, "traffic": 0.03}


@dataclass(frozen=True)
class Population:
    """Cells whose cycle lasts a gamma-distributed time (hours) with coefficient of variation `variation`."""

    start: int = 200
    cycle: float = 12.0
    variation: float = 0.25
    deaths: float = 0.0
    """Per cell and hour."""
    traffic: float = 0.0
    """Cells that leave, and on average as many that enter, per cell and hour."""

    @property
    def rate(self) -> float:
        """Euler and Lotka: 2 E[exp(-(rate + deaths) cycle)] = 1."""
        shape = 1 / self.variation**2
        return float((2 ** (1 / shape) - 1) / (self.cycle / shape) - self.deaths)

    def counts(self, times: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
        """True counts (T,) at `times`, in hours from 0."""
        end = float(times[-1])
        born = np.zeros(self.start)
        left = self._residual(self.start, rng)
        if self.traffic:
            growth = (np.exp(self.rate * end) - 1) / self.rate
            entering = rng.poisson(self.traffic * self.start * growth)
            arrivals = np.log1p(rng.uniform(size=entering) * (np.exp(self.rate * end) - 1)) / self.rate
            born, left = np.concatenate([born, arrivals]), np.concatenate([left, self._residual(entering, rng)])
        change = np.zeros(len(times))
        while len(born):
            divides = born + left
            hazard = self.deaths + self.traffic
            gone = born + (rng.exponential(1 / hazard, len(born)) if hazard else np.full(len(born), np.inf))
            ends = np.minimum(divides, gone)
            change += np.searchsorted(np.sort(born), times, side="right")
            change -= np.searchsorted(np.sort(ends), times, side="right")
            born = np.repeat(divides[(divides < gone) & (divides < end)], 2)
            left = self._cycles(len(born), rng)
        return change

    def _cycles(self, number: int, rng: np.random.Generator) -> NDArray[np.float64]:
        shape = 1 / self.variation**2
        return rng.gamma(shape, self.cycle / shape, number)

    def _residual(self, number: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """What is left of the cycle of cells of a population that has been growing for long (stable ages)."""
        speed = self.rate + self.deaths
        cycles = self._cycles(4 * number + 50, rng)
        kept = cycles[rng.uniform(size=len(cycles)) < 1 - np.exp(-speed * cycles)][:number]
        ages = -np.log1p(-rng.uniform(size=len(kept)) * (1 - np.exp(-speed * kept))) / speed
        return kept - ages


def counted(true: NDArray[np.float64], rng: np.random.Generator, scatter: float) -> NDArray[np.float64]:
    """Counts with a variance of `scatter` times the true count; floats, never below 0."""
    return np.maximum(true + rng.normal(size=len(true)) * np.sqrt(scatter * true), 0)


def runs(number: int, scatter: float, options: GrowthOptions, **kind: float) -> tuple[float, float, float]:
    """How many of 100 runs hold the true rate; the mean and the median error of the rate, as fractions of it."""
    population, rng = Population(**kind), np.random.default_rng(7)
    held, errors = 0, []
    for _ in range(number):
        counts = counted(population.counts(HOURS, rng), rng, scatter)
        rate = fit_growth(HOURS * 60, counts, options).growth_rate
        held += rate.lower < population.rate < rate.upper
        errors.append(rate.value / population.rate - 1)
    return 100 * held / number, float(np.mean(errors)), float(np.median(np.abs(errors)))


def test_true_rate_of_the_simulator() -> None:
    """Its own populations grow as Euler and Lotka say: 200 of them together, with every way to come and go."""
    for kind in (REGULAR, AT_RANDOM, MOVING):
        population = Population(start=20000, **kind)
        counts = population.counts(HOURS, np.random.default_rng(0))
        assert np.log(counts[-1] / counts[0]) / HOURS[-1] == pytest.approx(population.rate, rel=0.03)


@pytest.mark.parametrize("kind", [REGULAR, AT_RANDOM], ids=["regular", "at random"])
def test_interval_holds_the_rate(kind: dict[str, float]) -> None:
    held, mean, median = runs(25, 0.1, GrowthOptions(models=("exponential",)), **kind)
    assert held >= 84 and abs(mean) < 0.03 and median < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("scatter", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("kind", [REGULAR, AT_RANDOM, MOVING], ids=["regular", "at random", "moving"])
def test_interval_holds_the_rate_in_88_to_100_of_100(kind: dict[str, float], scatter: float) -> None:
    held, mean, median = runs(100, scatter, GrowthOptions(), **kind)
    assert 88 <= held <= 100 and abs(mean) < 0.05
    assert median < (0.05 if "traffic" not in kind else 0.08)  # cells that come and go say less of the rate
