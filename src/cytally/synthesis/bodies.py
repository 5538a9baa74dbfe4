"""Bodies of cells: how large they are, where they lie, and on which pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cytally.synthesis.cells_config import CellsConfig
from cytally.synthesis.outlines import CHUNK, Outlines, Rasterised, draw_outlines, rasterise
from cytally.synthesis.placement import Clear, Crowding, Ellipses, place

Floats = NDArray[np.float64]

LOBES_APART = (1.3, 1.8)  # distance between the lobes of a dividing ellipse, over their radius
YOUNG_LENGTH = 0.6  # length of each half of a dividing rod over that of a single rod
ROD_OVERLAP = 0.4  # how far the halves of a dividing rod share their caps, over the radius
ROD_GIRTH = 1.15  # width, over its own, of the ellipse that keeps other cells away from a rod
AXIS_POINTS = 9  # on a rod's axis, between which distances are measured


@dataclass(frozen=True)
class Bodies:
    """N cells, the largest first, which are M single cells or dividing pairs.

    Attributes
    ----------
    outlines
        Of the N cells. Of a rod the ellipse's half axes are half its length and width, and the waves are not used.
    bend
        (N,) sag of a rod's axis, px.
    places
        M ellipses that stand for the single cells and pairs while places are sought.
    body
        (N,) which of the M a cell belongs to.
    offset
        (N, 2) from the middle of that to the cell's own, px.
    """

    outlines: Outlines
    bend: Floats
    places: Ellipses
    body: NDArray[np.intp]
    offset: Floats

    def reach(self) -> Floats:
        """Upper bound of each cell's distance from its own middle, px, (N,)."""
        return np.asarray(self.outlines.reach() + np.abs(self.bend), dtype=np.float64)


def draw_bodies(config: CellsConfig, number: int, rng: np.random.Generator) -> Bodies:
    """Draw the sizes and shapes of `number` cells."""
    pairs = int(rng.binomial(number // 2, config.division_share))
    total = number - pairs
    dividing = np.arange(total) < pairs
    radius, angle = rng.uniform(*config.radius, total), rng.random(total) * np.pi
    if config.body == "rod":
        minor, girth = radius, ROD_GIRTH * radius
        major = radius * np.maximum(rng.uniform(*config.rod_length, total) * np.where(dividing, YOUNG_LENGTH, 1), 1)
        apart = 2 * major - ROD_OVERLAP * radius
        bend = np.where(dividing, 0.3, 1) * config.bend * rng.uniform(-1, 1, total) * 2 * (major - minor)
        waves = 0.0
    else:
        eccentricity = rng.uniform(*config.eccentricity, total) * np.where(dividing, 0.5, 1)
        ratio = (1 - eccentricity**2) ** 0.25
        major, minor = radius / ratio, radius * ratio
        apart, girth, bend, waves = (
            radius * rng.uniform(*LOBES_APART, total),
            minor,
            np.zeros(total),
            config.irregularity,
        )
    length = np.where(dividing, major + apart / 2, major)
    order = np.argsort(-length, kind="stable")
    dividing, major, minor, angle, bend = dividing[order], major[order], minor[order], angle[order], bend[order]
    places = Ellipses(length[order], np.minimum(girth, length)[order], angle)
    body = np.repeat(np.arange(total), 1 + dividing)
    side = np.where(dividing, 0.5, 0.0)[body]
    side[1:][body[1:] == body[:-1]] *= -1
    along = np.stack([np.sin(angle), np.cos(angle)], axis=1)[body]
    offset = (side * apart[order][body])[:, None] * along
    outlines = draw_outlines(Ellipses(major[body], minor[body], angle[body]), waves, 0.0, rng)
    return Bodies(outlines, bend[body], places, body, offset)


def place_bodies(config: CellsConfig, bodies: Bodies, margin: float, rng: np.random.Generator) -> Floats:
    """Find places for cells, all centres inside the image.

    Parameters
    ----------
    config
        How they are placed.
    bodies
        N cells.
    margin
        How far from the border every centre of a single cell or pair lies, px.
    rng
        Source of chance.

    Returns
    -------
    array (N, 2)
        Centres y, x in pixels; NaN for cells that found no place.
    """
    if config.border == "inside" and len(bodies.body):
        margin = max(margin, float((bodies.reach() + np.hypot(*bodies.offset.T)).max()) + 1)
    crowding = Crowding(config.clustering, 0.0, config.allowed_overlap)
    clear = None
    if config.body == "rod" and config.allowed_overlap < 1:
        clear = _rods_clear(bodies.places, config.allowed_overlap)
    middles = place(bodies.places, len(bodies.places), config.shape, -margin, crowding, rng, clear)
    last = np.array(config.shape) - 0.5 - 1e-6
    # A pair whose middle lies near the border is moved so that both lobes' centres are inside.
    room = np.minimum(np.abs(bodies.offset), (last + 0.5) / 2)
    centres = np.clip(middles[bodies.body], room - 0.5, last - room) + bodies.offset
    return np.asarray(np.clip(centres, -0.5, last))


def _rods_clear(places: Ellipses, allowed_overlap: float) -> Clear:
    """Rods keep clear where points spread along their axes do: long ellipses may cross without noticing."""
    straight = np.maximum(places.major - places.minor, 0)
    along = straight[:, None] * np.linspace(-1, 1, AXIS_POINTS)
    axes = along[:, :, None] * np.stack([np.sin(places.angle), np.cos(places.angle)], axis=1)[:, None]

    def clear(index: int, candidates: Floats, others: NDArray[np.intp], centres: Floats) -> NDArray[np.bool_]:
        apart = np.abs(candidates[:, None] - centres[None]).max(axis=-1).min(axis=0)
        near = apart < places.major[index] + places.major[others]
        others, centres = others[near], centres[near]
        own = (candidates[:, None] + axes[index])[:, None, :, None]
        away = ((own - (centres[:, None] + axes[others])[None, :, None]) ** 2).sum(axis=-1).min(axis=(2, 3))
        least = (1 - allowed_overlap) * (places.minor[index] + places.minor[others])
        return np.asarray(np.all(away >= least**2, axis=1))

    return clear


def rasterise_bodies(config: CellsConfig, bodies: Bodies, centres: Floats, slack: int) -> Iterator[Rasterised]:
    """Yield cells at their `centres` (N, 2) on pixel grids that reach `slack` pixels beyond their outlines."""
    if config.body == "ellipse":
        yield from rasterise(bodies.outlines, centres, slack)
        return
    reach = bodies.reach()
    order = np.argsort(reach, kind="stable")
    for start in range(0, len(order), CHUNK):
        chunk = order[start : start + CHUNK]
        yield _rasterise_rods(bodies, centres, chunk, int(np.ceil(reach[chunk].max())) + slack)


def _rasterise_rods(bodies: Bodies, centres: Floats, chunk: NDArray[np.intp], half: int) -> Rasterised:
    """Rods: all points that are at most a radius away from a straight or bent line."""
    origin = np.rint(centres[chunk]).astype(np.intp)
    offset = (centres[chunk] - origin).astype(np.float32)
    steps = np.arange(-half, half + 1, dtype=np.float32)
    dy = steps[None, :, None] - offset[:, 0, None, None]
    dx = steps[None, None, :] - offset[:, 1, None, None]
    ellipses = bodies.outlines.ellipses
    terms = (np.cos(ellipses.angle), np.sin(ellipses.angle), ellipses.major, ellipses.minor, bodies.bend)
    cos, sin, length, radius, bend = (term[chunk].astype(np.float32)[:, None, None] for term in terms)
    along, across = dx * cos + dy * sin, dy * cos - dx * sin
    straight = np.maximum(length - radius, np.float32(1e-3))
    sag = bend * (np.minimum((along / straight) ** 2, 1) - np.float32(1 / 3))
    away = np.hypot(np.maximum(np.abs(along) - straight, 0), across - sag)
    distance = np.asarray(away - radius, dtype=np.float32)
    return Rasterised(chunk, origin, half, np.clip(0.5 - distance, 0, 1), (away / radius) ** 2, distance)
