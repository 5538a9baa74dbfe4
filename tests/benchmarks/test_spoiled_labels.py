"""Labels spoiled on purpose: which nuclei, how far they leak, and that nothing else changes."""

from __future__ import annotations

import doctest
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest


@pytest.fixture
def spoiled(script) -> ModuleType:
    return script("spoiled_labels")


def grid(rows: int = 4, columns: int = 5, pitch: int = 20, side: int = 8) -> np.ndarray:
    """Squares with background between them, numbered from 1."""
    labels = np.zeros((rows * pitch, columns * pitch), np.uint16)
    for number in range(rows * columns):
        y, x = (pitch * place + 6 for place in divmod(number, columns))
        labels[y : y + side, x : x + side] = number + 1
    return labels


def test_examples_in_docstrings(spoiled: ModuleType) -> None:
    failed, tried = doctest.testmod(spoiled)
    assert failed == 0 and tried > 0


@pytest.mark.parametrize("kind", ["missing", "leaking"])
def test_the_same_seed_spoils_the_same_and_nothing_is_changed_in_place(spoiled: ModuleType, kind: str) -> None:
    labels = grid()
    before, spoil = labels.copy(), spoiled.KINDS[kind]
    first, again, other = spoil(labels, 0.5, 1), spoil(labels, 0.5, 1), spoil(labels, 0.5, 2)
    assert (first == again).all() and (first != other).any()
    assert (labels == before).all()
    assert first.dtype == np.uint16 and set(np.unique(first)) == set(range(first.max() + 1))
    assert (spoil(labels, 0, 1) == labels).all()
    assert not spoil(np.zeros((5, 5), np.uint16), 0.5, 1).any()


def test_a_larger_share_spoils_the_nuclei_of_a_smaller_one(spoiled: ModuleType) -> None:
    chosen = [set(spoiled.chosen(grid(), share, 3)) for share in (0.1, 0.3, 0.5, 1)]
    assert [len(each) for each in chosen] == [2, 6, 10, 20]
    assert all(less < more for less, more in pairwise(chosen))


def test_missing_nuclei_leave_the_others_whole(spoiled: ModuleType) -> None:
    labels = grid()
    left = spoiled.missing(labels, 0.3, 5)
    assert left.max() == 14 and (np.bincount(left.ravel())[1:] == 64).all()
    gone = (labels > 0) & (left == 0)
    assert set(np.unique(labels[gone])) == set(spoiled.chosen(labels, 0.3, 5))


def test_a_leak_reaches_as_far_as_it_should(spoiled: ModuleType) -> None:
    labels = np.zeros((41, 41), np.uint16)
    y, x = np.mgrid[:41, :41]
    radius = np.hypot(y - 20, x - 20)
    labels[radius <= 8] = 1
    leaked = spoiled.leaking(labels, 1, 0)
    # a diameter of 16 to 17, of which 0.3 is 5: the disc grows from a radius of 8 to about 13
    assert leaked[radius <= 12].all() and not leaked[radius > 14].any()


def test_nuclei_that_a_leak_meets_merge_whole_and_others_do_not(spoiled: ModuleType) -> None:
    labels = np.zeros((10, 80), np.uint16)
    labels[:, 0:10], labels[:, 12:22], labels[:, 60:70] = 1, 2, 3
    seed = next(seed for seed in range(99) if spoiled.chosen(labels, 0.34, seed).tolist() == [1])
    leaked = spoiled.leaking(labels, 0.34, seed)
    assert leaked.max() == 2
    assert (leaked[:, :22][labels[:, :22] > 0] == 1).all() and (leaked[5, 10:12] == 1).all()
    assert (leaked[:, 22:60] == 0).all() and (leaked[:, 60:70] == 2).all()


def test_the_order_of_leaks_changes_nothing(spoiled: ModuleType) -> None:
    rng = np.random.default_rng(4)
    labels = np.zeros((60, 60), np.uint16)
    for number, (y, x) in enumerate(rng.integers(0, 52, (14, 2)), 1):
        labels[y : y + 6, x : x + 6] = number
    names = np.unique(labels)
    other_names = np.concatenate([[0], rng.permutation(names[1:])])
    turned = other_names[np.searchsorted(names, labels)]
    one, other = spoiled.leaking(labels, 1, 0), spoiled.leaking(turned, 1, 0)
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1)
    assert 1 < one.max() == other.max() < len(names) - 1, "some have merged, some not"
    assert pairs.shape[1] == one.max() + 1, "the same objects under other numbers"
