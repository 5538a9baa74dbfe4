"""The shapes that well plates come in, and what their rows are called."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlateShape:
    """So many rows and columns of wells.

    Examples
    --------
    >>> PlateShape(8, 12).wells
    96
    """

    rows: int
    columns: int

    @property
    def wells(self) -> int:
        """Number of wells."""
        return self.rows * self.columns


PLATES = tuple(
    PlateShape(rows, columns) for rows, columns in ((2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))
)
"""Plates with 6, 12, 24, 48, 96, 384 and 1536 wells."""
LARGEST = PLATES[-1]


def smallest_plate(row: int, column: int) -> PlateShape:
    """The smallest plate that has a well in that row and column, both from 1.

    Raises
    ------
    ValueError
        When no plate has.

    Examples
    --------
    >>> smallest_plate(2, 3).wells, smallest_plate(3, 3).wells, smallest_plate(1, 13).wells
    (6, 12, 384)
    """
    for plate in PLATES:
        if row <= plate.rows and column <= plate.columns:
            return plate
    raise ValueError(f"no plate has a row {row} and a column {column}")


def row_letters(row: int) -> str:
    """What the row is called, the first being 1; AA follows Z.

    Examples
    --------
    >>> [row_letters(row) for row in (1, 8, 26, 27, 32)]
    ['A', 'H', 'Z', 'AA', 'AF']
    """
    return chr(64 + row) if row <= 26 else "A" + row_letters(row - 26)


def row_number(letters: str) -> int:
    """The row that is called so; the other way round from `row_letters`.

    Examples
    --------
    >>> [row_number(letters) for letters in ("A", "h", "AF")]
    [1, 8, 32]
    """
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - 64
    return number
