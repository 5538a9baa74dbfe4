"""The search against trying everything by reading, on pictures small enough for that."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from cytally.baselines.grid_search import Found, Grid, Way, _thresholds, grid_search
from cytally.readout.watershed import WatershedSettings, find_cells

SMALL = Grid(
    crops=(0, 3),
    kernels=(1, 3),
    darks=(False,),
    factors=(1.0, 0.5),
    separations=(0, 2, 5),
    least_areas=(1, 6),
    subtractions=(0, 1),
)


def noisy_cells(seed: int, number: int, shape=(22, 18)) -> np.ndarray:
    """Bright discs that may touch, with noise and uneven brightness."""
    rng = np.random.default_rng([seed, number])
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    picture = rng.normal(0, 0.15, shape)
    for y, x in rng.uniform(2, np.array(shape) - 3, (number, 2)):
        picture += rng.uniform(0.6, 1.2) * (np.hypot(rows - y, columns - x) <= 3)
    return picture.astype(np.float32)


def by_reading(pictures, counts, grid: Grid) -> Found:
    """Every combination in order, each picture read as it is when it is counted; the first best is kept."""
    ways = [Way(*each) for each in product(grid.crops, grid.kernels, grid.darks, grid.thresholds, grid.factors)]
    found = None
    for way, threshold in zip(ways, _thresholds(pictures, ways)[:, 0].tolist(), strict=True):
        for separation, area, subtract in product(grid.separations, grid.least_areas, grid.subtractions):
            one = way.threshold != "otsu"
            settings = WatershedSettings(
                way.crop, way.kernel, way.dark, threshold if one else None, 1.0 if one else way.factor, area, separation
            )
            predicted = [max(0, len(find_cells(picture, settings)[1]) - subtract) for picture in pictures]
            error = float(np.abs(np.array(predicted) - counts).mean())
            if found is None or error < found.error - 1e-9:
                found = Found(settings, subtract, error)
    return found


@pytest.mark.parametrize("seed", range(2))
def test_it_finds_what_trying_everything_finds(seed):
    counts = [0, 2, 6]
    pictures = [noisy_cells(seed, number) for number in counts]
    grid = replace(SMALL, kernels=(1,), darks=(False, True), thresholds=("otsu", "fixed", 0.4)) if seed == 0 else SMALL
    found, wanted = grid_search(pictures, counts, grid), by_reading(pictures, counts, grid)
    assert found.error == pytest.approx(wanted.error)
    assert found == wanted._replace(error=found.error)


def test_without_unsplit_regions_it_finds_the_same():
    counts, grid = [1, 7, 4], replace(SMALL, separations=(2, 5))
    pictures = [noisy_cells(8, number) for number in counts]
    found, wanted = grid_search(pictures, counts, grid), by_reading(pictures, counts, grid)
    assert found == wanted._replace(error=pytest.approx(wanted.error))


def blocks(number: int, value=1.0) -> np.ndarray:
    """Blocks of 4 x 4 pixels, four to a row, on a ground of 0."""
    picture = np.zeros((40, 40), np.float32)
    for place in range(number):
        y, x = 2 + 9 * (place // 4), 2 + 9 * (place % 4)
        picture[y : y + 4, x : x + 4] = value
    return picture


def test_of_equally_good_settings_the_first_and_simplest_is_taken():
    found = grid_search([blocks(2), blocks(5)], [2, 5], Grid())
    assert found == Found(WatershedSettings(), 0, 0.0)


def test_dark_cells_are_known_by_their_counts():
    found = grid_search([-blocks(2), -blocks(5)], [2, 5], Grid())
    assert found.settings.dark and found.error == 0


def test_one_too_many_is_subtracted():
    assert grid_search([blocks(3), blocks(8)], [2, 7], Grid()).subtract == 1


def test_touching_blocks_make_it_split_and_specks_make_it_demand_an_area():
    joined, specks = blocks(8), blocks(4)
    joined[3:5, 2:30] = joined[12:14, 2:30] = 1  # both rows become one region each
    specks[39, ::4] = 1
    found = grid_search([joined, specks], [8, 4], Grid(kernels=(1,), crops=(0,)))
    assert found.error == 0
    assert found.settings.separation == 4 and found.settings.least_area == 10


def test_an_empty_picture_makes_one_threshold_for_all_better():
    """Otsu's finds something in noise alone; a value that the other pictures share does not."""
    noise = np.random.default_rng(0).normal(0, 0.05, (40, 40)).astype(np.float32)
    grid = Grid(kernels=(1,), crops=(0,), least_areas=(1,), subtractions=(0,))
    found = grid_search([blocks(3) + noise, blocks(9) + noise, noise], [3, 9, 0], grid)
    assert found.error == 0
    assert found.settings.threshold == pytest.approx(0.5, abs=0.2)


def test_pictures_without_contrast_hold_nothing():
    assert grid_search([np.zeros((40, 40))] * 2, [0, 4], Grid()) == Found(WatershedSettings(), 0, 2.0)
