"""From light to grey levels: uneven illumination, noise, response and saturation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Image = NDArray[np.float32]


def illumination(shape: tuple[int, int], unevenness: float, rng: np.random.Generator) -> Image:
    """A smooth field around 1: a tilt, a bow and a saddle of random strength, within 1 ± `unevenness`."""
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :]
    tilt_y, tilt_x, bow, saddle, shift_y, shift_x = rng.uniform(-1, 1, 6)
    # Lamps fade towards the corners more often than they brighten.
    bow = 1.5 * bow - 0.75
    field = tilt_y * y + tilt_x * x + saddle * y * x + bow * ((y - 0.5 * shift_y) ** 2 + (x - 0.5 * shift_x) ** 2)
    field = field - field.mean()
    peak = float(np.abs(field).max())
    return np.asarray(1 + unevenness * field / (peak or 1.0), dtype=np.float32)


def expose(
    light: Image,
    rng: np.random.Generator,
    *,
    photons: float,
    read_noise: float,
    noise_grain: float = 0.0,
    shoulder: float = 0.0,
    gamma: float = 1.0,
    bit_depth: int = 8,
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Record light with a camera.

    Parameters
    ----------
    light
        (Y, X), 1 is full scale; the other settings are those of `NucleiConfig`.
    rng
        Source of chance.

    Notes
    -----
    Shot noise is a Poisson law expanded to its skewness (Cornish and Fisher 1938): with λ photons and a standard
    normal z, λ + √λ z + (z² - 1) / 6. Unlike drawing from the law itself it uses the same random numbers whatever λ is,
    so that a rounding difference between machines stays one.
    """
    light = np.maximum(light, 0)
    shot = rng.standard_normal(light.shape, dtype=np.float32)
    read = rng.standard_normal(light.shape, dtype=np.float32)
    if noise_grain > 0:
        # Filtering divides the standard deviation of white noise by the sum of squared weights, one line's for a plane.
        weights = ndimage.gaussian_filter1d(np.eye(1, 33, 16), noise_grain, truncate=3)
        gain = float((weights**2).sum())
        shot, read = (ndimage.gaussian_filter(noise, noise_grain, truncate=3) / gain for noise in (shot, read))
    noisy = light + np.sqrt(light / photons) * shot + (shot * shot - 1) / (6 * photons) + read_noise * read
    if shoulder > 0:
        # Linear up to 1 - shoulder, then bent so that it nears 1; continuous in value and slope.
        knee = 1 - shoulder
        over = np.maximum(noisy - knee, 0)
        noisy = np.minimum(noisy, knee) + shoulder * (1 - np.exp(-over / shoulder))
    noisy = np.clip(noisy, 0, 1)
    if gamma != 1:
        noisy = noisy**gamma
    levels = np.rint(noisy * (2**bit_depth - 1))
    if bit_depth == 8:
        return np.asarray(levels, dtype=np.uint8)
    return np.asarray(levels, dtype=np.uint16)
