"""Whether what a back end makes of sample pictures may stand for what torch makes of them: counts or masks compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float32]

LEAST_DICE = 0.995
"""Of what lies above 0.5 in torch's outputs and in the others."""
LARGEST_DIFFERENCE = 0.005
"""Of counts, as a share: over all pictures together, and of each picture where that is more than `FREE_CELLS`."""
FREE_CELLS = 0.3
"""Cells by which one picture's count may differ however few it holds."""


ASKED_FOR = f"a Dice of {LEAST_DICE} or counts within {LARGEST_DIFFERENCE:.1%} are asked for"


@dataclass(frozen=True)
class Agreement:
    """How well two outputs agree; what was not compared is None.

    Parameters
    ----------
    dice
        2 |A ∩ B| / (|A| + |B|) of what lies above 0.5, 1 where that is nothing in either.
    difference
        Between the counts of all pictures together, as a share of the count expected.
    worst
        Count of the picture that differs most, as expected and as found.
    """

    dice: float | None
    difference: float | None
    worst: tuple[float, float] | None = None

    @property
    def holds(self) -> bool:
        """Whether one may stand for the other."""
        if self.dice is not None and not self.dice >= LEAST_DICE:
            return False
        if self.worst is not None and not _excess(*self.worst) <= 1:
            return False
        return self.difference is None or self.difference <= LARGEST_DIFFERENCE

    def __str__(self) -> str:
        told = [] if self.dice is None else [f"Dice {self.dice:.4f}"]
        if self.worst is not None and _excess(*self.worst) > 1:
            told.append(f"one picture's count {self.worst[1]:.2f} instead of {self.worst[0]:.2f}")
        if self.difference is not None:
            told.append(f"{'sums' if self.worst is None else 'counts'} {self.difference:.2%} apart")
        return ", ".join(told)


@dataclass(frozen=True)
class Trial:
    """Pictures on which back ends are compared, and what is compared.

    Parameters
    ----------
    pictures
        Pixels (C, Y, X) as the network sees them.
    count
        What tells the count of an output (K, Y, X) or (1,); None compares masks, by what lies above 0.5.
    """

    pictures: tuple[Maps, ...]
    count: Callable[[Maps], float] | None = None

    def compare(self, expected: Sequence[Maps], found: Sequence[Maps]) -> Agreement:
        """Compare the outputs for all pictures.

        Examples
        --------
        >>> trial = Trial((), count=lambda output: float(output.sum()))
        >>> expected, found = [np.array([60.0]), np.array([2.0])], [np.array([60.2]), np.array([2.2])]
        >>> str(trial.compare(expected, found)), trial.compare(expected, found).holds
        ('counts 0.65% apart', False)
        """
        if self.count is None:
            return Agreement(_dice(expected, found), None)
        counts = [(self.count(one), self.count(other)) for one, other in zip(expected, found, strict=True)]
        one, other = (float(sum(each)) for each in zip(*counts, strict=True))
        apart = abs(other - one)
        pooled = 0.0 if apart <= FREE_CELLS * (one <= FREE_CELLS) else apart / max(one, FREE_CELLS)
        return Agreement(None, _known(pooled), max(counts, key=lambda pair: _excess(*pair)))


def single(picture: Maps) -> Trial:
    """A trial on one picture of which nothing else is known; see `agreement`."""
    return _Values((picture,))


class _Values(Trial):
    """A trial on outputs as numbers, whatever they mean."""

    def compare(self, expected: Sequence[Maps], found: Sequence[Maps]) -> Agreement:
        return agreement(np.stack(expected), np.stack(found))


def agreement(expected: Maps, found: Maps) -> Agreement:
    """Compare two outputs of one shape, of which nothing is known: Dice above 0.5 and sums.

    The sums' difference is a share of the sum of the absolute values expected.

    Examples
    --------
    >>> str(agreement(np.array([0.9, 0.6, 0.5], np.float32), np.array([0.9, 0.4, 0.6], np.float32)))
    'Dice 0.5000, sums 5.00% apart'
    >>> agreement(np.zeros(3, np.float32), np.zeros(3, np.float32)).holds
    True
    """
    apart = abs(float(found.sum(dtype=np.float64) - expected.sum(dtype=np.float64)))
    whole = float(np.abs(expected).sum(dtype=np.float64))
    return Agreement(_dice([expected], [found]), _known(apart / whole if whole else apart))


def _dice(expected: Sequence[Maps], found: Sequence[Maps]) -> float:
    both = sum(int((one > 0.5).sum()) + int((other > 0.5).sum()) for one, other in zip(expected, found, strict=True))
    shared = sum(int(((one > 0.5) & (other > 0.5)).sum()) for one, other in zip(expected, found, strict=True))
    finite = all(bool(np.isfinite(other).all()) for other in found)
    return (round(2 * shared / both, 6) if both else 1.0) if finite else 0.0


def _excess(expected: float, found: float) -> float:
    """How far two counts of a picture are apart, over what they may be."""
    return _known(abs(found - expected) / max(LARGEST_DIFFERENCE * expected, FREE_CELLS))


def _known(difference: float) -> float:
    """The difference, infinite where it is no number."""
    return round(difference, 6) if np.isfinite(difference) else float("inf")
