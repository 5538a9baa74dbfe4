"""Drawing stained tissue: a colour image of nuclei and what surrounds them, with the points and labels of the nuclei.

Haematoxylin and eosin absorb light. Each is drawn as a map of its amount; the image is ``white * exp(-sum of amount
times colour)`` (the law of Beer and Lambert).
"""

from __future__ import annotations

from dataclasses import dataclass

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cytally.synthesis.camera import expose, illumination
from cytally.synthesis.histology_config import HistologyConfig
from cytally.synthesis.nuclei import DrawnImage
from cytally.synthesis.outlines import Rasterised, draw_outlines, rasterise
from cytally.synthesis.painting import VISIBLE_SHARE, overlap
from cytally.synthesis.placement import Crowding, Ellipses, place
from cytally.synthesis.surroundings import specks, wide_blur

__all__ = ["HistologyConfig", "draw_histology"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.intp]
Map = NDArray[np.float32]

FRAME = 2.0  # diameters drawn around the image, from where nuclei, cell bodies and blur reach in
PALE_SIZE, PALE_STAIN = (1.05, 1.6), (0.35, 0.75)  # of large pale nuclei, over dense ones
GHOST_SIZE = (0.3, 0.85)  # the same of fragments, and of nuclei too far out of focus to count
GHOST_STAIN = (0.1, 1.0, 0.65)  # from the first to the second less the third times their size: small ones are darker
LOBE_SIZE = (1.0, 1.0, 0.7, 0.6, 0.52)  # radius of a lobe over that of a whole nucleus, by number of lobes


@dataclass(frozen=True)
class _Nuclei:
    """N nuclei and ghosts: `ellipses`, `centres` (N, 2), and which are `pale`, `lobed` and `counted` (N,)."""

    ellipses: Ellipses
    centres: Floats
    pale: Flags
    lobed: Flags
    counted: Flags

    def __len__(self) -> int:
        return len(self.centres)


def draw_histology(config: HistologyConfig, rng: np.random.Generator) -> DrawnImage:
    """Draw one image of stained tissue; `DrawnImage.image` is (Y, X, 3): red, green, blue, 8 bits.

    A nucleus counts if at least a quarter of its pixels lie in the image. Nuclei that find no place are left out.

    Parameters
    ----------
    config
        What it shall look like.
    rng
        Source of chance: the same state gives the same bytes.

    Examples
    --------
    >>> drawn = draw_histology(HistologyConfig(shape=(64, 80), cover=0), np.random.default_rng(0))
    >>> drawn.image.shape, drawn.count, int(drawn.labels.max())
    ((64, 80, 3), 0, 0)
    """
    frame = int(np.ceil(FRAME * config.diameter))
    fat = _fat(config, (config.shape[0] + 2 * frame, config.shape[1] + 2 * frame), rng)
    nuclei = _nuclei(config, fat, rng)
    owner, haematoxylin = _stain_nuclei(config, nuclei, fat, rng)
    eosin, bluish = _stain_tissue(config, owner, fat, len(nuclei), rng)
    red = _red_cells(config, (owner > 0) | (fat > 0), int(nuclei.counted.sum()), rng)
    haematoxylin = haematoxylin + bluish * (1 - np.minimum(red, 1))
    haematoxylin = specks(haematoxylin, config.debris, config.haematoxylin, 0.06 * config.diameter, rng)
    inside = slice(frame, -frame)
    stains = (
        (config.haematoxylin_colour, haematoxylin),
        (config.eosin_colour, eosin * (1 - np.minimum(red, 1))),
        (config.red_colour, red),
    )
    image = _photograph(config, [(colour, amount[inside, inside]) for colour, amount in stains], rng)
    points, labels = _truth(owner, nuclei.counted, frame)
    return DrawnImage(image, points, labels)


def _fat(config: HistologyConfig, size: tuple[int, int], rng: np.random.Generator) -> Map:
    """Share of each pixel (Y, X) that lies in an empty fat cell."""
    fat = np.zeros(size, dtype=np.float32)
    typical = config.fat_diameter * config.diameter
    number = int(np.ceil(4 * size[0] * size[1] / typical**2)) if config.fat else 0
    ellipses = _ellipses(typical / 2 * np.exp(0.3 * np.clip(rng.standard_normal(number), -2, 2)), 0.6, rng)
    centres = place(ellipses, number, size, 0.0, Crowding(0.7, 0.0, 0.0), rng)
    found = np.flatnonzero(np.isfinite(centres[:, 0]))
    for chunk in rasterise(draw_outlines(ellipses, 0.06, 0.0, rng).take(found), centres[found]):
        for k in rng.permutation(len(chunk.indices)):
            if fat.mean() < config.fat:
                rows, columns, patch = _window(chunk, k, chunk.coverage[k], size)
                np.maximum(fat[rows, columns], patch, out=fat[rows, columns])
    return fat


def _nuclei(config: HistologyConfig, fat: Map, rng: np.random.Generator) -> _Nuclei:
    """Nuclei, then ghosts, at places where there is tissue."""
    size = (fat.shape[0], fat.shape[1])
    wanted = int(rng.poisson(config.cover * fat.size / (np.pi / 4 * config.diameter**2)))
    total = wanted + int(rng.poisson(config.ghosts * wanted))
    counted = np.arange(total) < wanted
    kind = rng.random(total)
    pale = counted & (kind < config.pale_share)
    lobed = counted & ~pale & (kind > 1 - config.lobed_share)
    growth = np.where(pale, rng.uniform(*PALE_SIZE, total), 1.0)
    growth = np.where(counted, growth, rng.uniform(*GHOST_SIZE, total))
    spread = np.exp(config.diameter_spread * np.clip(rng.standard_normal(total), -2, 2))
    ellipses = _ellipses(config.diameter / 2 * growth * spread, 0.62, rng)
    crowding = Crowding(config.clustering, config.patchiness, config.allowed_overlap)
    centres = place(ellipses, total, size, 0.0, crowding, rng)
    near_fat = ndimage.gaussian_filter(fat, 0.3 * config.diameter)
    found = np.isfinite(centres[:, 0])
    pixel = np.rint(np.where(found[:, None], centres, 0)).astype(np.intp)
    found &= near_fat[pixel[:, 0], pixel[:, 1]] < 0.2
    flat = counted & ~pale & ~lobed & (rng.random(total) < config.flat_share)
    rim = np.argwhere((near_fat > 0.1) & (near_fat < 0.3))
    if flat.any() and len(rim):
        beside = rim[rng.integers(len(rim), size=int(flat.sum()))]
        slope_y, slope_x = (np.gradient(near_fat, axis=axis)[beside[:, 0], beside[:, 1]] for axis in (0, 1))
        centres[flat] = beside
        ellipses.angle[flat] = np.arctan2(slope_y, slope_x) + np.pi / 2
        ellipses.major[flat] = config.diameter / 2 * rng.uniform(1.0, 1.5, len(beside))
        ellipses.minor[flat] = config.diameter / 2 * rng.uniform(0.4, 0.6, len(beside))
        found |= flat
    ellipses = Ellipses(ellipses.major[found], ellipses.minor[found], ellipses.angle[found])
    return _Nuclei(ellipses, centres[found], pale[found], lobed[found], counted[found])


def _stain_nuclei(
    config: HistologyConfig, nuclei: _Nuclei, fat: Map, rng: np.random.Generator
) -> tuple[NDArray[np.int32], Map]:
    """Which nucleus each pixel (Y, X) belongs to, counted from 1, and how much haematoxylin nuclei bring there."""
    total, size = len(nuclei), (fat.shape[0], fat.shape[1])
    pale, counted = nuclei.pale, nuclei.counted
    relative = 2 * np.sqrt(nuclei.ellipses.major * nuclei.ellipses.minor) / config.diameter
    ghost = rng.uniform(GHOST_STAIN[0], np.maximum(GHOST_STAIN[1] - GHOST_STAIN[2] * relative, 2 * GHOST_STAIN[0]))
    share = np.where(pale, rng.uniform(*PALE_STAIN, total), np.where(counted, 1.0, ghost))
    varied = np.exp(config.haematoxylin_spread * np.clip(rng.standard_normal(total), -2, 2))
    amount = config.haematoxylin * share * np.where(counted, varied, 1.0)
    hollow = np.where(pale, rng.uniform(0.3, 0.8, total), rng.uniform(-0.1, 0.3, total))
    strength = np.where(pale | ~counted, rng.uniform(0.2, 0.7, total), config.texture * rng.uniform(0.5, 1.3, total))
    ellipses, centres, parts = _lobes(nuclei, rng)
    bitten = np.flatnonzero((rng.random(len(parts)) < config.bitten_share) & ~pale[parts])
    outlines = draw_outlines(ellipses, config.irregularity, 1.0, rng)
    outlines.bite_radius[np.setdiff1d(np.arange(len(parts)), bitten)] = 0

    owner = np.zeros(size, dtype=np.int32)
    sharp, soft = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    texture = np.zeros(size, dtype=np.float32)
    for chunk in rasterise(outlines, centres):
        index = parts[chunk.indices]
        middle = np.maximum(1 - chunk.depth, 0)
        light = chunk.coverage * (1 - hollow[index].astype(np.float32)[:, None, None] * middle)
        for k, nucleus in enumerate(index):
            canvas = sharp if counted[nucleus] else soft
            rows, columns, patch = _window(chunk, k, light[k] * np.float32(amount[nucleus]), size)
            np.maximum(canvas[rows, columns], patch, out=canvas[rows, columns])
            rows, columns, patch = _window(chunk, k, chunk.coverage[k], size)
            texture[rows, columns][patch > 0] = strength[nucleus]
            free = (patch >= 0.5) & (counted[nucleus] | (owner[rows, columns] == 0))
            owner[rows, columns][free] = nucleus + 1
    clumps = _noise(size, config.texture_scale * config.diameter, rng)
    clumps = np.exp(np.clip(clumps, -2.5, 1.5) * texture)
    return owner, sharp * clumps + ndimage.gaussian_filter(soft * clumps, rng.uniform(0.02, 0.15) * config.diameter)


def _lobes(nuclei: _Nuclei, rng: np.random.Generator) -> tuple[Ellipses, Floats, Numbers]:
    """What nuclei consist of, M parts in all: ellipses, centres (M, 2) and the nucleus each belongs to (M,)."""
    number = np.where(nuclei.lobed, rng.integers(2, 5, len(nuclei)), 1)
    parts = np.repeat(np.arange(len(nuclei)), number)
    place_in_row = np.arange(len(parts)) - np.repeat(np.cumsum(number) - number, number)
    lobed = nuclei.lobed[parts]
    size = np.array(LOBE_SIZE)[number[parts]] * np.where(lobed, rng.uniform(0.85, 1.15, len(parts)), 1.0)
    start, step = rng.random(len(nuclei)) * 2 * np.pi, rng.uniform(0.7, 1.05, len(nuclei)) * 2 * np.pi / number
    turn = start[parts] + step[parts] * place_in_row
    radius = np.sqrt(nuclei.ellipses.major * nuclei.ellipses.minor)[parts]
    away = np.where(lobed, radius * rng.uniform(0.55, 0.85, len(nuclei))[parts], 0.0)
    centres = nuclei.centres[parts] + away[:, None] * np.stack([np.sin(turn), np.cos(turn)], axis=1)
    angle = np.where(lobed, rng.random(len(parts)) * np.pi, nuclei.ellipses.angle[parts])
    return Ellipses(nuclei.ellipses.major[parts] * size, nuclei.ellipses.minor[parts] * size, angle), centres, parts


def _stain_tissue(
    config: HistologyConfig, owner: NDArray[np.int32], fat: Map, nuclei: int, rng: np.random.Generator
) -> tuple[Map, Map]:
    """Eosin (Y, X), and the haematoxylin of cell bodies (Y, X): ground with gaps, bodies around nuclei, walls."""
    size, diameter = (fat.shape[0], fat.shape[1]), config.diameter
    tissue = np.exp(config.mottle * (0.6 * _noise(size, diameter, rng) + 0.8 * _noise(size, 0.08 * diameter, rng)))
    torn = _noise(size, config.gap_scale * diameter, rng) + 0.8 * _noise(size, 3 * diameter, rng)
    level = float(np.quantile(torn, 1 - config.gaps))
    gap = 1 / (1 + np.exp(np.clip((level - torn) * 8, -30, 30))) if config.gaps else np.zeros(size, dtype=np.float32)
    # Fibres and membranes run where smooth noise passes through zero.
    fibres = np.exp(-((_noise(size, rng.uniform(0.25, 0.6) * diameter, rng) / 0.12) ** 2))
    eosin = config.ground * tissue * (1 - gap)
    rim = gap * (1 - gap) + 0.4 * config.fibres * fibres * (1 - 0.6 * gap)
    bluish = np.zeros(size, dtype=np.float32)
    if owner.any():
        distance, nearest = ndimage.distance_transform_edt(owner == 0, return_indices=True)
        cell = owner[nearest[0], nearest[1]]
        distance = distance + 0.06 * diameter * _noise(size, 0.3 * diameter, rng)
        reach = config.cytoplasm_reach * diameter * rng.lognormal(0, 0.5, nuclei + 1)
        ring = np.where(rng.random(nuclei + 1) < config.halo, rng.uniform(0.05, 0.25, nuclei + 1) * diameter, 0)
        stain = config.cytoplasm * rng.lognormal(0, 0.35, nuclei + 1)
        blue = config.basophilia * rng.lognormal(0, 0.6, nuclei + 1)
        body = np.clip(reach[cell] - distance + 0.5, 0, 1)
        around = np.clip(reach[cell] + ring[cell] - distance + 0.5, 0, 1)
        eosin = eosin * (1 - around) + stain[cell] * tissue * body
        rim = rim * (1 - around) + 0.25 * np.exp(-(((distance - reach[cell]) / (0.05 * diameter)) ** 2))
        bluish = blue[cell] * tissue * body
    edge = ndimage.gaussian_filter(fat, 0.06 * diameter)
    rim = rim * (1 - fat) + edge * (1 - edge)
    film = 0.02 * np.exp(0.7 * _noise(size, 2 * diameter, rng))
    eosin = eosin * (1 - fat) + film * fat + 4 * config.wall * rim * tissue
    return eosin.astype(np.float32), (bluish * (1 - fat)).astype(np.float32)


def _red_cells(config: HistologyConfig, taken: Flags, nuclei: int, rng: np.random.Generator) -> Map:
    """Amount of stain (Y, X) in red blood cells: discs without a nucleus, often in heaps."""
    size = (taken.shape[0], taken.shape[1])
    red = np.zeros(size, dtype=np.float32)
    number = int(rng.poisson(config.red_cells * nuclei))
    radius = 0.5 * config.diameter * rng.uniform(0.7, 1.0) * rng.uniform(0.9, 1.1, number)
    ellipses = _ellipses(radius, 0.7, rng)
    centres = place(ellipses, number, size, 0.0, Crowding(0.7, 0.5, 0.15), rng)
    found = np.flatnonzero(np.isfinite(centres[:, 0]))
    pallor, typical = rng.uniform(0, 0.5), config.cytoplasm * rng.uniform(0.8, 2)
    for chunk in rasterise(draw_outlines(ellipses, 0.05, 0.1, rng).take(found), centres[found]):
        disc = chunk.coverage * (1 - pallor * np.maximum(1 - 1.5 * chunk.depth, 0)) * typical
        for k in range(len(chunk.indices)):
            rows, columns, patch = _window(chunk, k, disc[k], size)
            np.maximum(red[rows, columns], patch, out=red[rows, columns])
    return np.where(taken, np.float32(0), red)


def _photograph(
    config: HistologyConfig, stains: list[tuple[tuple[float, float, float], Map]], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Light through the stains (amounts (Y, X)), optics, camera, and the scanner's sharpening and compression."""
    staining = illumination(config.shape, config.unevenness, rng)
    lamp = illumination(config.shape, config.unevenness, rng)
    channels = []
    for channel in range(3):
        density = sum((np.float32(colour[channel]) * amount for colour, amount in stains), np.float32(0))
        light = np.float32(config.white[channel]) * lamp * np.exp(-density * staining)
        light = ndimage.gaussian_filter(light, config.blur)
        light = light + np.float32(config.sharpening) * (light - ndimage.gaussian_filter(light, 1.2))
        channels.append(expose(light, rng, photons=20_000, read_noise=config.noise, noise_grain=config.noise_grain))
    image = np.stack(channels, axis=-1).astype(np.uint8)
    if config.quality is None:
        return image
    return np.asarray(imagecodecs.jpeg8_decode(imagecodecs.jpeg8_encode(image, level=config.quality)), dtype=np.uint8)


def _truth(owner: NDArray[np.int32], counted: Flags, frame: int) -> tuple[Floats, NDArray[np.uint16]]:
    """Points (N, 2) in reading order and labels (Y, X) of the nuclei that count, without the frame."""
    inside = owner[frame:-frame, frame:-frame]
    whole = np.bincount(owner.ravel(), minlength=len(counted) + 1)[1:]
    seen = np.bincount(inside.ravel(), minlength=len(counted) + 1)[1:]
    chosen = np.flatnonzero(counted & (seen > 0) & (seen >= VISIBLE_SHARE * whole)) + 1
    centroids = np.array(ndimage.center_of_mass(inside > 0, inside, chosen)).reshape(-1, 2)
    order = np.lexsort((centroids[:, 1], centroids[:, 0]))
    rename = np.zeros(len(counted) + 1, dtype=np.uint16)
    rename[chosen[order]] = np.arange(1, len(chosen) + 1)
    return centroids[order], rename[inside]


def _ellipses(radius: Floats, roundest: float, rng: np.random.Generator) -> Ellipses:
    """Ellipses of these mean radii (N,) whose minor over major axis is uniform from `roundest` to 1."""
    ratio = np.sqrt(rng.uniform(roundest, 1, len(radius)))
    return Ellipses(radius / ratio, radius * ratio, rng.random(len(radius)) * np.pi)


def _noise(size: tuple[int, int], sigma: float, rng: np.random.Generator) -> Map:
    """Smooth noise (Y, X) of standard deviation 1 and mean 0."""
    field = wide_blur(rng.standard_normal(size, dtype=np.float32), sigma)
    return np.asarray((field - field.mean()) / (field.std() or 1.0), dtype=np.float32)


def _window(chunk: Rasterised, k: int, patch: Map, size: tuple[int, int]) -> tuple[slice, slice, Map]:
    """Rows and columns of a canvas that nucleus `k` of the chunk covers, and the part of its patch that lies there."""
    rows, patch_rows = overlap(int(chunk.origin[k, 0]) - chunk.half, patch.shape[0], size[0])
    columns, patch_columns = overlap(int(chunk.origin[k, 1]) - chunk.half, patch.shape[1], size[1])
    return rows, columns, patch[patch_rows, patch_columns]
