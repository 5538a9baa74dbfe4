"""Every so many pixels of an image, freed of hot ones and smoothed: what statistics look at."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.floating[Any]]

CACHED = 131_072
"""Pixels that are smoothed at a time: they fit into a processor's cache."""


def start(length: int, step: int) -> int:
    """Where the regular grid starts along an axis."""
    return min(step // 2, length - 1)


def sample(channel: NDArray[Any], step: int) -> Pixels:
    """Every `step`-th pixel of a channel (Y, X) after a median of 3 and a Gaussian of sigma 1 along each axis."""
    weights = np.exp(-0.5 * np.arange(-3, 4) ** 2)
    weights = (weights / weights.sum()).astype(np.result_type(channel.dtype, np.float32))
    return smooth_rows(smooth_rows(channel, step, weights, 0), step, weights, 1)


def smooth_rows(values: NDArray[Any], step: int, weights: Pixels, axis: Literal[0, 1]) -> Pixels:
    """A median of 3 and then the Gaussian along an axis of `values` (Y, X), of which every `step`-th pixel is kept.

    Beyond the edge the last pixel goes on. A few lines are worked on at a time, which fit into the processor's cache.
    """
    length = values.shape[axis]
    places = np.arange(start(length, step), length, step)
    shape = (len(places), values.shape[1]) if axis == 0 else (values.shape[0], len(places))
    result = np.empty(shape, weights.dtype)
    lines = max(1, CACHED // (values.shape[1] * (step if axis == 0 else 1)))
    for top in range(0, shape[0], lines):
        if axis == 0:
            near = _beyond(values, places[top : top + lines])
            result[top : top + lines] = _smooth(near, step, weights)
        else:
            near = _beyond(values[top : top + lines].T, places)
            result[top : top + lines] = _smooth(near, step, weights).T
    return result


def _beyond(values: NDArray[Any], places: NDArray[np.intp]) -> NDArray[Any]:
    """The rows from four before the first of the `places` to four after the last."""
    first, last = int(places[0]) - 4, int(places[-1]) + 5
    if first >= 0 and last <= len(values):
        return values[first:last]
    return values.take(np.arange(first, last), axis=0, mode="clip")


def _smooth(near: NDArray[Any], step: int, weights: Pixels) -> Pixels:
    """Medians of three neighbouring rows, and the Gaussian's mean of seven of those, for every `step`-th row."""
    a, b, c = near[:-2], near[1:-1], near[2:]
    medians = np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c)).astype(weights.dtype, copy=False)
    count = (len(medians) - 7) // step + 1
    rows = [medians[shift : shift + (count - 1) * step + 1 : step] for shift in range(7)]
    total: Pixels = rows[3].copy()
    twice = total + total  # differences from it keep constant regions exactly constant
    for one, other, weight in zip(rows[:3], rows[:3:-1], weights, strict=False):
        difference = one + other
        difference -= twice
        difference *= weight
        total += difference
    return total
