"""An annotated picture, prepared for a network, as training passes it along."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEARLY = 1e-6

Bounds = tuple[float, float, float, float]
"""Edges (top, left, bottom, right) of the real image, in pixels of the example; a pixel's centre is a whole number,
so an uncropped image of 4 × 6 pixels has the bounds (-0.5, -0.5, 3.5, 5.5)."""


@dataclass(frozen=True)
class Example:
    """A prepared picture, or a crop of one, with its annotation.

    Parameters
    ----------
    name
        The image's name.
    image
        Normalised pixels (C, Y, X), float32.
    points
        Cells (N, 2) as y, x in pixels of `image`. Those outside it are kept: their Gaussians may reach in. None where
        only the total is known, or nothing.
    bounds
        Where the real image's edges lie.
    covariances
        Shapes of the cells' objects (N, 2, 2): the second central moments of their pixels in y and x, in pixels² of
        `image`. None where shapes are unknown.
    total
        Number of cells where it is all that is known.
    drawn
        Whether the picture is drawn; else it is natural.
    labels
        Label image (Y, X), 0 is background; None where no object is outlined, or the method does not ask for outlines.
    """

    name: str
    image: NDArray[np.float32]
    points: NDArray[np.float64] | None
    bounds: Bounds
    covariances: NDArray[np.float64] | None = None
    total: float | None = None
    drawn: bool = False
    labels: NDArray[np.integer[Any]] | None = None

    @property
    def labelled(self) -> bool:
        """Whether the number of cells is known, be it 0."""
        return self.points is not None or self.total is not None

    @property
    def count(self) -> float:
        """Number of cells in the picture: of points that lie in it, the crop's share; without points, the total.

        Raises
        ------
        ValueError
            When neither points nor the total are known.

        Examples
        --------
        >>> image, points = np.zeros((1, 3, 4), np.float32), np.array([[1.0, 1.0], [9.0, 1.0]])
        >>> Example("crop", image, points, (-0.5, -0.5, 9.5, 3.5)).count
        1
        >>> Example("total", image, None, (-0.5, -0.5, 2.5, 3.5), total=12.0).count
        12.0
        """
        if self.points is None:
            if self.total is None:
                raise ValueError(f"of {self.name}, neither points nor the total are known")
            return self.total
        rows, columns = self.image.shape[-2:]
        inside = (self.points >= -0.5) & (self.points <= np.array([rows, columns]) - 0.5)
        return int(inside.all(axis=1).sum())

    def context(self, margin: int) -> NDArray[np.float32]:
        """Where the picture shows enough to judge by: (1, Y, X), 1 or 0.

        Parameters
        ----------
        margin
            Pixels along an edge that cuts the image in which too much of the surroundings is missing. The edges of
            the real image itself cut nothing off; what lies beyond them is padding, and 0.

        Examples
        --------
        >>> cut_left = Example("a", np.zeros((1, 3, 4), np.float32), np.zeros((0, 2)), (-0.5, -9.5, 2.5, 3.5))
        >>> cut_left.context(margin=1)[0].astype(int).tolist()
        [[0, 1, 1, 1], [0, 1, 1, 1], [0, 1, 1, 1]]
        """
        rows, columns = self.image.shape[-2:]
        top, left, bottom, right = self.bounds
        seen = np.zeros((1, rows, columns), np.float32)
        low = [margin if edge < -0.5 - NEARLY else max(0, math.ceil(edge)) for edge in (top, left)]
        high = [
            length - margin if edge > length - 0.5 + NEARLY else min(length, math.floor(edge) + 1)
            for edge, length in ((bottom, rows), (right, columns))
        ]
        seen[:, low[0] : max(low[0], high[0]), low[1] : max(low[1], high[1])] = 1
        return seen
