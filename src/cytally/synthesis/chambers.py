"""What lies around cells in a microfluidic chamber: walls, smudges and vesicles, for the style `realistic`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cytally.synthesis.cells_config import RealisticConfig
from cytally.synthesis.painting import overlap
from cytally.synthesis.surroundings import wide_blur

Floats = NDArray[np.float64]
Light = NDArray[np.float32]

CORNER = 3.0  # radius of the chamber's corners, px
GLOW_WIDTH = 9.0  # over which the glow of a wall fades, px
MOTTLE_WIDTH = 7.0  # Gaussian sigma of the mottle, px


@dataclass(frozen=True)
class Chamber:
    """A chamber: `middle` and `half` its sides (y, x), `turn` in radians, `openings` (middle, half width) at top and
    bottom, all in px; `light` of its walls and `outside` it in grey levels. Centres of cells keep `inset` px away from
    the border."""

    middle: tuple[float, float]
    half: tuple[float, float]
    turn: float
    openings: tuple[tuple[float, float], ...]
    light: float
    outside: float
    inset: float


def draw_chamber(style: RealisticConfig, shape: tuple[int, int], rng: np.random.Generator) -> Chamber:
    """Draw where the walls run in an image of this shape."""
    away = rng.uniform(*style.wall_distance, 2) * shape
    shift = rng.uniform(-0.25, 0.25, 2) * away
    turn = float(np.deg2rad(rng.uniform(-style.wall_rotation, style.wall_rotation)))
    half = np.array(shape) / 2 - away
    middle = (np.array(shape) - 1) / 2 + shift
    number = 1 if style.walls == "glow" else int(rng.integers(1, 4))
    # Openings lie evenly along the side.
    steps = (np.arange(number) + 0.5) / number * 2 - 1
    width = half[1] * rng.uniform(0.1, 0.2) / number**0.5
    openings = tuple((float(half[1] * step), float(width)) for step in steps)
    light, outside = float(rng.uniform(*style.wall_light)), float(rng.uniform(*style.outside))
    inset = 0.0 if style.walls == "none" else float(1.25 * away.max() + 2)
    return Chamber((middle[0], middle[1]), (half[0], half[1]), turn, openings, light, outside, inset)


def paint_chamber(canvas: Light, style: RealisticConfig, chamber: Chamber | None, rng: np.random.Generator) -> None:
    """Paint mottle, walls, smudges and floating vesicles onto the canvas (Y, X), grey levels.

    Parameters
    ----------
    canvas
        What they are painted on.
    style
        How they look.
    chamber
        Where walls run; None paints none.
    rng
        Source of chance.
    """
    if style.mottle > 0:
        field = wide_blur(rng.standard_normal(canvas.shape, dtype=np.float32), MOTTLE_WIDTH)
        canvas += field * np.float32(style.mottle / (float(field.std()) or 1.0))
    if chamber is not None and style.walls != "none":
        canvas += _walls(style, chamber, (canvas.shape[0], canvas.shape[1]))
    for _ in range(int(rng.integers(style.smudges[0], style.smudges[1] + 1))):
        _smudge(canvas, float(rng.uniform(*style.smudge_light)), rng)
    number = int(rng.integers(style.vesicles[0], style.vesicles[1] + 1))
    _specks(canvas, rng.random((number, 2)) * canvas.shape, style, rng)


def paint_vesicles(
    canvas: Light, style: RealisticConfig, centres: Floats, radius: Floats, rng: np.random.Generator
) -> None:
    """Paint specks inside cells at `centres` (N, 2) of this least `radius` (N,)."""
    number = rng.integers(style.vesicles_per_cell[0], style.vesicles_per_cell[1] + 1, len(centres))
    cell = np.repeat(np.arange(len(centres)), number)
    turn, away = rng.random(len(cell)) * 2 * np.pi, 0.75 * np.sqrt(rng.random(len(cell))) * radius[cell]
    _specks(canvas, centres[cell] + away[:, None] * np.stack([np.sin(turn), np.cos(turn)], axis=1), style, rng)


def _walls(style: RealisticConfig, chamber: Chamber, shape: tuple[int, int]) -> Light:
    """Light of the walls (Y, X), from the distance to them."""
    dy = (np.arange(shape[0]) - chamber.middle[0]).astype(np.float32)[:, None]
    dx = (np.arange(shape[1]) - chamber.middle[1]).astype(np.float32)[None, :]
    cos, sin = np.float32(np.cos(chamber.turn)), np.float32(np.sin(chamber.turn))
    x, y = dx * cos + dy * sin, dy * cos - dx * sin
    over_y = np.abs(y) - np.float32(chamber.half[0] - CORNER)
    over_x = np.abs(x) - np.float32(chamber.half[1] - CORNER)
    # Signed distance from a rectangle with round corners, negative inside; openings join it.
    distance = (
        np.hypot(np.maximum(over_y, 0), np.maximum(over_x, 0)) + np.minimum(np.maximum(over_y, over_x), 0) - CORNER
    )
    for middle, width in chamber.openings:
        distance = np.minimum(distance, np.abs(x - np.float32(middle)) - np.float32(width))
    out = np.clip(0.5 + distance / 3, 0, 1) * np.float32(chamber.outside)
    if style.walls == "double":
        lines = np.exp(-(((distance - 1.6) / 0.8) ** 2)) + 0.7 * np.exp(-(((distance + 1.6) / 0.8) ** 2))
        gap = -0.35 * np.exp(-((distance / 1.0) ** 2)) - 0.2 * np.exp(-(((distance + 4.5) / 1.3) ** 2))
        return np.asarray(out + np.float32(chamber.light) * (lines + gap), dtype=np.float32)
    seam = np.exp(-((distance / 1.8) ** 2)) - 0.35 * np.exp(-(((distance - 4) / 1.5) ** 2))
    inside = np.exp(np.minimum(distance, 0) / GLOW_WIDTH) * np.clip(0.5 - distance, 0, 1)
    return np.asarray(out + np.float32(chamber.light) * (0.8 * seam + 0.55 * inside), dtype=np.float32)


def _smudge(canvas: Light, light: float, rng: np.random.Generator) -> None:
    """A soft stain, or the ring of a speck of dust out of focus, anywhere."""
    centre = rng.random(2) * canvas.shape
    size, thin = rng.uniform(3, 9), rng.uniform(1.0, 1.8)
    ring = rng.random() < 0.5
    reach = int(np.ceil(size + 3 * thin if ring else 3 * size))
    corner = np.rint(centre).astype(int) - reach
    rows, patch_rows = overlap(int(corner[0]), 2 * reach + 1, canvas.shape[0])
    columns, patch_columns = overlap(int(corner[1]), 2 * reach + 1, canvas.shape[1])
    steps = np.arange(2 * reach + 1)
    y, x = (steps + corner[0] - centre[0])[patch_rows, None], (steps + corner[1] - centre[1])[None, patch_columns]
    away = np.hypot(y, x)
    spot = np.exp(-(((away - size) / thin) ** 2)) if ring else np.exp(-0.5 * (away / size) ** 2)
    canvas[rows, columns] += (light * spot).astype(np.float32)


def _specks(canvas: Light, centres: Floats, style: RealisticConfig, rng: np.random.Generator) -> None:
    """Small spots with a faint ring of the opposite light at `centres` (N, 2)."""
    sigma, light = rng.uniform(0.6, 1.2, len(centres)), rng.uniform(*style.vesicle_light, len(centres))
    half = 5
    steps = np.arange(-half, half + 1)
    origin = np.rint(centres).astype(int)
    y = (steps - (centres - origin)[:, :1])[:, :, None]
    x = (steps - (centres - origin)[:, 1:])[:, None, :]
    square = (y**2 + x**2) / sigma[:, None, None] ** 2
    spots = (light[:, None, None] * (1.15 * np.exp(-square / 2) - 0.15 * np.exp(-square / 8))).astype(np.float32)
    for corner, spot in zip(origin - half, spots, strict=True):
        rows, patch_rows = overlap(int(corner[0]), 2 * half + 1, canvas.shape[0])
        columns, patch_columns = overlap(int(corner[1]), 2 * half + 1, canvas.shape[1])
        canvas[rows, columns] += spot[patch_rows, patch_columns]
