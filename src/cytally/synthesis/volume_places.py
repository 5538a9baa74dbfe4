"""Where the cells of a volume lie: apart from each other, or touching."""

from __future__ import annotations

from collections import defaultdict
from itertools import product

import numpy as np
from numpy.typing import NDArray

from cytally.synthesis.volume_config import VolumeConfig

Floats = NDArray[np.float64]

TRIES = 40
"""Places tried for each cell before it is left out."""


def place_cells(
    config: VolumeConfig, radii: Floats, size: tuple[float, float, float], touching: float, rng: np.random.Generator
) -> Floats:
    """Find a place for each cell, the large ones first.

    Parameters
    ----------
    config
        `layer`, `margin`, `flatness` and `allowed_overlap` say where cells may be.
    radii
        Of the cells (N,), px.
    size
        Depth, height and width of the volume, px of the plane.
    touching
        Share of cells placed beside another.

    Returns
    -------
    ndarray
        Centres (N, 3), ZYX, px of the plane; NaN for cells that find no place in 40 tries.
    """
    # Flat cells may lie closer above each other: along z, distances are measured in their height.
    squeeze = np.array([1 / np.mean(config.flatness), 1.0, 1.0])
    least = 1 - config.allowed_overlap
    centres = np.full((len(radii), 3), np.nan)
    if not len(radii):
        return centres
    side = 2 * float(radii.max())
    bins: dict[tuple[int, ...], list[int]] = defaultdict(list)
    placed: list[int] = []
    for index in np.argsort(-radii, kind="stable"):
        low, high = _bounds(config, radii[index], size)
        beside = rng.random() < touching
        for _ in range(TRIES):
            if beside and placed:
                other = placed[int(rng.integers(len(placed)))]
                direction = rng.standard_normal(3)
                direction /= np.linalg.norm(direction)
                reach = (radii[index] + radii[other]) * least * 1.001
                centre = centres[other] + reach * direction / squeeze
                if (centre < low).any() or (centre > high).any():
                    continue
            else:
                centre = rng.uniform(low, high)
            place = tuple((centre * squeeze // side).astype(int).tolist())
            near = [each for shift in _SHIFTS for each in bins.get(tuple(map(sum, zip(place, shift, strict=True))), ())]
            away = np.sqrt((((centres[near] - centre) * squeeze) ** 2).sum(axis=1))
            if (away >= least * (radii[near] + radii[index])).all():
                centres[index] = centre
                bins[place].append(int(index))
                placed.append(int(index))
                break
    return centres


_SHIFTS = tuple(product((-1, 0, 1), repeat=3))


def _bounds(config: VolumeConfig, radius: float, size: tuple[float, float, float]) -> tuple[Floats, Floats]:
    """The box in which a centre may lie; where the margin leaves none, the middle."""
    margin = config.margin * radius
    low = np.array([config.layer[0] * size[0], margin, margin])
    high = np.array([config.layer[1] * size[0], size[1] - margin, size[2] - margin])
    middle = (low + high) / 2
    return np.minimum(low, middle), np.maximum(high, middle)
