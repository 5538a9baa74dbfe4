"""Draw fluorescence volumes of cells whose every voxel is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cytally.synthesis.volume_bodies import draw_body, paint_body
from cytally.synthesis.volume_config import VolumeConfig
from cytally.synthesis.volume_light import log_uniform, photograph, smooth_noise
from cytally.synthesis.volume_places import place_cells

__all__ = ["DrawnVolume", "draw_volume"]

COARSEST = 1.5
"""Largest distance between slices of the canvas, px of the plane."""

TWO_QUANTILES = 3.29
"""Standard deviations of a normal law between its 5th and its 95th percentile."""


@dataclass(frozen=True, eq=False)
class DrawnVolume:
    """A drawn volume with all that is known of it.

    Attributes
    ----------
    image
        Grey levels (Z, Y, X) uint16.
    labels
        (Z, Y, X) uint16: 0 is background, 1 to N are the cells.
    pixel_size, z_spacing
        Micrometres per pixel of the plane, and between slices.
    """

    image: NDArray[np.uint16]
    labels: NDArray[np.uint16]
    pixel_size: float
    z_spacing: float

    @property
    def count(self) -> int:
        """Number of cells."""
        return int(self.labels.max(initial=0))


def draw_volume(config: VolumeConfig, rng: np.random.Generator) -> DrawnVolume:
    """Draw one volume.

    Cells are painted on a canvas whose slices lie as close as its pixels, about, and where they press into each other
    they meet halfway. The canvas is blurred and sampled to the slices of the image; labels are the canvas's slices at
    the same heights.

    Parameters
    ----------
    config
        What the volume shall look like.
    rng
        Source of chance: the same state gives the same bytes.

    Examples
    --------
    >>> config = VolumeConfig(shape=(8, 32, 32), count=(3, 3))
    >>> drawn = draw_volume(config, np.random.default_rng(0))
    >>> drawn.image.shape, drawn.count
    ((8, 32, 32), 3)
    """
    slices, rows, columns = config.shape
    z_spacing = rng.uniform(*config.z_spacing)
    apart = z_spacing / config.pixel_size
    # An odd number, so that one of them lies at the slice's height.
    fine = 2 * int(np.ceil(apart / COARSEST) // 2) + 1
    step = apart / fine
    number = int(rng.integers(config.count[0], config.count[1] + 1))
    diameter, touching = log_uniform(config.diameter, rng), rng.uniform(*config.touching)
    diameters = diameter * np.exp(config.diameter_spread * np.clip(rng.standard_normal(number), -2.5, 2.5))
    centres = place_cells(config, diameters / 2, (slices * apart, rows, columns), touching, rng)
    found = np.isfinite(centres[:, 0])

    depth = np.zeros((slices * fine, rows, columns), dtype=np.float32)
    owner = np.zeros(depth.shape, dtype=np.uint16)
    radii = [1.0]
    for centre, each in zip(centres[found], diameters[found], strict=True):
        body = draw_body(config, float(each), rng)
        paint_body(body, centre, len(radii), step, depth, owner)
        radii.append(body.radius)
    labels = _whole_cells(owner[fine // 2 :: fine], config.least_voxels)
    light = _light(config, depth, owner, np.array(radii), step, rng)
    del depth, owner
    return DrawnVolume(photograph(light, config, step, rng), labels, config.pixel_size, z_spacing)


def _light(
    config: VolumeConfig,
    depth: NDArray[np.float32],
    owner: NDArray[np.uint16],
    radii: NDArray[np.float64],
    step: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Photons that each voxel of the canvas sends out; overwrites `depth`."""
    spread = np.log(max(rng.uniform(*config.brightness_spread), 1)) / TWO_QUANTILES
    typical = log_uniform(config.brightness, rng)
    brightness = typical * np.exp(spread * np.clip(rng.standard_normal(len(radii)), -2.5, 2.5))
    brightness[0] = 0
    dome, texture = rng.uniform(*config.dome), rng.uniform(*config.texture)
    grain = 2 * float(np.median(radii)) * rng.uniform(*config.texture_scale)
    light = depth
    light /= radii.astype(np.float32)[owner]
    np.clip(light, 0, 1, out=light)
    light *= np.float32(dome)
    light += np.float32(1 - dome)
    light *= brightness.astype(np.float32)[owner]
    if texture:
        noise = smooth_noise(light.shape, (grain / step, grain, grain), rng)
        np.clip(noise, -2.5, 2.5, out=noise)
        noise *= np.float32(texture)
        light *= np.exp(noise, out=noise)
    specks = round(rng.integers(config.debris[0], config.debris[1] + 1) * np.prod(config.shape) / 100_000)
    for _ in range(specks):
        z, y, x = (int(rng.integers(length)) for length in light.shape)
        reach = int(rng.integers(1, 3))
        around = (slice(max(z - 1, 0), z + 2), slice(max(y - reach, 0), y + reach), slice(max(x - reach, 0), x + reach))
        light[around] += np.float32(typical * rng.uniform(0.5, 2))
    return light


def _whole_cells(owner: NDArray[np.uint16], least: int) -> NDArray[np.uint16]:
    """Number cells from 1 without gaps; of each the largest piece, if it has `least` voxels or more."""
    labels = np.zeros(owner.shape, dtype=np.uint16)
    touching = np.ones((3, 3, 3), dtype=bool)
    number = 0
    for index, box in enumerate(ndimage.find_objects(owner), start=1):
        if box is None:
            continue
        pieces, _ = ndimage.label(owner[box] == index, touching)
        sizes = np.bincount(pieces.ravel())[1:]
        if sizes.max() >= least:
            number += 1
            labels[box][pieces == 1 + int(sizes.argmax())] = number
    return labels
