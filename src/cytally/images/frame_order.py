"""Frames in natural order, and what the numbers in their names say of frames that are missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

LONGEST_NUMBER = 7
"""Digits. Longer numbers in names are dates and serial numbers, and do not count frames."""


def natural_key(path: str | Path) -> tuple[tuple[str | int, ...], str]:
    """What to sort names by so that numbers in them count as numbers. Upper and lower case are the same.

    Examples
    --------
    >>> sorted(["t10.tif", "t1.tif", "T2.tif"], key=natural_key)
    ['t1.tif', 'T2.tif', 't10.tif']
    """
    name = str(path)
    return tuple(int(part) if part.isdecimal() else part.casefold() for part in _parts(name)), name


@dataclass(frozen=True)
class Numbering:
    """Where frames stand in time by the numbers in their names.

    Parameters
    ----------
    places
        One per frame: 0 for the first, 1 for what comes one step later. Missing frames leave gaps.
    first, step
        The number of the first frame, and by how much it grows from frame to frame.
    even
        Whether all places are whole numbers.
    """

    places: tuple[float, ...]
    first: int = 0
    step: int = 1
    even: bool = True

    def missing(self, places: Sequence[float] | None = None) -> list[int]:
        """The numbers that no frame has; of those frames alone that stand at `places` where these are given."""
        if not self.even or not self.places:
            return []
        there = {int(place) for place in (self.places if places is None else places)}
        return [self.first + place * self.step for place in range(int(max(self.places)) + 1) if place not in there]


def numbering(names: Sequence[str]) -> Numbering:
    """Find the number that grows from name to name.

    Parameters
    ----------
    names
        Names without their endings, in natural order. Where they differ in more than their numbers, or no number grows,
        each frame is taken to follow the one before.

    Returns
    -------
    Numbering
        The step is the commonest difference between neighbours, the smallest of these where several are as common.
        Of several numbers that grow, the one with the fewest gaps counts; of those alike, the last one in the names.

    Examples
    --------
    >>> numbering(["t1", "t2", "t4"]).places, numbering(["t1", "t2", "t4"]).missing()
    ((0.0, 1.0, 3.0), [3])
    >>> numbering(["0min", "20min", "60min"]).missing()
    [40]
    """
    plain = Numbering(tuple(float(place) for place in range(len(names))))
    rows = [_parts(name) for name in names]
    if len(rows) < 2 or len({tuple(row[0::2]) for row in rows}) > 1 or len({len(row) for row in rows}) > 1:
        return plain
    found = []
    for column in range(1, len(rows[0]), 2):
        numbers = [int(row[column]) for row in rows]
        if len(str(max(numbers))) <= LONGEST_NUMBER and all(one < two for one, two in pairwise(numbers)):
            found.append(_numbering(numbers))
    return min(reversed(found), key=lambda one: (not one.even, one.places[-1]), default=plain)


def _numbering(numbers: Sequence[int]) -> Numbering:
    differences = Counter(two - one for one, two in pairwise(numbers))
    step = min(differences, key=lambda difference: (-differences[difference], difference))
    places = tuple((number - numbers[0]) / step for number in numbers)
    return Numbering(places, numbers[0], step, all(place.is_integer() for place in places))


def listed(numbers: Sequence[int], step: int = 1, most: int = 6) -> str:
    """Numbers as words: neighbours as a range, at most so many entries.

    Examples
    --------
    >>> listed([3, 5, 6, 7, 12]), listed([20, 40, 60], step=20), listed([1, 3, 5, 7], most=2)
    ('3, 5 to 7 and 12', '20 to 60', '1, 3 and 2 more')
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number - runs[-1][-1] == step:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = [
        text
        for run in runs
        for text in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(number) for number in run])
    ]
    return enumerated(words, most)


def enumerated(words: Sequence[str], most: int = 6) -> str:
    """Words with commas and a last 'and'; at most so many, the rest counted.

    Examples
    --------
    >>> enumerated(["a"]), enumerated(["a", "b", "c"]), enumerated(["a", "b", "c", "d"], most=2)
    ('a', 'a, b and c', 'a, b and 2 more')
    """
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _parts(name: str) -> list[str]:
    """Text, number, text, number, ..., text."""
    return re.split(r"([0-9]+)", name)
