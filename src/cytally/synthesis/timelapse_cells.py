"""The living cells of a drawn time-lapse: their traits, and the bodies these give at a moment."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from cytally.synthesis.outlines import ORDERS, Outlines
from cytally.synthesis.placement import Ellipses
from cytally.synthesis.timelapse_config import TimelapseConfig

Floats = NDArray[np.float64]

CONDENSED_AREA = 0.6  # of a nucleus in metaphase over its area before
CONDENSED_LIGHT = 1.9  # and its brightness
PLATE = 0.88  # eccentricity of a metaphase plate
DYING_AREA = 0.3
DYING_LIGHT = 2.2
PARTING = 40.0  # minutes in which daughters would get as far away again as they are born from the middle


@dataclass(frozen=True)
class Cells:
    """Traits of N living cells; times are minutes since the first frame.

    Attributes
    ----------
    number, mother
        (N,) numbers from 1; mother 0: it was there from the beginning.
    place, velocity
        (N, 2) y, x, in px and px per minute.
    angle
        (N,) of the long axis, from x towards y, radians.
    born, divides, dies
        (N,) when; of the last two the earlier one happens.
    diameter
        (N,) in mid-cycle, px.
    eccentricity, brightness
        (N,) between mitoses.
    waves
        (N, 4) of the outline, as in `Outlines`.
    grain
        (N, 2) where in the field of chromatin its texture lies, px.
    """

    number: NDArray[np.int64]
    mother: NDArray[np.int64]
    place: Floats
    velocity: Floats
    angle: Floats
    born: Floats
    divides: Floats
    dies: Floats
    diameter: Floats
    eccentricity: Floats
    brightness: Floats
    waves: NDArray[np.complex128]
    grain: Floats

    def __len__(self) -> int:
        return len(self.number)

    def take(self, indices: NDArray[np.intp] | NDArray[np.bool_]) -> Cells:
        """These cells alone, in this order."""
        return replace(self, **{one.name: getattr(self, one.name)[indices] for one in fields(self)})

    def joined(self, others: Cells) -> Cells:
        """These cells and then the others."""
        both = {one.name: np.concatenate([getattr(self, one.name), getattr(others, one.name)]) for one in fields(self)}
        return replace(self, **both)


@dataclass(frozen=True)
class Bodies:
    """What cells look like at a moment: `outlines` and `brightness` (N,); `calm` (N,) is 0 in mitosis and death."""

    outlines: Outlines
    brightness: Floats
    calm: Floats


def bodies_at(cells: Cells, time: float, config: TimelapseConfig) -> Bodies:
    """The bodies of cells at a time (minutes).

    Areas double evenly from birth to division. Around a division nuclei are condensed: small, bright, and before it
    long, the plate across the way the daughters will part. Dying nuclei shrink, brighten and round up.
    """
    phase = np.clip((time - cells.born) / np.maximum(cells.divides - cells.born, 1e-9), 0, 1)
    divides = cells.divides <= cells.dies
    before = np.where(divides, np.clip(1 - (cells.divides - time) / config.mitosis, 0, 1), 0)
    after = np.where(cells.mother > 0, np.clip(1 - (time - cells.born) / config.mitosis, 0, 1), 0)
    mitosis = np.maximum(before, after)
    dying = np.clip(1 - (cells.dies - time) / config.dying, 0, 1)
    area = 2 ** (phase - 0.5) * (1 + (CONDENSED_AREA - 1) * np.minimum(2 * mitosis, 1)) * (1 + (DYING_AREA - 1) * dying)
    light = (1 + (CONDENSED_LIGHT - 1) * np.minimum(2 * mitosis, 1)) * (1 + (DYING_LIGHT - 1) * dying)
    eccentricity = cells.eccentricity + mitosis * (PLATE - cells.eccentricity)
    eccentricity = eccentricity * (1 - 0.7 * dying)
    ratio = (1 - eccentricity**2) ** 0.25
    radius = cells.diameter / 2 * np.sqrt(area)
    none = np.zeros(len(cells))
    outlines = Outlines(Ellipses(radius / ratio, radius * ratio, cells.angle), cells.waves, none, none, none)
    return Bodies(outlines, cells.brightness * light, 1 - np.maximum(mitosis, dying))


def draw_waves(number: int, irregularity: float, rng: np.random.Generator) -> NDArray[np.complex128]:
    """Waves (number, 4) of outlines that differ from their ellipses by this share of the radius (rms)."""
    fall = np.array([1 / order for order in ORDERS])
    size = irregularity * fall / np.sqrt((fall**2).sum())
    parts = np.clip(rng.standard_normal((2, number, len(ORDERS))), -2, 2)
    return np.asarray(size * (parts[0] + 1j * parts[1]))


def daughters(mothers: Cells, first_number: int, config: TimelapseConfig, rng: np.random.Generator) -> Cells:
    """Two newborn cells of each mother (M,), (2 M,), numbered from `first_number`; their lifetimes are still to come.

    They part across the mother's plate, and inherit her traits with some change.
    """
    number = 2 * len(mothers)
    pair = mothers.take(np.repeat(np.arange(len(mothers)), 2))
    side = np.tile([-1.0, 1.0], len(mothers))[:, None]
    across = np.stack([np.cos(pair.angle), -np.sin(pair.angle)], axis=1)
    apart = 0.3 * pair.diameter[:, None] * across * side
    spread = np.log(config.brightness_spread) / 3.29
    drawn = np.exp(config.diameter_spread * np.clip(rng.standard_normal(number), -2.5, 2.5)) * config.diameter
    return replace(
        pair,
        number=np.arange(first_number, first_number + number),
        mother=pair.number,
        place=pair.place + apart,
        velocity=pair.velocity + apart / PARTING,
        born=pair.divides,
        diameter=np.sqrt(pair.diameter * drawn),
        eccentricity=rng.uniform(*config.eccentricity, number),
        brightness=pair.brightness * np.exp(0.3 * spread * np.clip(rng.standard_normal(number), -2, 2)),
        waves=draw_waves(number, config.irregularity, rng),
        grain=rng.uniform(0, 4096, (number, 2)),
    )
