"""What lies around nuclei: their glow, the cell bodies, and specks that are no cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Light = NDArray[np.float32]


def glow(light: Light, share: float, reach: float) -> Light:
    """Spread a share of the light widely, as light from outside the plane of focus does.

    Parameters
    ----------
    light
        (Y, X).
    share
        How much of it is spread; it is taken from the nuclei up to a share of 1, and added on top beyond.
    reach
        Gaussian sigma, px.
    """
    if share <= 0:
        return light
    return np.asarray((1 - min(share, 1.0)) * light + share * wide_blur(light, reach), dtype=np.float32)


def cell_bodies(light: Light, strength: float, reach: float, rng: np.random.Generator) -> Light:
    """Faint bodies of the cells around nuclei, broken up by streaks; added to the light.

    Parameters
    ----------
    light
        (Y, X).
    strength
        Their light over that of nuclei.
    reach
        Gaussian sigma of a body, px.
    rng
        Source of chance.
    """
    if strength <= 0:
        return light
    along = reach * rng.uniform(0.8, 2.5)
    turn = rng.random() < 0.5
    noise = rng.standard_normal(light.shape, dtype=np.float32)
    streaks = ndimage.gaussian_filter(noise, (along, 0.25 * reach)[:: -1 if turn else 1], truncate=2)
    streaks /= float(streaks.std()) or 1.0
    body = wide_blur(light, reach) * np.maximum(0.6 + 0.6 * streaks, 0)
    return np.asarray(light + strength * body, dtype=np.float32)


def specks(light: Light, number: int, brightness: float, largest: float, rng: np.random.Generator) -> Light:
    """Add small specks of debris, Gaussian spots, at any place.

    Parameters
    ----------
    light
        (Y, X).
    number
        How many.
    brightness
        Up to this light each.
    largest
        Largest Gaussian sigma, px; the smallest is 0.5.
    rng
        Source of chance.
    """
    light = light.copy()
    height, width = light.shape
    for _ in range(number):
        centre = rng.random(2) * (height, width) - 0.5
        sigma = rng.uniform(0.5, max(largest, 0.5), 2)
        peak = brightness * rng.random() ** 2
        reach = np.ceil(3 * sigma).astype(int)
        low = np.maximum(np.rint(centre).astype(int) - reach, 0)
        rows = np.arange(low[0], min(low[0] + 2 * reach[0] + 1, height))
        columns = np.arange(low[1], min(low[1] + 2 * reach[1] + 1, width))
        spot = np.exp(-0.5 * ((rows[:, None] - centre[0]) / sigma[0]) ** 2) * np.exp(
            -0.5 * ((columns[None, :] - centre[1]) / sigma[1]) ** 2
        )
        light[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += (peak * spot).astype(np.float32)
    return light


def wide_blur(light: Light, sigma: float) -> Light:
    """Gaussian blur by a large sigma in px, on a coarser grid where that makes no difference."""
    step = max(1, int(sigma / 3))
    height, width = light.shape
    if step == 1 or min(height, width) < 2 * step:
        return ndimage.gaussian_filter(light, sigma, truncate=3)
    rows, columns = -(-height // step), -(-width // step)
    padded = np.pad(light, ((0, rows * step - height), (0, columns * step - width)), mode="edge")
    coarse = padded.reshape(rows, step, columns, step).mean(axis=(1, 3))
    coarse = ndimage.gaussian_filter(coarse, sigma / step, truncate=3)
    # Coarse pixel i has its middle at fine pixel i * step + (step - 1) / 2.
    return _stretch(_stretch(coarse, step, height, 0), step, width, 1)


def _stretch(coarse: Light, step: int, size: int, axis: int) -> Light:
    """Linear interpolation from a grid `step` times coarser, along one axis."""
    position = np.clip((np.arange(size) - (step - 1) / 2) / step, 0, coarse.shape[axis] - 1)
    low = np.minimum(position.astype(np.intp), max(coarse.shape[axis] - 2, 0))
    high = np.minimum(low + 1, coarse.shape[axis] - 1)
    weight = (position - low).astype(np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
    return np.asarray(coarse.take(low, axis=axis) * (1 - weight) + coarse.take(high, axis=axis) * weight)
