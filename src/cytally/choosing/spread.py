"""How far things lie from each other: features on one scale, and which lie apart from all others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]


def comparable(*groups: Rows) -> list[Rows]:
    """Groups of features (N, F) on one scale, so that the largest distance of any two rows is at most 1.

    Each feature is centred and divided by its standard deviation over all groups; one that does not vary is left out.
    Distances are then divided by twice the largest distance from the middle.
    """
    together = np.concatenate(groups)
    if not together.size:
        return list(groups)
    spread = together.std(axis=0)
    varies = spread > 1e-9 * np.maximum(1.0, np.abs(together).max(axis=0))
    scaled = (together[:, varies] - together[:, varies].mean(axis=0)) / spread[varies]
    radius = np.linalg.norm(scaled, axis=1).max() if scaled.size else 0.0
    scaled = scaled / (2 * radius) if radius > 0 else scaled
    return np.split(scaled, np.cumsum([len(group) for group in groups])[:-1])


def loneliness(rows: Rows, centres: Rows) -> Rows:
    """How far each row (N,) lies from the nearest other row or centre; 1 where there is no other."""
    everything = np.concatenate([rows, centres])
    alone = np.ones(len(rows))
    for place, row in enumerate(rows):
        distances = np.linalg.norm(everything - row, axis=1)
        distances[place] = 1.0
        alone[place] = distances.min()
    return alone
