"""Where the heat maps of plates stand in their picture, and how large their wells are."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

from cytally.report.plate_shape import PlateShape

WIDTH, HEIGHT = 740.0, 1040.0
"""What the plates may take up together, in points of 1/72 inch; many plates take more."""
WIDEST, NAMED, NARROWEST = 64.0, 9.6, 2.5
"""Side of a well, in points: at most, as long as rows and columns are named, and at least."""


@dataclass(frozen=True)
class PlateLayout:
    """Where plates stand, in points from the top left corner of the picture.

    Parameters
    ----------
    shape
        Rows and columns of each plate.
    across, down
        Plates beside and below each other.
    side
        Side of a well.
    left, top
        Room for the letters of the rows, and for title and numbers of the columns.
    title
        The share of `top` that is the title's.
    named
        Whether there is room for the names of rows and columns.
    """

    shape: PlateShape
    across: int
    down: int
    side: float
    left: float
    top: float
    title: float
    named: bool = True

    @classmethod
    def of(cls, plates: int, shape: PlateShape, *, titled: bool) -> PlateLayout:
        """As few plates beside each other as lets all of them fit; wells of the least size where they cannot."""
        title = 16.0 if titled else 0.0
        left, top = 18.0, title + 14.0
        for across in range(1, plates + 1):
            down = ceil(plates / across)
            side = min(WIDEST, (WIDTH / across - 2 * left) / shape.columns, (HEIGHT / down - top - 10) / shape.rows)
            wide = (WIDTH / across - 2 * left) / shape.columns
            if side >= min(wide, WIDEST) and side >= NAMED:
                return cls(shape, across, down, side, left, top, title)
        left, top = 5.0, max(title, 5.0)
        proportion = (shape.rows * NARROWEST + top) / (shape.columns * NARROWEST + left)
        across = ceil(sqrt(plates * proportion * WIDTH / HEIGHT))
        side = max(NARROWEST, min(NAMED, (WIDTH / across - 2 * left) / shape.columns))
        return cls(shape, across, ceil(plates / across), side, left, top, title, named=False)

    @property
    def step(self) -> tuple[float, float]:
        """Down and across from one plate to the next."""
        return self.shape.rows * self.side + self.top + 10, self.shape.columns * self.side + 2 * self.left

    @property
    def size(self) -> tuple[float, float]:
        """Height and width of all plates."""
        down, across = self.step
        return max(self.down * down + 8, 150.0), self.across * across

    def corner(self, number: int) -> tuple[float, float]:
        """Top left corner (y, x) of the first well of a plate."""
        down, across = self.step
        return number // self.across * down + self.top + 4, number % self.across * across + self.left
