"""How the stage of the microscope drifts and jumps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]

SMOOTH = 8  # a slow drift turns about so many times at most


def draw_shifts(
    frames: int, largest: float, jumps: int, jump_share: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw a path of slow drift with sudden jumps.

    Parameters
    ----------
    frames
        How many.
    largest
        Length of the largest displacement from the first frame, px.
    jumps
        How many sudden jumps there are, at frames drawn at random.
    jump_share
        Weight of the jumps against that of the slow drift, 0 to 1.
    rng
        Source of chance.

    Returns
    -------
    array (frames, 2)
        y, x by which the content of each frame is displaced from the first, px.

    Examples
    --------
    >>> shifts = draw_shifts(30, 20.0, 2, 0.5, np.random.default_rng(0))
    >>> shifts[0].tolist(), round(float(np.hypot(*shifts.T).max()), 6)
    ([0.0, 0.0], 20.0)
    """
    steps = ndimage.gaussian_filter1d(rng.standard_normal((frames, 2)), max(frames / SMOOTH, 0.5), axis=0)
    slow = _to_length(np.cumsum(steps, axis=0), 1.0)
    sudden = np.zeros((frames, 2))
    for frame in rng.integers(1, max(frames, 2), jumps):
        turn, length = 2 * np.pi * rng.random(), rng.uniform(0.5, 1)
        sudden[frame:] += length * np.array([np.sin(turn), np.cos(turn)])
    share = jump_share if jumps else 0.0
    return _to_length((1 - share) * slow + share * _to_length(sudden, 1.0), largest)


def _to_length(path: Floats, length: float) -> Floats:
    """The path from its first place, scaled so that it leads this far away at most."""
    path = path - path[0]
    farthest = float(np.hypot(path[:, 0], path[:, 1]).max())
    return np.asarray(path * (length / farthest if farthest > 0 else 0.0))
