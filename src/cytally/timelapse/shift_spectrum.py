"""What a frame is registered by: the phases of its fine structure, every part of the frame weighing about alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Spectrum = NDArray[np.complex64]

FINE, COARSE = 0.7, 4.0  # Gaussian sigmas of the structure that is looked at, px
NEIGHBOURHOOD = 17  # side of the square in which contrast is made alike, px
FLOOR = 3.0  # contrast below so many times the noise is left low
HIGHEST = 0.25  # cycles per pixel
EDGE = 1 / 16  # of the side fades out at each border
QUANTA = 127  # of a byte, on each side of 0
UPSAMPLING = 40  # parts of a step of half a pixel
LEAST_SIDE = 16
"""Frames with a shorter side than this hold too little to register, px."""


@dataclass(frozen=True)
class Registrar:
    """Turns frames of one shape into spectra, and compares these.

    Parameters
    ----------
    shape
        Height and width of the frames, px.
    """

    shape: tuple[int, int]

    def spectrum(self, frame: NDArray[Any]) -> Spectrum | None:
        """Whitened low frequencies (K, L) of a frame (Y, X); None of one without any structure.

        Slow changes of light are filtered out, and contrast is made alike: else bright cells, which move, outweigh the
        faint specks on the glass, which stand still. Hot pixels, which stay with the camera, are taken out.
        """
        image = np.nan_to_num(np.asarray(frame, dtype=np.float32))
        image = _without_hot_pixels(image - image.mean())
        detail = ndimage.gaussian_filter(image, FINE, truncate=3) - ndimage.gaussian_filter(image, COARSE, truncate=3)
        largest = float(np.abs(detail).max())
        if largest <= 1e-4 * float(np.abs(image).max(initial=0)) or not np.isfinite(largest):
            return None
        detail /= largest
        noise = 1.4826 * float(np.median(np.abs(detail[::2, ::2])))
        power = ndimage.uniform_filter(detail * detail, NEIGHBOURHOOD) + max(FLOOR * noise, 1e-3) ** 2
        detail *= self._window / np.sqrt(power)
        low = fft.fft2(detail)[self._rows][:, self._columns]
        size = np.abs(low)
        return np.asarray(low / np.maximum(size, 1e-12) * self._lowpass, dtype=np.complex64)

    def moved(self, spectrum: Spectrum, by: NDArray[np.float64]) -> Spectrum:
        """The spectrum of a frame whose content is displaced by this much more, (2,) y, x in px."""
        down, right = (np.exp(-2j * np.pi * steps * by[axis]) for axis, steps in enumerate(self._frequencies))
        return np.asarray(spectrum * down[:, None].astype(np.complex64) * right[None, :].astype(np.complex64))

    def displacement(self, spectrum: Spectrum, reference: Spectrum) -> tuple[NDArray[np.float64], float]:
        """By how much a frame's content is displaced from the reference's, and how sure that is.

        Returns
        -------
        array (2,)
            y, x in px.
        float
            Height of the peak of their cross-correlation in standard deviations that it would have if they had nothing
            to do with each other.
        """
        from skimage.registration import phase_cross_correlation

        chance = float(np.sqrt((np.abs(spectrum) ** 2 * np.abs(reference) ** 2).sum(dtype=np.float64)))
        if chance == 0:
            return np.zeros(2), 0.0
        steps, _, _ = phase_cross_correlation(  # type: ignore[no-untyped-call]
            spectrum, reference, space="fourier", upsample_factor=UPSAMPLING, normalization=None
        )
        by = np.asarray(steps * self.shape / np.array(spectrum.shape), dtype=np.float64)
        product = self.moved(spectrum, -by) * reference.conj()
        return by, float(product.real.sum(dtype=np.float64)) / chance

    @cached_property
    def _rows(self) -> NDArray[np.intp]:
        return _low(self.shape[0])

    @cached_property
    def _columns(self) -> NDArray[np.intp]:
        return _low(self.shape[1])

    @cached_property
    def _frequencies(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return fft.fftfreq(self.shape[0])[self._rows], fft.fftfreq(self.shape[1])[self._columns]

    @cached_property
    def _lowpass(self) -> NDArray[np.float32]:
        y, x = self._frequencies
        return np.exp(-((np.pi * FINE) ** 2) * (y[:, None] ** 2 + x[None, :] ** 2)).astype(np.float32)

    @cached_property
    def _window(self) -> NDArray[np.float32]:
        return np.asarray(_fading(self.shape[0])[:, None] * _fading(self.shape[1])[None, :])


@dataclass(frozen=True)
class Packed:
    """A spectrum in two bytes per frequency: a thousand frames are kept."""

    parts: NDArray[np.int8]

    @classmethod
    def of(cls, spectrum: Spectrum) -> Packed:
        """Round a spectrum whose values are at most 1."""
        parts = np.stack([spectrum.real, spectrum.imag])
        return cls(np.rint(parts * np.float32(QUANTA)).astype(np.int8))

    def spectrum(self) -> Spectrum:
        """The spectrum again."""
        parts = self.parts.astype(np.float32) / np.float32(QUANTA)
        return np.asarray(parts[0] + 1j * parts[1], dtype=np.complex64)


def _without_hot_pixels(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """The image (Y, X), each pixel brought between the darkest and the brightest of its eight neighbours."""
    padded = np.pad(image, 1, mode="edge")
    rows, columns = image.shape
    around = [padded[y : y + rows, x : x + columns] for y in range(3) for x in range(3) if (y, x) != (1, 1)]
    low, high = around[0].copy(), around[0].copy()
    for neighbour in around[1:]:
        np.minimum(low, neighbour, out=low)
        np.maximum(high, neighbour, out=high)
    return np.clip(image, low, high)


def _low(side: int) -> NDArray[np.intp]:
    """Places of the low frequencies of an axis, in the order of a smaller FFT."""
    half = int(side * HIGHEST)
    return np.concatenate([np.arange(half), np.arange(side - half, side)])


def _fading(side: int) -> NDArray[np.float32]:
    edge = max(int(side * EDGE), 1)
    window = np.ones(side, dtype=np.float32)
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)
    window[:edge], window[-edge:] = rise, rise[::-1]
    return window
