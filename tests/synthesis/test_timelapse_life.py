import numpy as np
import pytest
from scipy import integrate, stats

from cytally.synthesis.timelapse_config import TimelapseConfig
from cytally.synthesis.timelapse_life import life_law


@pytest.mark.parametrize(("spread", "death"), [(0.1, 0.0), (0.2, 0.004), (1.0, 0.05)])
def test_the_law_solves_the_equation_of_euler_and_lotka(spread, death):
    law = life_law(TimelapseConfig(doubling_time=700, cycle_spread=spread, death_rate=death))
    gamma = stats.gamma(law.shape, scale=law.scale)
    rate = np.log(2) / 700 + death / 60
    share, _ = integrate.quad(
        lambda age: gamma.pdf(age) * np.exp(-rate * age), *gamma.ppf([1e-12, 1 - 1e-12]), limit=200
    )
    assert 2 * share == pytest.approx(1, rel=1e-5)
    assert gamma.std() / gamma.mean() == pytest.approx(spread)
    assert law.doubling_time == pytest.approx(700)


def test_without_spread_a_cycle_is_the_doubling_time():
    law = life_law(TimelapseConfig(doubling_time=600, cycle_spread=0.05, death_rate=0))
    assert law.cycle == pytest.approx(600, rel=0.002)


def test_cells_midway_divide_later_than_now_and_the_young_are_twice_as_many_as_those_about_to_divide():
    law = life_law(TimelapseConfig(doubling_time=600, cycle_spread=0.05, death_rate=0.01))
    age, division, death = law.midway(20_000, np.random.default_rng(0))
    assert (division >= age).all() and (death >= age).all()
    assert (death - age).mean() == pytest.approx(6000, rel=0.05)  # 0.01 per hour
    young, old = ((age / law.cycle < 0.1).sum(), ((age / law.cycle > 0.8) & (age / law.cycle < 0.9)).sum())
    # By the end of a cycle as many have been born since as there are, and 0.01 per hour of them have died.
    assert young / old == pytest.approx(2 ** (0.8 * law.cycle / 600) * np.exp(0.01 / 60 * 0.8 * law.cycle), rel=0.1)


def test_the_expected_population_grows_from_the_first_moment_as_it_was_asked_to():
    """A slow simulation of each cell and its descendants, against 2^(t / doubling time)."""
    law = life_law(TimelapseConfig(doubling_time=600, cycle_spread=0.2, death_rate=0.02))
    rng = np.random.default_rng(3)
    age, division, death = law.midway(6000, rng)
    births, ends, divides = -age, np.minimum(division, death) - age, division <= death
    alive = {0: 6000.0, 300: 0.0, 900: 0.0}
    while len(births):
        for time in (300, 900):
            alive[time] += ((births <= time) & (ends > time)).sum()
        born = np.repeat(ends[divides & (ends < 900)], 2)
        division, death = law.lifetimes(len(born), rng)
        births, ends, divides = born, born + np.minimum(division, death), division <= death
    for time in (300, 900):
        assert alive[time] / 6000 == pytest.approx(2 ** (time / 600), rel=0.03)


def test_without_deaths_nobody_dies():
    law = life_law(TimelapseConfig(death_rate=0))
    assert np.isinf(law.lifetimes(3, np.random.default_rng(0))[1]).all()
