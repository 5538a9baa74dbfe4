"""Drawing whole cells as deformed ellipses or rods: an image, the points and the labels of every cell in it.

Source: Stallmann et al. (2020), whose drawn cells stand beside natural ones while a network learns to count.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cytally.errors import ConfigError
from cytally.synthesis.bodies import Bodies, draw_bodies, place_bodies, rasterise_bodies
from cytally.synthesis.camera import expose, illumination
from cytally.synthesis.cell_painting import label_in_order, mix_paints, paint_cells, slack_of
from cytally.synthesis.cells_config import CellsConfig
from cytally.synthesis.chambers import Chamber, draw_chamber, paint_chamber, paint_vesicles
from cytally.synthesis.nuclei import DrawnImage
from cytally.synthesis.outlines import Rasterised

__all__ = ["CellsConfig", "draw_cells"]

Floats = NDArray[np.float64]
Light = NDArray[np.float32]

ATTEMPTS = 4  # at placing the same cells anew


def draw_cells(
    config: CellsConfig, rng: np.random.Generator, *, background: NDArray[np.generic] | None = None
) -> DrawnImage:
    """Draw one image of whole cells; `DrawnImage.image` is (Y, X) uint8.

    The number of cells is exactly what `config.count` draws. A cell's centre lies in the image, and at least one pixel
    of the labels is its own. A dividing pair counts as two.

    Parameters
    ----------
    config
        What it shall look like.
    rng
        Source of chance: the same state gives the same bytes.
    background
        (Y, X) grey levels from 0 to 255 of the same shape as the image: what lies behind the cells, in place of
        `config.background` and of a realistic image's walls.

    Raises
    ------
    ConfigError
        The cells do not fit, or the background is none.

    Examples
    --------
    >>> config = CellsConfig(shape=(64, 80), count={"law": "uniform", "least": 7, "most": 7})
    >>> drawn = draw_cells(config, np.random.default_rng(0))
    >>> drawn.image.shape, drawn.count, int(drawn.labels.max())
    ((64, 80), 7, 7)
    """
    number = config.count.sample(rng)
    chamber = None if config.realistic is None else draw_chamber(config.realistic, config.shape, rng)
    canvas = _ground(config, chamber, background, rng)
    bodies = draw_bodies(config, number, rng)
    chunks, centres, order, points, labels = _arrange(config, bodies, chamber, rng)
    paints = mix_paints(config, number, float(canvas.mean()), rng)
    paint_cells(canvas, chunks, order, paints, config, rng)
    if config.realistic is not None:
        paint_vesicles(canvas, config.realistic, centres, bodies.outlines.ellipses.minor, rng)
    return DrawnImage(_photograph(config, canvas, rng), points, labels)


def _ground(
    config: CellsConfig, chamber: Chamber | None, background: NDArray[np.generic] | None, rng: np.random.Generator
) -> Light:
    """What lies behind the cells (Y, X), grey levels."""
    level = rng.uniform(*config.background)
    if background is None:
        canvas = np.full(config.shape, level, dtype=np.float32)
    else:
        canvas = _checked(background, config.shape)
    if config.realistic is not None and chamber is not None:
        paint_chamber(canvas, config.realistic, chamber if background is None else None, rng)
    if config.background_noise > 0:
        canvas += np.float32(config.background_noise) * rng.standard_normal(config.shape, dtype=np.float32)
    return canvas


def _checked(background: NDArray[np.generic], shape: tuple[int, int]) -> Light:
    if background.shape != shape:
        size = " × ".join(str(side) for side in background.shape)
        raise ConfigError(
            f"the background is {size} px, the images are {shape[0]} × {shape[1]} px",
            cure="resize the background, or set shape to its size",
        )
    levels = np.array(background, dtype=np.float32)
    if not (np.isfinite(levels).all() and levels.min() >= 0 and levels.max() <= 255):
        raise ConfigError("the background has values outside 0 to 255", cure="convert it to 8 bits")
    return levels


def _arrange(
    config: CellsConfig, bodies: Bodies, chamber: Chamber | None, rng: np.random.Generator
) -> tuple[list[Rasterised], Floats, NDArray[np.intp], Floats, NDArray[np.uint16]]:
    """Place cells so that each can be seen: patches, centres, order of painting, points and labels."""
    wanted, fits = len(bodies.body), 0
    for _ in range(ATTEMPTS):
        centres = place_bodies(config, bodies, 0.0 if chamber is None else chamber.inset, rng)
        found = int(np.isfinite(centres[:, 0]).sum())
        if found == wanted:
            chunks = list(rasterise_bodies(config, bodies, centres, slack_of(config)))
            order, points, labels = label_in_order(chunks, centres, config.shape)
            found = len(points)
        if found == wanted:
            return chunks, centres, order, points, labels
        fits = max(fits, found)
    low, high = config.radius
    radius = f"{low:g} px" if low == high else f"{low:g} to {high:g} px"
    cells = "cell" if wanted == 1 else "cells"
    raise ConfigError(
        f"{wanted} {cells} of radius {radius} do not fit into {config.shape[0]} × {config.shape[1]} px with "
        f"allowed_overlap {config.allowed_overlap:g}: about {fits} do",
        cure="lower count or radius, or raise allowed_overlap or shape",
    )


def _photograph(config: CellsConfig, canvas: Light, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Filter, uneven light, and the camera."""
    sigma, unevenness = rng.uniform(*config.filter), rng.uniform(*config.unevenness)
    factor = np.float32(rng.uniform(*config.luminance))
    if sigma > 0:
        canvas = ndimage.gaussian_filter(canvas, sigma, truncate=3)
    if unevenness > 0:
        canvas = canvas * illumination(config.shape, unevenness, rng)
    canvas = canvas * factor
    if config.noise > 0:
        canvas = canvas + np.float32(config.noise) * rng.standard_normal(config.shape, dtype=np.float32)
    style = config.realistic
    if style is not None:
        light = canvas / np.float32(255)
        return np.asarray(expose(light, rng, photons=style.photons, read_noise=style.read_noise), dtype=np.uint8)
    return np.asarray(np.clip(np.rint(canvas), 0, 255), dtype=np.uint8)
