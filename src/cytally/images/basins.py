"""A watershed by steepest ascent: each pixel belongs to the summit that a climb from it ends on.

What flooding from the summits down gives (Vincent & Soille 1991), but for a few pixels next to passes; with all pixels
at once in place of a queue of single ones, which takes a fraction of the time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int32]
Heights = NDArray[np.floating[Any]]
Passes = tuple[Numbers, Numbers, Heights, Heights]
"""Which two summits they part, and the heights of their lower and their higher side (N,)."""


def climb(ridge: Heights, places: NDArray[np.intp], seeds: Numbers) -> Numbers:
    """The seed that each pixel belongs to.

    Parameters
    ----------
    ridge
        Heights (Y, X).
    places
        Which pixels are looked at (N,), as rising indices of ``ridge.ravel()``. The way up leads over them alone, from
        each to the highest of its four neighbours.
    seeds
        Of each of them a number, or 0 where it is none (N,). Seeds are local maxima. A maximum that is none falls to
        the basin that lies across its highest pass.

    Returns
    -------
    Of each of them the number of its seed (N,); 0 where no seed can be reached.

    Examples
    --------
    >>> ridge = np.array([[5.0, 3.0, 4.0, 1.0, 2.0, 7.0]])
    >>> climb(ridge, np.arange(6), np.array([1, 0, 0, 0, 0, 2], np.int32)).tolist()
    [1, 1, 1, 1, 2, 2]
    """
    columns, nowhere = ridge.shape[1], len(places)
    at = places + places // columns + columns + 2  # in a frame of one pixel, which is nowhere
    number = np.full(at[-1] + columns + 2, nowhere, np.int32)
    number[at] = np.arange(nowhere, dtype=np.int32)
    near = [number.take(at + step) for step in (-columns - 1, -1, 1, columns + 1)]
    height = np.append(ridge.take(places), ridge.dtype.type(-np.inf))
    top, highest = np.arange(nowhere + 1, dtype=np.int32), height.copy()
    for side in near:
        there = height.take(side)
        higher = np.flatnonzero(there > highest[:-1])
        highest[higher], top[higher] = there[higher], side[higher]
    top = summits(top)
    seeds = np.append(seeds, np.int32(0))
    lone = (seeds == 0) & (top == np.arange(nowhere + 1))
    lone[-1] = False
    if lone.any():
        found = [passes(top, lone, side, height) for side in near[2:]]
        one, other, low, high = (np.concatenate(parts) for parts in zip(*found, strict=True))
        top = join(top, lone, (one, other, low, high))
    reached: Numbers = seeds.take(top[:-1])
    return reached


def summits(top: Numbers) -> Numbers:
    """Where the ways end on which each of (N,) leads to the next: at what leads to itself."""
    while True:
        further = top.take(top)
        if np.array_equal(further, top):
            return top
        top = further


def passes(top: Numbers, lone: NDArray[np.bool_], side: Numbers, height: Heights) -> Passes:
    """Where a pixel and the one at a `side` of it lead to different summits, one of which is `lone`."""
    one, other = top[:-1], top.take(side)
    met = np.flatnonzero((one != other) & (lone.take(one) | lone.take(other)) & (side != len(height) - 1))
    here, there = height[met], height[side[met]]
    return one[met], other[met], np.minimum(here, there), np.maximum(here, there)


def join(top: Numbers, lone: NDArray[np.bool_], between: Passes) -> Numbers:
    """The summits once the basin of each `lone` one has become part of that across its highest pass (Borůvka 1926).

    Of two ways over one pixel that which comes from higher up is flooded first.
    """
    one, other, low, high = between
    ends = np.stack([one, other], axis=1)[np.lexsort((high, low))]
    itself = np.arange(len(top), dtype=np.int32)
    while True:
        ends = top.take(ends)
        ends = ends[(ends[:, 0] != ends[:, 1]) & lone.take(ends).any(axis=1)]
        if not len(ends):
            return top
        here, there = ends.ravel(), ends[:, ::-1].ravel()
        leaves = lone.take(here)
        top[here[leaves]] = there[leaves]  # the last one counts: the highest
        mutual = (top.take(top) == itself) & (top > itself)
        top[mutual] = itself[mutual]
        top = summits(top)
