"""The population of a drawn time-lapse, on an area larger than the field: it begins, and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ConfigError
from cytally.synthesis.placement import Crowding, Ellipses, place
from cytally.synthesis.timelapse_cells import Cells, bodies_at, daughters, draw_waves
from cytally.synthesis.timelapse_config import TimelapseConfig
from cytally.synthesis.timelapse_life import LifeLaw, life_law
from cytally.synthesis.timelapse_motion import give_way, walk

Floats = NDArray[np.float64]

STEP = 5.0  # minutes of one step of motion
STEPS = 12  # of them from frame to frame at most; longer ones where that is not enough
AROUND = 3.0  # how far the world reaches beyond all that is ever seen, diameters
SETTLE = 30  # rounds in which nuclei give way before the first frame
FRAMINGS = 500  # first frames tried


@dataclass
class World:
    """The living cells, and what became of all.

    Attributes
    ----------
    cells
        Those that live. The first frame's top-left pixel has its centre at the place (margin, margin).
    size, margin
        Height and width of the world, and how far it reaches beyond the first frame, px.
    mother
        By number: of every cell that ever lived.
    last_alive
        By number of every cell that divided or died: the last frame before that.
    died
        Numbers of the cells that died.
    """

    config: TimelapseConfig
    law: LifeLaw
    cells: Cells
    size: Floats
    margin: float
    mother: dict[int, int]
    last_alive: dict[int, int] = field(default_factory=dict)
    died: set[int] = field(default_factory=set)

    def frames(self, rng: np.random.Generator) -> Iterator[tuple[float, Cells]]:
        """Yield of each frame the time in minutes and the cells that live, their places in px of the first frame."""
        for frame in range(self.config.frames):
            if frame:
                self._go_on(frame - 1, rng)
            yield frame * self.config.interval, replace(self.cells, place=self.cells.place - self.margin)

    def _go_on(self, frame: int, rng: np.random.Generator) -> None:
        """From this frame to the next."""
        interval = self.config.interval
        steps = min(int(np.ceil(interval / STEP)), STEPS)
        times = np.linspace(frame * interval, (frame + 1) * interval, steps + 1)
        for before, after in pairwise(times):
            calm = bodies_at(self.cells, float(before), self.config).calm
            self.cells = walk(self.cells, calm, float(after - before), self.size, self.config, rng)
            self._live(float(after), frame, rng)
            ellipses = bodies_at(self.cells, float(after), self.config).outlines.ellipses
            places = give_way(self.cells.place, ellipses, self.config.allowed_overlap, self.size)
            self.cells = replace(self.cells, place=places)

    def _live(self, time: float, frame: int, rng: np.random.Generator) -> None:
        """Let happen what is due: divisions, of daughters too, and deaths. `frame` is the last one before."""
        while True:
            end = np.minimum(self.cells.divides, self.cells.dies)
            due = end <= time
            if not due.any():
                return
            ended, self.cells = self.cells.take(due), self.cells.take(~due)
            divides = ended.divides <= ended.dies
            self.last_alive.update(dict.fromkeys(ended.number.tolist(), frame))
            self.died.update(ended.number[~divides].tolist())
            born = daughters(ended.take(divides), len(self.mother) + 1, self.config, rng)
            division, death = self.law.lifetimes(len(born), rng)
            born = replace(born, place=born.place % self.size, divides=born.born + division, dies=born.born + death)
            self.mother.update(zip(born.number.tolist(), born.mother.tolist(), strict=True))
            self.cells = self.cells.joined(born)


def begin(config: TimelapseConfig, rng: np.random.Generator) -> World:
    """The population of the first frame, of all ages, as of one that has long been growing.

    Raises
    ------
    ConfigError
        The cells do not fit.
    """
    law = life_law(config)
    margin = float(np.ceil(config.drift + AROUND * config.diameter))
    height, width = config.shape
    size = np.array([height + 2 * margin, width + 2 * margin])
    number = round(config.cells * float(size.prod()) / (height * width))
    age, division, death = law.midway(number, rng)
    zeros = np.zeros((number, 2))
    sigma = np.log(config.brightness_spread) / 3.29  # ln(95th / 5th percentile) of a log-normal law is 2 * 1.645 sigma
    cells = Cells(
        number=np.arange(1, number + 1),
        mother=np.zeros(number, dtype=np.int64),
        place=zeros,
        velocity=config.speed / 60 / np.sqrt(2) * rng.standard_normal((number, 2)),
        angle=np.pi * rng.random(number),
        born=-age,
        divides=division - age,
        dies=death - age,
        diameter=config.diameter * np.exp(config.diameter_spread * np.clip(rng.standard_normal(number), -2.5, 2.5)),
        eccentricity=rng.uniform(*config.eccentricity, number),
        brightness=config.brightness * np.exp(sigma * np.clip(rng.standard_normal(number), -2.5, 2.5)),
        waves=draw_waves(number, config.irregularity, rng),
        grain=rng.uniform(0, 4096, (number, 2)),
    )
    ellipses = bodies_at(cells, 0.0, config).outlines.ellipses
    places = give_way(_places(ellipses, config, size, rng), ellipses, config.allowed_overlap, size, rounds=SETTLE)
    places = _framed(places, config, size, margin, rng)
    return World(config, law, replace(cells, place=places), size, margin, dict.fromkeys(range(1, number + 1), 0))


def _places(ellipses: Ellipses, config: TimelapseConfig, size: Floats, rng: np.random.Generator) -> Floats:
    """Places (N, 2) of the first cells in the world."""
    crowding = Crowding(config.clustering, 0.0, min(config.allowed_overlap + 0.1, 1.0))
    centres = place(ellipses, len(ellipses), (int(size[0]), int(size[1])), 0.0, crowding, rng)
    if not np.isfinite(centres).all():
        fit = config.cells * float(np.isfinite(centres[:, 0]).mean())
        frame = f"{config.shape[0]} × {config.shape[1]} px"
        raise ConfigError(
            f"{config.cells} nuclei of {config.diameter:g} px do not fit into {frame}: about {fit:.0f} do",
            cure="lower cells or diameter, or raise allowed_overlap or shape",
        )
    return centres


def _framed(places: Floats, config: TimelapseConfig, size: Floats, margin: float, rng: np.random.Generator) -> Floats:
    """Slide the world, which has no borders, until the first frame holds the centres that it shall, or nearly."""
    shape = np.array(config.shape)
    best, off = places, len(places) + 1
    for _ in range(FRAMINGS):
        slid = (places + rng.random(2) * size) % size
        held = int(np.all((slid - margin >= -0.5) & (slid - margin < shape - 0.5), axis=1).sum())
        if abs(held - config.cells) < off:
            best, off = slid, abs(held - config.cells)
        if off == 0:
            break
    return best
