"""Ways of showing a network the same picture once more: turned, mirrored, smaller, larger, darker, brighter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cytally.images.prepare import LEAST_SIDE
from cytally.images.resize import resize, resize_density

Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """One way of looking at a picture that changes no cell's number.

    Parameters
    ----------
    how
        What is done to the picture, in words that go on "counts differ when it is …"; empty for the picture as it is.
    turns
        Quarter turns, against the clock.
    mirrored
        Whether left and right are exchanged before the turn.
    zoom
        Factor on its sides.
    gain
        Factor on its brightness, after normalisation: before it, nothing would be left of the change.
    """

    how: str = ""
    turns: int = 0
    mirrored: bool = False
    zoom: float = 1.0
    gain: float = 1.0

    def show(self, image: Pixels) -> Pixels:
        """The picture (C, Y, X) as this view shows it, float32.

        Examples
        --------
        >>> View(turns=1).show(np.array([[[1.0, 2.0], [3.0, 4.0]]], np.float32)).tolist()
        [[[2.0, 4.0], [1.0, 3.0]]]
        """
        rows, columns = (max(LEAST_SIDE, round(side * self.zoom)) for side in image.shape[-2:])
        seen = resize(image, (rows, columns)) if self.zoom != 1 else image
        seen = seen[..., ::-1] if self.mirrored else seen
        seen = np.rot90(seen, self.turns, axes=(-2, -1))
        return np.ascontiguousarray(seen * np.float32(self.gain) if self.gain != 1 else seen)

    def undo(self, density: Pixels, shape: tuple[int, int]) -> Pixels:
        """A density map (y, x) of what `show` gave, as a map of the picture itself, of `shape`; its sum is kept.

        Examples
        --------
        >>> view, picture = View(turns=3, mirrored=True), np.arange(6.0, dtype=np.float32).reshape(1, 2, 3)
        >>> bool((view.undo(view.show(picture)[0], (2, 3)) == picture[0]).all())
        True
        """
        back = np.rot90(density, -self.turns, axes=(-2, -1))
        back = back[..., ::-1] if self.mirrored else back
        return resize_density(np.ascontiguousarray(back), shape)


TURNED, SCALED, LIT = "turned or mirrored", "made smaller or larger", "made darker or brighter"

VIEWS = (
    View(),
    *(View(TURNED, turns) for turns in (1, 2, 3)),
    *(View(TURNED, turns, mirrored=True) for turns in (0, 1)),
    *(View(SCALED, zoom=zoom) for zoom in (0.9, 1.1)),
    *(View(LIT, gain=gain) for gain in (0.85, 1.15)),
)
"""The picture as it is, and nine other views of it: slight changes, which no one who counts by eye would mind."""
