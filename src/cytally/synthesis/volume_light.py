"""From the light in a volume to its slices: depth, optics that blur more along z and with depth, and the camera."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cytally.synthesis.camera import illumination
from cytally.synthesis.volume_config import VolumeConfig

Volume = NDArray[np.float32]

GLOW = 6.0
"""Width of the haze over that of the point spread."""


def smooth_noise(shape: tuple[int, ...], sigma: tuple[float, ...], rng: np.random.Generator) -> Volume:
    """Smooth noise of mean 0 and standard deviation 1; `sigma` (per axis, voxels) is how smooth."""
    # Wide noise is made coarse and enlarged, which takes a fraction of the time.
    steps = [max(1, int(each / 1.5)) for each in sigma]
    coarse = tuple(-(-length // step) + 2 for length, step in zip(shape, steps, strict=True))
    field = rng.standard_normal(coarse, dtype=np.float32)
    narrow = [each / step for each, step in zip(sigma, steps, strict=True)]
    field = ndimage.gaussian_filter(field, narrow, mode="wrap")
    for axis, (length, step) in enumerate(zip(shape, steps, strict=True)):
        field = enlarged(field, axis, length, step) if step > 1 else np.take(field, range(length), axis=axis)
    return np.asarray((field - field.mean()) / (field.std() or 1), dtype=np.float32)


def photograph(light: Volume, config: VolumeConfig, step: float, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Take the slices of a volume.

    Parameters
    ----------
    light
        Photons per voxel (Z × n, Y, X) that cells send out; n slices of the canvas make one of the image.
    config
        Optics, background and camera; where it gives a range, one value is drawn.
    step
        Distance between the canvas's slices, px of the plane.

    Returns
    -------
    ndarray
        Grey levels (Z, Y, X).

    Notes
    -----
    Shot noise is a Poisson law expanded to its skewness, as in `camera.expose`.
    """
    slices, rows, columns = config.shape
    dimming, growth, haze = (rng.uniform(*pair) for pair in (config.dimming, config.blur_growth, config.haze))
    blur, axial = rng.uniform(*config.blur), rng.uniform(*config.axial_blur)
    background, read = rng.uniform(*config.background), rng.uniform(*config.read_noise)
    gain, offset = log_uniform(config.gain, rng), rng.uniform(*config.offset)
    field = illumination((rows, columns), rng.uniform(*config.unevenness), rng)
    mottle = rng.uniform(*config.mottle)
    patch = rng.uniform(0.5, 3) * float(np.mean(config.diameter))
    n = len(light) // slices
    ground = np.exp(np.float32(mottle) * smooth_noise(config.shape, (patch / (step * n), patch, patch), rng))

    image = np.empty(config.shape, dtype=np.uint16)
    heights = (np.arange(len(light)) + 0.5) * step
    for z in range(slices):
        share = z / max(slices - 1, 1)
        wider = 1 + growth * share
        height = (z + 0.5) * n * step
        sharp = ndimage.gaussian_filter(_mix(light, heights, height, axial * wider), blur * wider, truncate=3)
        if haze:
            glow = _mix(light, heights, height, GLOW * axial * wider)
            sharp = (1 - haze) * sharp + haze * _wide_blur(glow, GLOW * blur * wider)
        seen = (sharp * (1 - dimming) ** share + background * ground[z]) * field
        seen = np.maximum(seen, np.float32(0))
        shot, camera = rng.standard_normal((2, rows, columns), dtype=np.float32)
        counted = seen + np.sqrt(seen) * shot + (shot * shot - 1) / 6 + read * camera
        image[z] = np.clip(np.rint(offset + gain * counted), 0, 65535)
    return image


def log_uniform(pair: tuple[float, float], rng: np.random.Generator) -> float:
    """A number from a range of positive numbers, its logarithm uniform."""
    return float(np.exp(rng.uniform(*np.log(pair))))


def _mix(light: Volume, heights: NDArray[np.floating[Any]], height: float, sigma: float) -> Volume:
    """What an optical section of Gaussian width `sigma` at `height` sees of the canvas's slices (Y, X)."""
    weights = np.exp(-0.5 * ((heights - height) / max(sigma, 1e-3)) ** 2)
    if weights.sum() < 1e-6:
        weights = (np.abs(heights - height) <= np.abs(heights - height).min() + 1e-9).astype(float)
    near = np.flatnonzero(weights > 1e-3 * weights.max())
    chosen = slice(near[0], near[-1] + 1)
    weights = (weights / weights[chosen].sum()).astype(np.float32)
    return np.asarray(np.tensordot(weights[chosen], light[chosen], 1), dtype=np.float32)


def _wide_blur(plane: Volume, sigma: float) -> Volume:
    """A Gaussian blur (Y, X), made on a coarser picture where it is wide."""
    step = max(1, int(sigma / 2))
    if step == 1:
        return np.asarray(ndimage.gaussian_filter(plane, sigma, truncate=3), dtype=np.float32)
    padded = np.pad(plane, [(0, -length % step) for length in plane.shape], mode="edge")
    coarse = padded.reshape(padded.shape[0] // step, step, -1, step).mean(axis=(1, 3))
    coarse = np.pad(ndimage.gaussian_filter(coarse, sigma / step, truncate=3), 1, mode="edge")
    for axis, length in enumerate(plane.shape):
        coarse = enlarged(coarse, axis, length, step, begin=0.5 + 0.5 / step)
    return np.asarray(coarse, dtype=np.float32)


def enlarged(field: Volume, axis: int, length: int, step: int, begin: float = 0.0) -> Volume:
    """Interpolate along an axis so that `step` values lie between two; the first at `begin` of the old ones."""
    at = begin + np.arange(length) / step
    low = np.minimum(at.astype(int), field.shape[axis] - 2)
    weight = (at - low).astype(np.float32).reshape([-1 if each == axis else 1 for each in range(field.ndim)])
    below, above = np.take(field, low, axis=axis), np.take(field, low + 1, axis=axis)
    return np.asarray(below + weight * (above - below))
