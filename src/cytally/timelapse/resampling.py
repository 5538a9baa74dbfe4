"""Undoing shifts: frames sampled anew, and which part of the first frame all frames show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shift = NDArray[np.float64] | Sequence[float]

NEGLIGIBLE = 1e-6
"""Parts of a pixel by which a frame is not sampled anew."""


def stabilised(frame: NDArray[Any], shift: Shift) -> NDArray[Any]:
    """The frame as the camera would have seen it had it not shifted.

    Parameters
    ----------
    frame
        (Y, X), or (Y, X, C).
    shift
        (2,) y, x in px by which its content is displaced from where it belongs.

    Returns
    -------
    array
        Of the same shape, and the same type if that is whole numbers (rounded, and kept within what they hold), else
        float32. What lies beyond the frame repeats its border; `inside` tells where that is not so.

    Notes
    -----
    Between pixels, cubic convolution (Keys 1981, a = -1/2) over four pixels of each axis.

    Examples
    --------
    >>> stabilised(np.array([[0, 8, 0, 0, 0]], dtype=np.uint8), (0, -1)).tolist()
    [[0, 0, 8, 0, 0]]
    """
    frame = np.asarray(frame)
    whole = np.issubdtype(frame.dtype, np.integer)
    steps = np.rint(np.asarray(shift, dtype=np.float64) / NEGLIGIBLE) * NEGLIGIBLE
    parts = steps - np.floor(steps)
    moved: NDArray[Any] = frame if whole and not parts.any() else frame.astype(np.float32)
    for axis, (step, part) in enumerate(zip(np.floor(steps).astype(int), parts, strict=True)):
        places = np.arange(frame.shape[axis]) + step
        last = frame.shape[axis] - 1
        if part == 0:
            moved = moved.take(np.clip(places, 0, last), axis=axis)
        else:
            taps = (moved.take(np.clip(places + tap, 0, last), axis=axis) for tap in (-1, 0, 1, 2))
            moved = np.sum([weight * tap for weight, tap in zip(_weights(float(part)), taps, strict=True)], axis=0)
    if whole and moved.dtype != frame.dtype:
        limits = np.iinfo(frame.dtype)
        return np.clip(np.rint(moved.astype(np.float64)), limits.min, limits.max).astype(frame.dtype)
    return moved


def inside(shape: tuple[int, int], shift: Shift) -> NDArray[np.bool_]:
    """Where (Y, X) a frame that was sampled anew shows what it had seen.

    Examples
    --------
    >>> inside((1, 4), (0, 1.5)).tolist()
    [[True, True, False, False]]
    """
    seen = np.zeros(shape, dtype=bool)
    seen[common_area(np.asarray(shift, dtype=np.float64)[None], shape)] = True
    return seen


def common_area(shifts: NDArray[np.float64], shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns, in the first frame's coordinates, that all frames see.

    Parameters
    ----------
    shifts
        (T, 2) y, x in px by which the content of each frame is displaced from the first.
    shape
        Height and width, px.

    Returns
    -------
    rows, columns
        Empty where the frames have nothing in common.

    Examples
    --------
    >>> common_area(np.array([[0, 0], [2.5, -1.0]]), (10, 10))
    (slice(0, 7, None), slice(1, 10, None))
    """
    areas = []
    for axis, side in enumerate(shape):
        steps = np.rint(np.asarray(shifts, dtype=np.float64)[:, axis] / NEGLIGIBLE) * NEGLIGIBLE
        low = int(np.ceil(max(0.0, float((-steps).max(initial=0)))))
        high = int(np.floor(side - 1 - max(0.0, float(steps.max(initial=0))))) + 1
        areas.append(slice(min(low, side), max(high, min(low, side))))
    return areas[0], areas[1]


def _weights(part: float) -> tuple[float, float, float, float]:
    """Of the four pixels around a place this part of a pixel behind the second."""
    return (
        ((-0.5 * part + 1) * part - 0.5) * part,
        (1.5 * part - 2.5) * part * part + 1,
        ((-1.5 * part + 2) * part + 0.5) * part,
        (0.5 * part - 0.5) * part * part,
    )
