"""Steepest ascent, summit by summit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from cytally.images.basins import climb


def climbed(ridge: NDArray[np.float64], seeds: NDArray[np.int32], mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """The seed each pixel of `mask` belongs to, 0 elsewhere."""
    places = np.flatnonzero(mask)
    result = np.zeros(mask.shape, np.int32)
    result.ravel()[places] = climb(ridge, places, seeds.ravel()[places])
    return result


def plainly(ridge: NDArray[np.float64], seeds: NDArray[np.int32], mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Pixel by pixel to the highest neighbour; then, pass by pass, each lone summit joins what lies across."""
    rows, columns = mask.shape

    def near(y: int, x: int) -> list[tuple[int, int]]:
        sides = ((y - 1, x), (y, x - 1), (y, x + 1), (y + 1, x))
        return [(a, b) for a, b in sides if 0 <= a < rows and 0 <= b < columns and mask[a, b]]

    def top(place: tuple[int, int]) -> tuple[int, int]:
        while near(*place) and ridge[best := max(near(*place), key=lambda each: ridge[each])] > ridge[place]:
            place = best
        return place

    inside = [(int(y), int(x)) for y, x in np.argwhere(mask)]
    owner = {place: top(place) for place in inside}
    while True:
        passes = [
            (min(ridge[a], ridge[b]), max(ridge[a], ridge[b]), owner[a], owner[b])
            for a in inside
            for b in near(*a)
            if owner[a] != owner[b] and not seeds[owner[a]]
        ]
        if not passes:
            break
        _, _, lone, other = max(passes)
        owner = {place: other if summit == lone else summit for place, summit in owner.items()}
    result = np.zeros(mask.shape, np.int32)
    for place, summit in owner.items():
        result[place] = seeds[summit]
    return result


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(1, 14),
    columns=st.integers(1, 14),
    lone=st.floats(0, 1),
    cut=st.floats(0, 0.8),
)
def test_it_is_what_single_steps_give(seed: int, rows: int, columns: int, lone: float, cut: float) -> None:
    rng = np.random.default_rng(seed)
    ridge = ndimage.gaussian_filter(rng.random((rows, columns)), rng.choice([0, 0.7, 1.5]))
    mask = rng.random((rows, columns)) >= cut
    summits = (
        ridge == ndimage.maximum_filter(np.where(mask, ridge, -1), footprint=[[0, 1, 0], [1, 1, 1], [0, 1, 0]])
    ) & mask
    seeds = np.where(summits & (rng.random(mask.shape) >= lone), np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    if mask.any():
        assert np.array_equal(climbed(ridge, seeds.astype(np.int32), mask), plainly(ridge, seeds, mask))


def test_a_plain_belongs_to_the_seed_it_can_be_reached_from() -> None:
    ridge = np.ones((4, 9))
    seeds = np.zeros((4, 9), np.int32)
    seeds[1, 2] = 7
    mask = np.ones((4, 9), bool)
    mask[:, 5] = False
    assert np.array_equal(climbed(ridge, seeds, mask), np.where(np.arange(9) < 5, 7, 0) * np.ones((4, 1), int))


def test_rows_do_not_run_on_into_the_next() -> None:
    ridge = np.array([[1.0, 2.0, 9.0], [8.0, 2.0, 1.0]])
    seeds = np.array([[0, 0, 3], [4, 0, 0]], np.int32)
    mask = np.array([[0, 1, 1], [1, 0, 0]], bool)
    assert climbed(ridge, seeds, mask).tolist() == [[0, 3, 3], [4, 0, 0]]
