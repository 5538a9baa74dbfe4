"""What each frame shows, and whether a cell is where others come from and go to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cytally.timelapse.objects import Objects


@dataclass(frozen=True, eq=False)
class FieldOfView:
    """The window of every frame, in the coordinates of the tracks.

    Parameters
    ----------
    windows
        (T, 4) top, left, bottom, right in pixels: the outer edges, so that an image of 10 rows has the top -0.5 and
        the bottom 9.5.
    border
        Width of the rim, pixels.
    """

    windows: NDArray[np.float64]
    border: float

    def at_rim(self, frames: ArrayLike, places: ArrayLike, towards: int) -> NDArray[np.bool_]:
        """Whether places are in the rim, or outside, of the window of their frame or of the one next to it.

        Parameters
        ----------
        frames
            (N,) in which the cells are seen.
        places
            (N, 2) their y, x.
        towards
            1 looks at the frame after each as well, -1 at the frame before it.

        Examples
        --------
        >>> view = FieldOfView(np.tile([-0.5, -0.5, 9.5, 9.5], (3, 1)), border=2)
        >>> view.at_rim([0, 0], [[5, 5], [1, 5]], 1).tolist()
        [False, True]
        """
        numbers = np.asarray(frames, np.intp)
        others = np.clip(numbers + towards, 0, len(self.windows) - 1)
        near: NDArray[np.bool_] = (
            np.minimum(self._inwards(numbers, places), self._inwards(others, places)) <= self.border
        )
        return near

    def _inwards(self, frames: NDArray[np.intp], places: ArrayLike) -> NDArray[np.float64]:
        """How far each place is from the nearest edge; below 0 outside."""
        points, windows = np.asarray(places, np.float64).reshape(-1, 2), self.windows[frames]
        nearest: NDArray[np.float64] = np.hstack([points - windows[:, :2], windows[:, 2:] - points]).min(axis=1)
        return nearest


def windows_of(
    frames: Sequence[Objects],
    *,
    shape: tuple[int, int] | None,
    shifts: NDArray[np.float64],
    windows: ArrayLike | None,
) -> NDArray[np.float64]:
    """The window of every frame (T, 4) as `FieldOfView` holds it.

    Parameters
    ----------
    frames
        Objects in the coordinates of the tracks.
    shape
        Rows and columns of each frame as the camera saw it.
    shifts
        (T, 2) y, x by which the content of each frame is displaced from the coordinates of the tracks.
    windows
        (T, 4) first row, first column, and those after the last, in the coordinates of the tracks, as in slices; or
        one window (4,) for all frames. It wins over `shape`.

    Notes
    -----
    Without shape and windows, all frames show the smallest rectangle that holds all objects.

    Raises
    ------
    ValueError
        When the windows have another shape.
    """
    if windows is not None:
        given = np.asarray(windows, np.float64)
        if given.shape not in ((4,), (len(frames), 4)):
            raise ValueError(f"windows have the shape {given.shape}, not (4,) or ({len(frames)}, 4)")
        return np.broadcast_to(given - 0.5, (len(frames), 4))
    if shape is not None:
        edges = np.array([0, 0, *shape]) - 0.5
        return edges - np.hstack([shifts, shifts])
    places = np.concatenate([frame.places for frame in frames]) if frames else np.zeros((0, 2))
    if not len(places):
        return np.zeros((len(frames), 4))
    low, high = np.floor(places.min(axis=0)) - 0.5, np.ceil(places.max(axis=0)) + 0.5
    return np.tile(np.concatenate([low, high]), (len(frames), 1))
