"""Where tiles lie in a well: row by row, edge to edge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cytally.errors import UsageError
from cytally.images.frame_order import natural_key

MOST_PLACES = 2
"""A grid with more places than this per tile was given by mistake: a tile or a corner may be missing, not most."""


@dataclass(frozen=True)
class Layout:
    """How tiles are laid out.

    Parameters
    ----------
    grid
        Rows and columns.
    places
        The place of each tile by its name: 0 is at the top left, then on along the row.
    guessed
        Whether the grid was guessed.
    """

    grid: tuple[int, int]
    places: dict[str, int]
    guessed: bool = False


def lay_out(tiles: Sequence[str], grid: tuple[int, int] | None = None) -> Layout:
    """Lay tiles out in their natural order, row by row, each row from left to right.

    Parameters
    ----------
    tiles
        Names of tiles as files have them: numbers, mostly.
    grid
        Rows and columns. Where tiles are numbered from 0 or 1 on and some are missing, the others keep their places.
        Without it, the grid nearest to a square that the tiles fill.

    Raises
    ------
    UsageError
        When the grid has fewer places than there are tiles, or more than twice as many, or is not made of positive
        numbers.

    Examples
    --------
    >>> lay_out(["1", "2", "10", "3"]).grid, lay_out(["1", "2", "10", "3"]).places
    ((2, 2), {'1': 0, '2': 1, '3': 2, '10': 3})
    >>> lay_out(["1", "2", "4"], (2, 2)).places
    {'1': 0, '2': 1, '4': 3}
    """
    names = sorted(set(tiles), key=natural_key)
    guessed = grid is None
    rows, columns = _nearest_square(len(names)) if grid is None else grid
    if min(rows, columns) < 1:
        raise UsageError(f"the grid is {rows}x{columns}", cure="give rows and columns, as --grid 2x3")
    if rows * columns < len(names):
        raise UsageError(
            f"the grid of {rows}x{columns} has {rows * columns} places, and there are {len(names)} tiles",
            cure="give rows and columns that hold them all, as --grid {}x{}".format(*_nearest_square(len(names))),
        )
    if rows * columns > MOST_PLACES * len(names):
        raise UsageError(
            f"the grid of {rows}x{columns} has {rows * columns} places, and there "
            + ("is 1 tile" if len(names) == 1 else f"are {len(names)} tiles"),
            cure="give rows and columns as they are, as --grid {}x{}".format(*_nearest_square(len(names))),
        )
    places = dict(zip(names, range(len(names)), strict=True))
    if not guessed and all(name.isdecimal() for name in names):
        numbers = [int(name) for name in names]
        first = min(1, *numbers)
        if len(set(numbers)) == len(numbers) and max(numbers) - first < rows * columns:
            places = {name: number - first for name, number in zip(names, numbers, strict=True)}
    return Layout((rows, columns), places, guessed)


def _nearest_square(number: int) -> tuple[int, int]:
    """Rows and columns that hold exactly so many tiles, no more rows than columns.

    Examples
    --------
    >>> _nearest_square(9), _nearest_square(6), _nearest_square(5)
    ((3, 3), (2, 3), (1, 5))
    """
    rows = next(rows for rows in range(math.isqrt(number), 0, -1) if number % rows == 0)
    return rows, number // rows
