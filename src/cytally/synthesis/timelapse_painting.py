"""Painting the frames of a drawn time-lapse: nuclei with their own texture, and whose each pixel is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cytally.synthesis.camera import expose, illumination
from cytally.synthesis.outlines import Rasterised, rasterise
from cytally.synthesis.painting import overlap
from cytally.synthesis.surroundings import glow
from cytally.synthesis.timelapse_cells import Cells, bodies_at
from cytally.synthesis.timelapse_config import TimelapseConfig

Floats = NDArray[np.float64]
Light = NDArray[np.float32]

FIELD = 256  # side of the field that textures are cut from, px; it goes on as a tile


@dataclass(frozen=True)
class PaintedFrame:
    """A frame, and what is seen on it.

    `image` (Y, X) as the camera gives it; `owner` (Y, X) int32, the number of the cell that each pixel belongs to, 0:
    none; `numbers` (N,) of the cells that own a pixel, `shares` (N,) of each one's area that lies in the frame.
    """

    image: NDArray[np.uint8] | NDArray[np.uint16]
    owner: NDArray[np.int32]
    numbers: NDArray[np.int64]
    shares: Floats


@dataclass(frozen=True)
class Studio:
    """What stays the same from frame to frame: `lamp` (Y, X) is the camera's, `chromatin` a tile that textures are cut
    from, and `debris` (D, 4) specks on the glass (y, x, sigma in px, light)."""

    config: TimelapseConfig
    lamp: Light
    chromatin: Light
    debris: Floats

    def paint(
        self, cells: Cells, time: float, shift: Floats, bright: float, fresh: float, rng: np.random.Generator
    ) -> PaintedFrame:
        """Paint one frame.

        Parameters
        ----------
        cells
            Their places in px of the first frame.
        time
            Minutes since then.
        shift
            (2,) y, x by which the content is displaced, px.
        bright, fresh
            The lamp's light, and the share of the dye that is not bleached, over those of the first frame.
        rng
            Source of chance of the camera's noise.
        """
        config = self.config
        bodies = bodies_at(cells, time, config)
        pad = int(np.ceil(3 * config.blur)) + 1
        centres = cells.place + shift
        away = bodies.outlines.reach() + pad + 2
        size = np.array(config.shape)
        near = np.flatnonzero(np.all((centres > -away[:, None]) & (centres < size + away[:, None]), axis=1))
        outlines, centres, brightness = bodies.outlines.take(near), centres[near], bodies.brightness[near]
        light = np.zeros((config.shape[0] + 2 * pad, config.shape[1] + 2 * pad), dtype=np.float32)
        depth = np.zeros(config.shape, dtype=np.float32)
        owner = np.zeros(config.shape, dtype=np.int32)
        shares = np.zeros(len(near))
        for chunk in rasterise(outlines, centres):
            profile = np.float32(1 - config.dome) + np.float32(config.dome) * np.sqrt(np.maximum(1 - chunk.depth, 0))
            patches = chunk.coverage * profile * brightness[chunk.indices].astype(np.float32)[:, None, None]
            if config.texture > 0:
                patches *= self._texture(chunk, centres, cells.grain[near])
            for k, index in enumerate(chunk.indices):
                corner, side = chunk.origin[k] - chunk.half, 2 * chunk.half + 1
                rows, of_rows = overlap(int(corner[0]) + pad, side, light.shape[0])
                columns, of_columns = overlap(int(corner[1]) + pad, side, light.shape[1])
                light[rows, columns] += patches[k][of_rows, of_columns]
                rows, of_rows = overlap(int(corner[0]), side, config.shape[0])
                columns, of_columns = overlap(int(corner[1]), side, config.shape[1])
                distance = chunk.distance[k][of_rows, of_columns]
                # Where two overlap they meet halfway: a pixel is of the one that it lies deeper in.
                deeper = distance < depth[rows, columns]
                depth[rows, columns][deeper] = distance[deeper]
                owner[rows, columns][deeper] = cells.number[near[index]]
                whole = int(np.count_nonzero(chunk.distance[k] < 0))
                shares[index] = int(np.count_nonzero(distance < 0)) / max(whole, 1)
        light = ndimage.gaussian_filter(light, config.blur, truncate=3)[pad:-pad, pad:-pad]
        light = glow(light * np.float32(fresh), config.haze, 1.5 * config.diameter)
        self._litter(light, shift)
        light = (light + np.float32(config.background)) * self.lamp * np.float32(bright)
        image = expose(
            light, rng, photons=config.photons, read_noise=config.read_noise, bit_depth=config.bit_depth, shoulder=0.2
        )
        seen = np.isin(cells.number[near], np.unique(owner))
        return PaintedFrame(image, owner, cells.number[near][seen], shares[seen])

    def _texture(self, chunk: Rasterised, centres: Floats, grain: Floats) -> Light:
        """Factors (n, side, side) of light, which move with each nucleus."""
        steps = np.arange(-chunk.half, chunk.half + 1)
        start = chunk.origin - centres[chunk.indices] + grain[chunk.indices]
        whole = np.floor(start)
        part = (start - whole).astype(np.float32)[:, :, None, None]
        rows = (whole[:, 0].astype(np.intp)[:, None] + steps)[:, :, None]
        columns = (whole[:, 1].astype(np.intp)[:, None] + steps)[:, None, :]

        def tile(down: int, right: int) -> Light:
            return np.asarray(self.chromatin[(rows + down) % FIELD, (columns + right) % FIELD])

        upper = tile(0, 0) * (1 - part[:, 1]) + tile(0, 1) * part[:, 1]
        lower = tile(1, 0) * (1 - part[:, 1]) + tile(1, 1) * part[:, 1]
        return np.asarray(upper * (1 - part[:, 0]) + lower * part[:, 0])

    def _litter(self, light: Light, shift: Floats) -> None:
        """Add the specks to the light (Y, X)."""
        for y, x, sigma, peak in self.debris:
            centre = np.array([y, x]) + shift
            reach = int(np.ceil(3 * sigma)) + 1
            corner = np.rint(centre).astype(int) - reach
            rows, of_rows = overlap(int(corner[0]), 2 * reach + 1, light.shape[0])
            columns, of_columns = overlap(int(corner[1]), 2 * reach + 1, light.shape[1])
            spot = [np.exp(-0.5 * ((np.arange(2 * reach + 1) + corner[k] - centre[k]) / sigma) ** 2) for k in (0, 1)]
            light[rows, columns] += (peak * spot[0][of_rows, None] * spot[1][None, of_columns]).astype(np.float32)


def furnish(config: TimelapseConfig, rng: np.random.Generator) -> Studio:
    """Draw what stays the same from frame to frame."""
    field = rng.standard_normal((FIELD, FIELD), dtype=np.float32)
    field = ndimage.gaussian_filter(field, config.texture_scale * config.diameter, mode="wrap", truncate=3)
    field *= np.float32(config.texture / (float(field.std()) or 1.0))
    chromatin = np.exp(np.minimum(field, 2.0) - np.float32(config.texture**2 / 2))
    # On all the glass that the drift may bring into view.
    size = np.array(config.shape) + 2 * config.drift
    number = round(config.debris * float(size.prod()) / float(np.prod(config.shape)))
    places = rng.random((number, 2)) * size - config.drift
    sigma = rng.uniform(0.6, 1.4, number)
    peak = config.brightness * rng.random(number) ** 2
    debris = np.column_stack([places, sigma, peak])
    return Studio(config, illumination(config.shape, config.unevenness, rng), chromatin, debris)
