"""Painting cells: bodies, rims and halos, one small patch each, and the labels that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cytally.synthesis.cells_config import CellsConfig, RealisticConfig
from cytally.synthesis.outlines import Rasterised
from cytally.synthesis.painting import Mask, label_cells, overlap

Floats = NDArray[np.float64]
Light = NDArray[np.float32]
Patch = tuple[slice, slice, slice, slice]

RAISES = 4  # times that hidden cells are put on top before their places count as impossible


@dataclass(frozen=True)
class Paints:
    """Of N cells, each (N,): light of `rim`, `inner`, `halo`, grey levels; `width` of rims, `softness` (sigma), px."""

    rim: Floats
    inner: Floats
    halo: Floats
    width: Floats
    softness: Floats


def mix_paints(config: CellsConfig, number: int, ground: float, rng: np.random.Generator) -> Paints:
    """Draw the light of `number` cells on a background of mean level `ground`."""
    rim, inner = rng.uniform(*config.rim, number), rng.uniform(*config.inner, number)
    width, softness = rng.uniform(*config.rim_width, number), rng.uniform(*config.blur, number)
    if config.luminance_spread > 0:
        shift = config.luminance_spread * np.clip(rng.standard_normal(number), -2.5, 2.5)
        rim, inner = rim + shift, inner + shift
    halo = np.zeros(number)
    style = config.realistic
    if style is not None:
        pale = style.fading * rng.random(number)
        rim = rim + pale * (ground - rim)
        halo = rng.uniform(*style.halo, number) * (1 - pale)
        away = rng.random(number) < style.out_of_focus_share
        softness = np.hypot(softness, np.where(away, style.defocus * rng.random(number), 0))
    return Paints(rim, inner, halo, width, softness)


def slack_of(config: CellsConfig) -> int:
    """How many pixels beyond an outline its light reaches."""
    softness = config.blur[1]
    if config.realistic is None:
        return int(np.ceil(1.8 * softness)) + 2
    return int(np.ceil(max(1.8 * np.hypot(softness, config.realistic.defocus), 3 * config.realistic.halo_width))) + 2


def label_in_order(
    chunks: Sequence[Rasterised], centres: Floats, shape: tuple[int, int]
) -> tuple[NDArray[np.intp], Floats, NDArray[np.uint16]]:
    """In which order to paint N cells, and the points and labels that result.

    Cells are painted as they are numbered; those that would be hidden by others are put on top. Every cell owns at
    least the pixel at its centre, unless another one is painted over it.

    Returns
    -------
    order (N,), points (M, 2), labels (Y, X)
        As in `DrawnImage`; M < N if cells stay hidden.
    """
    masks: list[Mask | None] = [None] * len(centres)
    for chunk in chunks:
        inside = chunk.coverage >= 0.5
        pixels = np.clip(np.rint(centres[chunk.indices]).astype(np.intp), 0, np.array(shape) - 1)
        middle = pixels - chunk.origin + chunk.half
        inside[np.arange(len(inside)), middle[:, 0], middle[:, 1]] = True
        for k, index in enumerate(chunk.indices):
            rows, columns, patch_rows, patch_columns = _window(chunk, k, shape)
            masks[index] = Mask(rows.start, columns.start, inside[k, patch_rows, patch_columns])
    order = np.arange(len(centres))
    for _ in range(RAISES):
        points, labels = label_cells([masks[index] for index in order], shape)
        if len(points) == len(order):
            break
        seen = _seen([masks[index] for index in order], shape)
        order = np.concatenate([order[seen], order[~seen]])
    return order, points, labels


def paint_cells(
    canvas: Light,
    chunks: Sequence[Rasterised],
    order: NDArray[np.intp],
    paints: Paints,
    config: CellsConfig,
    rng: np.random.Generator,
) -> None:
    """Paint cells onto the canvas (Y, X), in grey levels, in this order."""
    shape = (canvas.shape[0], canvas.shape[1])
    where: dict[int, tuple[int, int]] = {}
    covers, colours, halos = [], [], []
    for number, chunk in enumerate(chunks):
        cover, colour, halo = _colour(chunk, paints, config, rng)
        covers.append(cover)
        colours.append(colour)
        halos.append(halo)
        where |= {int(index): (number, k) for k, index in enumerate(chunk.indices)}
    for index in order:
        number, k = where[int(index)]
        rows, columns, patch_rows, patch_columns = _window(chunks[number], k, shape)
        target = canvas[rows, columns]
        halo = halos[number]
        if halo is not None:
            target += halo[k, patch_rows, patch_columns]
        target *= 1 - covers[number][k, patch_rows, patch_columns]
        target += colours[number][k, patch_rows, patch_columns]


def _colour(
    chunk: Rasterised, paints: Paints, config: CellsConfig, rng: np.random.Generator
) -> tuple[Light, Light, Light | None]:
    """How much each patch covers, its light times that, and the light around it; (n, side, side) each."""

    def per_cell(values: Floats) -> Light:
        return values[chunk.indices].astype(np.float32)[:, None, None]

    distance = chunk.distance
    # A ramp of this length has the variance of a pixel's own width and of the Gaussian together.
    slope = np.asarray(1 / np.sqrt(1 + 12 * per_cell(paints.softness) ** 2), dtype=np.float32)
    cover: Light = np.clip(np.float32(0.5) - distance * slope, 0, 1)
    core: Light = np.clip(np.float32(0.5) - (distance + per_cell(paints.width)) * slope, 0, 1)
    rim, inner = per_cell(paints.rim), per_cell(paints.inner)
    halo = None
    style = config.realistic
    if style is not None:
        rim, inner = _model(chunk, rim, inner, style, rng)
        reach = np.exp(-np.maximum(distance, 0) / np.float32(style.halo_width))
        fade = np.clip((3 * np.float32(style.halo_width) - distance) / np.float32(style.halo_width), 0, 1)
        halo = per_cell(paints.halo) * reach * fade
    edge = cover - core
    colour = rim * edge + inner * core
    for noise, part in ((config.edge_noise, edge), (config.inner_noise, core)):
        if noise > 0:
            colour += np.float32(noise) * part * rng.standard_normal(part.shape, dtype=np.float32)
    return cover, np.asarray(colour, dtype=np.float32), halo


def _model(
    chunk: Rasterised, rim: Light, inner: Light, style: RealisticConfig, rng: np.random.Generator
) -> tuple[Light, Light]:
    """Rims lit from one side, and bodies with a nucleus and grains."""
    number, side = chunk.distance.shape[:2]
    steps = np.arange(side, dtype=np.float32) - np.float32(chunk.half)
    turn = rng.random((number, 2)).astype(np.float32) * np.float32(2 * np.pi)
    slant = np.sin(turn[:, :1, None]) * steps[None, :, None] + np.cos(turn[:, :1, None]) * steps[None, None, :]
    slant /= np.hypot(steps[:, None], steps[None, :]) + 1
    rim = rim + np.float32(style.relief) * (rim - inner) * np.float32(0.6) * slant
    field = rng.standard_normal(chunk.distance.shape, dtype=np.float32)
    grain = style.structure_scale * max(chunk.half - 6, 3)
    field = ndimage.gaussian_filter(field, (0, grain, grain), truncate=2)
    field *= np.float32(style.structure / (float(field.std()) or 1.0))
    swell = rng.standard_normal((number, 1, 1), dtype=np.float32) * np.float32(style.structure)
    return rim, np.asarray(inner + field + swell * (0.5 - np.minimum(chunk.depth, 1)), dtype=np.float32)


def _seen(masks: Sequence[Mask | None], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Which of the cells, painted in this order, keep a pixel."""
    owner = np.full(shape, -1, dtype=np.int64)
    for index, mask in enumerate(masks):
        if mask is not None:
            height, width = mask.pixels.shape
            owner[mask.top : mask.top + height, mask.left : mask.left + width][mask.pixels] = index
    return np.bincount(owner[owner >= 0], minlength=len(masks)) > 0


def _window(chunk: Rasterised, k: int, shape: tuple[int, int]) -> Patch:
    """Rows and columns of the image that patch `k` lies on, and which of the patch's own those are."""
    side = 2 * chunk.half + 1
    rows, patch_rows = overlap(int(chunk.origin[k, 0]) - chunk.half, side, shape[0])
    columns, patch_columns = overlap(int(chunk.origin[k, 1]) - chunk.half, side, shape[1])
    return rows, columns, patch_rows, patch_columns
