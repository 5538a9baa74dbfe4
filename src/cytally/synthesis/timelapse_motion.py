"""How the cells of a drawn time-lapse move: persistent random walks, and room that nuclei give each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cytally.synthesis.placement import Ellipses
from cytally.synthesis.timelapse_cells import Cells, draw_waves
from cytally.synthesis.timelapse_config import TimelapseConfig

Floats = NDArray[np.float64]

ROUNDS = 3  # in which neighbours give way, per step
GIVE = 0.35  # share of an overlap that each of two gives way in a round


def walk(
    cells: Cells, calm: Floats, minutes: float, world: Floats, config: TimelapseConfig, rng: np.random.Generator
) -> Cells:
    """Let cells go on for some minutes, each for itself.

    Velocities follow an Ornstein-Uhlenbeck process: in `config.persistence` they forget all but 1 / e of themselves.
    Angles drift, outlines take other shapes in the same manner.

    Parameters
    ----------
    cells
        N cells.
    calm
        (N,) those in mitosis or death, 0, hardly walk.
    minutes
        How long.
    world
        Height and width, px; who leaves on one side enters on the other.
    config, rng
        Speeds, and the source of chance.
    """
    number = len(cells)
    kept = float(np.exp(-minutes / config.persistence))
    rms = config.speed / 60 / np.sqrt(2)
    velocity = kept * cells.velocity + rms * np.sqrt(1 - kept**2) * rng.standard_normal((number, 2))
    turn = np.deg2rad(config.turning) * np.sqrt(minutes / 60) * rng.standard_normal(number)
    same = float(np.exp(-minutes / config.wobble))
    waves = same * cells.waves + np.sqrt(1 - same**2) * draw_waves(number, config.irregularity, rng)
    place = (cells.place + velocity * minutes * (0.3 + 0.7 * calm)[:, None]) % world
    return replace(cells, place=place, velocity=velocity, angle=cells.angle + turn * calm, waves=waves)


def give_way(place: Floats, ellipses: Ellipses, allowed_overlap: float, world: Floats, rounds: int = ROUNDS) -> Floats:
    """Move nuclei apart that overlap: softly, in a few rounds, on a world without borders.

    Parameters
    ----------
    place
        (N, 2) y, x in px.
    ellipses
        Of N nuclei.
    allowed_overlap
        As in `cytally.synthesis.placement.place`.
    world
        Height and width, px.
    rounds
        How often.

    Returns
    -------
    array (N, 2)
        The new places.
    """
    place = np.asarray(place % world)
    if len(place) < 2:
        return place
    metric, farthest = ellipses.metric(), 2 * float(ellipses.major.max())
    for _ in range(rounds):
        pairs = cKDTree(place, boxsize=world).query_pairs(farthest, output_type="ndarray")
        one, other = pairs[:, 0], pairs[:, 1]
        way = place[other] - place[one]
        way -= world * np.rint(way / world)
        distance = np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-6)
        along = way / distance[:, None]
        wanted = (1 - allowed_overlap) * (_radius(metric[one], along) + _radius(metric[other], along))
        push = GIVE * np.maximum(wanted - distance, 0)[:, None] * along
        moved = np.zeros_like(place)
        np.add.at(moved, one, -push)
        np.add.at(moved, other, push)
        place = np.asarray((place + moved) % world)
    return place


def _radius(metric: Floats, along: Floats) -> Floats:
    """Radii (P,) of ellipses in the directions `along` (P, 2)."""
    y, x = along[:, 0], along[:, 1]
    return np.asarray(1 / np.sqrt(metric[:, 0] * y * y + metric[:, 1] * y * x + metric[:, 2] * x * x))
