import numpy as np
import pytest

from cytally.synthesis.placement import Ellipses
from cytally.synthesis.timelapse import TimelapseConfig
from cytally.synthesis.timelapse_motion import give_way, walk
from cytally.synthesis.timelapse_world import begin


def discs(number, radius):
    return Ellipses(np.full(number, float(radius)), np.full(number, float(radius)), np.zeros(number))


def test_two_that_overlap_part_until_they_touch_also_across_the_border_of_the_world():
    world = np.array([100.0, 100.0])
    for pair in ([[50, 50], [50, 54]], [[50, 98], [50, 2]], [[99, 30], [1, 30]]):
        apart = give_way(np.array(pair, dtype=float), discs(2, 10), 0.0, world, rounds=60)
        way = apart[1] - apart[0]
        way -= world * np.rint(way / world)
        assert np.hypot(*way) == pytest.approx(20, abs=0.05)


def test_those_that_do_not_touch_stay_and_an_allowed_overlap_is_left():
    world = np.array([200.0, 200.0])
    apart = np.array([[50.0, 50.0], [50.0, 71.0], [120.0, 120.0]])
    assert (give_way(apart, discs(3, 10), 0.0, world) == apart).all()
    near = np.array([[50.0, 50.0], [50.0, 68.5]])
    assert (give_way(near, discs(2, 10), 0.1, world) == near).all()
    assert give_way(np.zeros((1, 2)), discs(1, 5), 0.0, world).shape == (1, 2)


def test_long_ellipses_touch_where_their_outlines_do():
    lying = Ellipses(np.array([10.0, 10.0]), np.array([5.0, 5.0]), np.zeros(2))  # the long axis along x
    world = np.array([200.0, 200.0])
    for pair, touching in (([[50, 50], [50, 60]], 20), ([[50, 50], [54, 50]], 10)):
        apart = give_way(np.array(pair, dtype=float), lying, 0.0, world, rounds=60)
        assert np.hypot(*(apart[1] - apart[0])) == pytest.approx(touching, abs=0.05)


def test_alone_a_cell_has_the_speed_that_was_asked_for_and_forgets_where_it_went():
    config = TimelapseConfig(shape=(4096, 4096), cells=3000, speed=12, persistence=60, diameter=8)
    rng = np.random.default_rng(0)
    cells = begin(config, rng).cells
    first, before = cells.velocity, cells.place
    calm, world = np.ones(len(cells)), np.array([1e6, 1e6])
    for _ in range(12):
        cells = walk(cells, calm, 5.0, world, config, rng)
    assert 60 * np.sqrt((cells.velocity**2).sum(axis=1).mean()) == pytest.approx(12, rel=0.03)
    kept = (first * cells.velocity).sum() / (first**2).sum()
    assert kept == pytest.approx(np.exp(-1), abs=0.04)
    # Mean squared displacement of a persistent walk (Fürth 1920): 2 S² P² (t / P - 1 + exp(-t / P)).
    way = cells.place - before
    way -= 1e6 * np.rint(way / 1e6)
    assert (way**2).sum(axis=1).mean() == pytest.approx(2 * 12**2 * np.exp(-1), rel=0.06)
