"""Which parts are one nucleus."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.labelling.join import common_borders, join_parts


def discs(*centres: tuple[float, float], radius: float = 9, size: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Pixels that belong to any disc, and the number of the nearest centre."""
    y, x = np.mgrid[:size, :size]
    distances = np.stack([np.hypot(y - row, x - column) for row, column in centres])
    inside = distances.min(axis=0) < radius
    return inside, np.where(inside, distances.argmin(axis=0) + 1, 0)


def names(labels: np.ndarray) -> int:
    return len(np.unique(labels[labels > 0]))


def test_halves_and_quarters_of_a_disc_are_one() -> None:
    inside, _ = discs((40, 40))
    y, x = np.mgrid[:80, :80]
    for parts in (1 + (x > 40), 1 + (x > 40) + 2 * (y > 40), 1 + (x + y > 80)):
        assert names(join_parts(np.where(inside, parts, 0), np.ones(inside.shape), 18)) == 1


def test_touching_discs_stay_apart() -> None:
    inside, parts = discs((40, 32), (40, 46), (28, 39))
    assert names(join_parts(parts, inside.astype(float), 18)) == 3


def test_the_threshold_by_hand() -> None:
    """Two squares of 10 pixels' side: neck 10 / (20 / √π) = 0.886, D = 2 √(200 / π) = 15.96, no dip.

    They are one where 0.886 > 1 + ln(15.96 / d), that is where d > 17.88.
    """
    parts = np.kron(np.array([[0, 0, 0, 0], [0, 1, 2, 0], [0, 0, 0, 0]]), np.ones((10, 10), int))
    flat = np.ones(parts.shape)
    assert names(join_parts(parts, flat, 17.8)) == 2
    assert names(join_parts(parts, flat, 18.0)) == 1
    flat[:, 19:21] = 0.5  # a dip of 1 - 0.5 / 0.95 = 0.474 asks for d > 28.7
    assert names(join_parts(parts, flat, 28)) == 2
    assert names(join_parts(parts, flat, 29.5)) == 1


def test_joining_goes_on_with_what_was_joined() -> None:
    """A disc in slices: neighbours are joined, then what they have become, until one is left."""
    inside, _ = discs((40, 40), radius=12)
    x = np.mgrid[:80, :80][1]
    slices = np.where(inside, 1 + (x - 28) // 5, 0)
    assert names(slices) == 5
    assert names(join_parts(slices, np.ones(inside.shape), 24)) == 1


def test_nothing_to_join() -> None:
    assert join_parts(np.zeros((5, 5), int), np.ones((5, 5)), 4).max() == 0
    assert join_parts(np.zeros((1, 1), int), np.ones((1, 1)), 4).shape == (1, 1)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_borders_agree_with_walking_from_pixel_to_pixel(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    parts, light = rng.integers(0, count + 1, (6, 7)), rng.random((6, 7))
    slow: dict[tuple[int, int], list[float]] = {}
    for y in range(6):
        for x in range(7):
            for axis, (v, u) in enumerate(((y + 1, x), (y, x + 1))):
                if v < 6 and u < 7 and parts[y, x] != parts[v, u] and parts[y, x] and parts[v, u]:
                    one, other = sorted((int(parts[y, x]), int(parts[v, u])))
                    entry = slow.setdefault((one, other), [0.0, 0.0, 0.0])
                    entry[axis] += 1
                    entry[2] += (light[y, x] + light[v, u]) / 2
    fast = common_borders(parts, light)
    assert {(i, j) for i, others in enumerate(fast) for j in others if i < j} == set(slow)
    for (one, other), entry in slow.items():
        assert fast[one][other] == pytest.approx(entry)
        assert fast[other][one] == pytest.approx(entry)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_joining_only_merges_whole_touching_parts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = np.kron(rng.integers(0, 6, (5, 5)), np.ones((4, 4), int))
    joined = join_parts(parts, rng.random(parts.shape) + 0.5, 6)
    assert ((joined > 0) == (parts > 0)).all()
    for part in np.unique(parts):
        assert len(np.unique(joined[parts == part])) == 1
