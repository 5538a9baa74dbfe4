"""How far a network's answers for several views of one picture differ: in their counts, and at each place."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Map = NDArray[np.float32]


@dataclass(frozen=True)
class Answer:
    """What the network says of one view: the view in words (see `View.how`), the count, and the map, turned back."""

    how: str
    count: float
    density: Map | None = None


@dataclass(frozen=True)
class Disagreement:
    """How far the answers for one picture differ.

    Parameters
    ----------
    counts
        For each kind of view the counts it gave, that of the picture as it is among them.
    mean
        Mean density (Y, X) of all answers, cells per pixel; None of models that give no map.
    variance
        Variance (Y, X) of the number of cells around each pixel, per pixel; its sum over a region is the variance of
        the region's count where neighbouring cells are taken to be disputed each by itself. None without maps.
    """

    counts: dict[str, tuple[float, ...]]
    mean: Map | None = None
    variance: Map | None = None

    @property
    def count(self) -> float:
        """Mean count of all answers."""
        return float(np.mean(self._all()))

    @property
    def spread(self) -> float:
        """Standard deviation of the counts over the root of their mean (of at least one cell)."""
        return relative(float(np.var(self._all())), self.count)

    def widest(self) -> tuple[str, float, float]:
        """The kind of view whose counts lie furthest apart, and its least and largest count."""
        how, counts = max(self.counts.items(), key=lambda kind: max(kind[1]) - min(kind[1]))
        return how, min(counts), max(counts)

    def _all(self) -> list[float]:
        """Every answer once: the picture as it is heads every kind, and is one answer."""
        kinds = list(self.counts.values())
        return [kinds[0][0], *(count for counts in kinds for count in counts[1:])]


def relative(variance: float, count: float) -> float:
    """The root of a variance of counts over that of the count, of at least one cell.

    Counts of things strewn at random differ by the root of their number, so that crowded pictures are not taken for
    disputed ones merely because they are crowded.

    Examples
    --------
    >>> relative(4.0, 16.0), relative(1.0, 0.0)
    (0.5, 1.0)
    """
    return math.sqrt(max(0.0, variance) / max(1.0, count))


def compare(answers: Iterable[Answer], diameter: float) -> Disagreement:
    """How far answers differ. Only sums of the maps are held, so that they may come one by one.

    Parameters
    ----------
    answers
        The first is that of the picture as it is; maps all have one shape (Y, X).
    diameter
        Of a cell in pixels of the maps. Maps are compared by the cells in squares of this side, as a dot that moved
        by a pixel is no dispute.

    References
    ----------
    Variance over altered inputs as uncertainty: Ayhan & Berens 2018, *Test-time data augmentation for estimation of
    heteroscedastic aleatoric uncertainty in deep neural networks*; Wang et al. 2019, *Aleatoric uncertainty estimation
    with test-time augmentation for medical image segmentation with convolutional neural networks*.
    """
    counts: dict[str, list[float]] = {}
    total: NDArray[np.float64] | None = None
    squares: NDArray[np.float64] | None = None
    whole: NDArray[np.float64] | None = None
    side, first, number = max(1, round(diameter)), 0.0, 0
    for number, answer in enumerate(answers, start=1):
        if number == 1:
            first = answer.count
        else:
            counts.setdefault(answer.how, [first]).append(answer.count)
        if answer.density is None:
            continue
        density = answer.density.astype(np.float64)
        around = ndimage.uniform_filter(density, side, mode="constant") * side**2
        if total is None or squares is None or whole is None:
            total, squares, whole = around, around**2, density
        else:
            total, squares, whole = total + around, squares + around**2, whole + density
    if number == 0:
        raise ValueError("there is no answer to compare")
    kinds = {how: tuple(each) for how, each in counts.items()} or {"": (first,)}
    if total is None or squares is None or whole is None:
        return Disagreement(kinds)
    variance = np.maximum(0.0, squares / number - (total / number) ** 2) / side**2
    return Disagreement(kinds, _as_map(whole / number), _as_map(variance))


def in_words(widest: tuple[str, float, float], count: float) -> str:
    """How far the counts differ, as part of a sentence; empty where they do not.

    Examples
    --------
    >>> in_words(("turned or mirrored", 90.0, 113.0), 100.0)
    'counts differ by 23 % when it is turned or mirrored'
    >>> in_words(("made darker or brighter", 0.2, 2.2), 0.9)
    'counts go from 0.2 to 2.2 cells when it is made darker or brighter'
    """
    how, least, most = widest
    if not how or most - least < 0.005 * max(1.0, count):
        return ""
    if count < 1:
        return f"counts go from {least:.1f} to {most:.1f} cells when it is {how}"
    return f"counts differ by {100 * (most - least) / count:.0f} % when it is {how}"


def _as_map(values: NDArray[np.float64]) -> Map:
    return values.astype(np.float32)
