"""Painting nuclei: their light through the optics, their labels and their points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cytally.synthesis.outlines import Outlines, rasterise

Floats = NDArray[np.float64]
Light = NDArray[np.float32]

VISIBLE_SHARE = 0.25  # of a nucleus's area must lie in the image for it to count
FOCUS_LEVELS = 4  # steps between sharp and the strongest defocus


@dataclass(frozen=True)
class Look:
    """How nuclei shine; the fields are those of `NucleiConfig`, `blur` and `grain` (sigma) in pixels."""

    overlay: str
    dome: float
    texture: float
    grain: float
    blur: float
    out_of_focus_share: float
    defocus: float


@dataclass(frozen=True)
class Painting:
    """Light (Y, X) before background and camera, points (N, 2) and labels (Y, X) as in `DrawnImage`."""

    light: Light
    points: Floats
    labels: NDArray[np.uint16]


def paint(
    outlines: Outlines,
    centres: Floats,
    brightness: Floats,
    shape: tuple[int, int],
    look: Look,
    rng: np.random.Generator,
    by_centre: bool = False,
) -> Painting:
    """Paint nuclei in their order: a later one takes the pixels that it shares with an earlier one.

    Parameters
    ----------
    outlines
        Of N nuclei.
    centres
        (N, 2) y, x in pixels, the origin at the centre of the top-left pixel; they may lie outside.
    brightness
        (N,) light of each nucleus before the optics.
    shape
        Height and width of the image, px.
    look
        How they shine.
    rng
        Source of chance.
    by_centre
        Count the nuclei whose centre lies in the image, not those with enough of their area in it.
    """
    within = np.all((centres >= -0.5) & (centres <= np.array(shape) - 0.5), axis=1) | (not by_centre)
    least = 0.0 if by_centre else VISIBLE_SHARE
    away = rng.random(len(centres)) < look.out_of_focus_share
    level = np.where(away, rng.integers(1, FOCUS_LEVELS, len(centres)), 0)
    # A frame around the image, from where blurred light comes in.
    pad = int(np.ceil(3 * np.hypot(look.blur, look.defocus if away.any() else 0.0))) + 1
    layers = np.zeros((FOCUS_LEVELS, shape[0] + 2 * pad, shape[1] + 2 * pad), dtype=np.float32)
    masks: list[Mask | None] = [None] * len(centres)
    for chunk in rasterise(outlines, centres):
        profile = np.float32(1 - look.dome) + np.float32(look.dome) * np.sqrt(np.maximum(1 - chunk.depth, 0))
        light = chunk.coverage * profile * brightness[chunk.indices].astype(np.float32)[:, None, None]
        inside = chunk.coverage >= 0.5
        for k, index in enumerate(chunk.indices):
            corner = (int(chunk.origin[k, 0]) - chunk.half, int(chunk.origin[k, 1]) - chunk.half)
            _overlay(layers[level[index]], light[k], (corner[0] + pad, corner[1] + pad), look.overlay)
            if within[index]:
                masks[index] = visible_part(inside[k], corner, shape, least)
    points, labels = label_cells(masks, shape)
    return Painting(_through_optics(layers, level, pad, look, rng), points, labels)


@dataclass(frozen=True)
class Mask:
    """The part of a nucleus that lies in the image: `pixels` (height, width), its corner at `top` and `left`."""

    top: int
    left: int
    pixels: NDArray[np.bool_]


def overlap(corner: int, length: int, size: int) -> tuple[slice, slice]:
    """Of a patch that starts at `corner`: where it lies on a line of `size` pixels, and which part of it does."""
    low, high = max(corner, 0), max(min(corner + length, size), max(corner, 0))
    return slice(low, high), slice(low - corner, high - corner)


def _overlay(canvas: Light, patch: Light, corner: tuple[int, int], overlay: str) -> None:
    rows, patch_rows = overlap(corner[0], patch.shape[0], canvas.shape[0])
    columns, patch_columns = overlap(corner[1], patch.shape[1], canvas.shape[1])
    target = canvas[rows, columns]
    (np.add if overlay == "add" else np.maximum)(target, patch[patch_rows, patch_columns], out=target)


def visible_part(
    inside: NDArray[np.bool_], corner: tuple[int, int], shape: tuple[int, int], least: float
) -> Mask | None:
    """The visible part, or None where that is less than a share of `least` of all, or nothing."""
    rows, patch_rows = overlap(corner[0], inside.shape[0], shape[0])
    columns, patch_columns = overlap(corner[1], inside.shape[1], shape[1])
    visible = inside[patch_rows, patch_columns]
    seen = np.count_nonzero(visible)
    if seen == 0 or (visible.size < inside.size and seen < least * np.count_nonzero(inside)):
        return None
    return Mask(rows.start, columns.start, visible)


def label_cells(masks: Sequence[Mask | None], shape: tuple[int, int]) -> tuple[Floats, NDArray[np.uint16]]:
    """Points of the counted nuclei in reading order, and labels that go with them."""
    painted = np.zeros(shape, dtype=np.int32)
    centroids = np.zeros((len(masks) + 1, 2))
    for index, mask in enumerate(masks, start=1):
        if mask is None:
            continue
        height, width = mask.pixels.shape
        painted[mask.top : mask.top + height, mask.left : mask.left + width][mask.pixels] = index
        rows, columns = mask.pixels.sum(axis=1), mask.pixels.sum(axis=0)
        area = rows.sum()
        centroids[index] = (
            mask.top + float(rows @ np.arange(height)) / area,
            mask.left + float(columns @ np.arange(width)) / area,
        )
    left = np.bincount(painted.ravel(), minlength=len(masks) + 1)
    left[0] = 0
    counted = np.flatnonzero(left)
    counted = counted[np.lexsort((centroids[counted, 1], centroids[counted, 0]))]
    rename = np.zeros(len(masks) + 1, dtype=np.uint16)
    rename[counted] = np.arange(1, len(counted) + 1)
    return centroids[counted], rename[painted]


def _through_optics(layers: Light, level: NDArray[np.intp], pad: int, look: Look, rng: np.random.Generator) -> Light:
    """Blur each layer of focus and put them together, with chromatin inside the nuclei."""
    size = layers.shape[1:]
    crop = (slice(pad, size[0] - pad), slice(pad, size[1] - pad))
    chromatin: Light = np.ones((1, 1), dtype=np.float32)
    if look.texture > 0:
        field = ndimage.gaussian_filter(rng.standard_normal(size, dtype=np.float32), look.grain, truncate=3)
        field *= np.float32(look.texture / (float(field.std()) or 1.0))
        chromatin = np.exp(np.minimum(field, 2.0) - np.float32(look.texture**2 / 2))
    light = np.zeros((size[0] - 2 * pad, size[1] - 2 * pad), dtype=np.float32)
    for step in np.unique(level):
        sigma = float(np.hypot(look.blur, look.defocus * step / (FOCUS_LEVELS - 1)))
        seen = ndimage.gaussian_filter(layers[step] * chromatin, sigma, truncate=3)[crop]
        light = light + seen if look.overlay == "add" else np.maximum(light, seen)
    return light
