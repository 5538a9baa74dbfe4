"""Every so many pixels of an image, freed of hot ones and smoothed: what statistics look at."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.floating[Any]]

CACHED = 32_768
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
            here = places[top : top + lines]
            near = values.take(np.arange(here[0] - 4, here[-1] + 5), axis=0, mode="clip").astype(weights.dtype)
        else:
            here = places
            near = np.pad(values[top : top + lines, : here[-1] + 5], ((0, 0), (4, 4)), mode="edge")[:, here[0] :].T
        a, b, c = near[:-2], near[1:-1], near[2:]
        medians = np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
        shifted = [medians[shift : shift + here[-1] - here[0] + 1 : step] for shift in range(len(weights))]
        centre = shifted.pop(3)  # differences from it keep constant regions exactly constant
        total = np.zeros_like(centre)
        for weight, each in zip(np.delete(weights, 3), shifted, strict=True):
            difference = each - centre
            difference *= weight
            total += difference
        total += centre
        result[top : top + lines] = total if axis == 0 else total.T
    return result
