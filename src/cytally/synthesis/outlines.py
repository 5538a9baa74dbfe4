"""Shapes of nuclei: deformed, sometimes bitten ellipses, rasterised many at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cytally.synthesis.placement import Ellipses

Floats = NDArray[np.float64]
Patches = NDArray[np.float32]

ORDERS = (2, 3, 4, 5)  # Fourier orders of an outline; order 1 would only move it
CHUNK = 48  # nuclei rasterised at once: of similar size, so that patches waste little


@dataclass(frozen=True)
class Outlines:
    """Outlines of N nuclei.

    In the coordinates of its ellipse (unit circle) an outline is ``scale * (1 + Re sum_k c_k exp(-i k angle))`` with
    complex coefficients `waves` (N, 4). A bite is a disc of radius `bite_radius` (0: none) whose centre lies
    `bite_distance` from the middle in direction `bite_angle`, all in units of the ellipse, each (N,).
    """

    ellipses: Ellipses
    waves: NDArray[np.complex128]
    bite_radius: Floats
    bite_distance: Floats
    bite_angle: Floats

    def take(self, indices: NDArray[np.intp]) -> Outlines:
        """These outlines alone, in this order."""
        axes = Ellipses(self.ellipses.major[indices], self.ellipses.minor[indices], self.ellipses.angle[indices])
        bites = (self.bite_radius[indices], self.bite_distance[indices], self.bite_angle[indices])
        return Outlines(axes, self.waves[indices], *bites)

    def scale(self) -> Floats:
        """Factor that keeps each unbitten outline's area that of its ellipse: (1 + sum |c_k|^2 / 2)^-1/2."""
        power = np.asarray((np.abs(self.waves) ** 2).sum(axis=1), dtype=np.float64)
        return 1 / np.sqrt(1 + power / 2)

    def reach(self) -> Floats:
        """Upper bound of each outline's distance from its middle, in pixels, (N,)."""
        crest = np.asarray(np.abs(self.waves).sum(axis=1), dtype=np.float64)
        return self.ellipses.major * (1 + crest)


def draw_outlines(ellipses: Ellipses, irregularity: float, bitten_share: float, rng: np.random.Generator) -> Outlines:
    """Deform ellipses at random.

    Parameters
    ----------
    ellipses
        N ellipses.
    irregularity
        Standard deviation of the outline over its radius. Order k gets a share of the variance that falls as 1 / k².
    bitten_share
        Share of nuclei that lose a piece.
    rng
        Source of chance.
    """
    total = len(ellipses)
    fall = np.array([1 / order for order in ORDERS])
    sizes = irregularity * np.sqrt(2) * fall / np.sqrt((fall**2).sum())
    lengths = np.minimum(rng.rayleigh(1.0, (total, len(ORDERS))) / np.sqrt(2), 1.6)
    waves = sizes * lengths * np.exp(2j * np.pi * rng.random((total, len(ORDERS))))
    bitten = rng.random(total) < bitten_share
    radius = np.where(bitten, 0.45 + 0.35 * rng.random(total), 0.0)
    distance = 0.55 + 0.45 * rng.random(total)
    return Outlines(ellipses, waves, radius, distance, 2 * np.pi * rng.random(total))


@dataclass(frozen=True)
class Rasterised:
    """Nuclei of one chunk on pixel grids of side 2 * half + 1 whose middle pixel is `origin`.

    `indices` (n,) numbers the nuclei, `origin` (n, 2) is y, x; `coverage` (n, side, side) is the share of each pixel
    inside the outline (about), `depth` the squared distance from the middle, 0 there and about 1 on the outline,
    `distance` that from the outline in pixels, negative inside (to first order).
    """

    indices: NDArray[np.intp]
    origin: NDArray[np.intp]
    half: int
    coverage: Patches
    depth: Patches
    distance: Patches


def rasterise(outlines: Outlines, centres: Floats, slack: int = 2) -> Iterator[Rasterised]:
    """Yield the nuclei on pixel grids, similar sizes together.

    Parameters
    ----------
    outlines
        N outlines.
    centres
        Where they lie: (N, 2) y, x in pixels, the origin at the centre of the top-left pixel.
    slack
        How many pixels the grids reach beyond the outlines.
    """
    reach = outlines.reach()
    order = np.argsort(reach, kind="stable")
    scale = outlines.scale()
    for start in range(0, len(order), CHUNK):
        chunk = order[start : start + CHUNK]
        half = int(np.ceil(reach[chunk].max())) + slack
        yield _rasterise_chunk(outlines, scale, centres, chunk, half)


def _rasterise_chunk(
    outlines: Outlines, scale: Floats, centres: Floats, chunk: NDArray[np.intp], half: int
) -> Rasterised:
    origin = np.rint(centres[chunk]).astype(np.intp)
    offset = (centres[chunk] - origin).astype(np.float32)
    steps = np.arange(-half, half + 1, dtype=np.float32)
    dy = steps[None, :, None] - offset[:, 0, None, None]
    dx = steps[None, None, :] - offset[:, 1, None, None]

    def per_nucleus(values: NDArray[np.float64]) -> Patches:
        return values[chunk].astype(np.float32)[:, None, None]

    cos, sin = per_nucleus(np.cos(outlines.ellipses.angle)), per_nucleus(np.sin(outlines.ellipses.angle))
    major, minor = per_nucleus(outlines.ellipses.major), per_nucleus(outlines.ellipses.minor)
    u = (dx * cos + dy * sin) / major
    v = (dy * cos - dx * sin) / minor
    rho = np.sqrt(u * u + v * v) + np.float32(1e-6)
    edge = np.broadcast_to(per_nucleus(scale), rho.shape).copy()
    direction = (u + 1j * v) / rho
    power = direction
    for column in range(outlines.waves.shape[1]):
        power = power * direction  # ORDERS start at 2 and go up by one
        wave = (outlines.waves[chunk, column] * scale[chunk]).astype(np.complex64)[:, None, None]
        edge += power.real * wave.real + power.imag * wave.imag
    # Distance from the outline in pixels, to first order: (rho - edge) over the slope of rho.
    slope = np.sqrt((u / major) ** 2 + (v / minor) ** 2) / rho + np.float32(1e-6)
    distance = np.asarray((rho - edge) / slope, dtype=np.float32)
    coverage: Patches = np.clip(0.5 - distance, 0, 1).astype(np.float32)
    bitten = np.flatnonzero(outlines.bite_radius[chunk] > 0)
    if bitten.size:
        which = chunk[bitten]
        angle = outlines.bite_angle[which]
        reach = outlines.bite_distance[which]
        bite_u = (reach * np.cos(angle)).astype(np.float32)[:, None, None]
        bite_v = (reach * np.sin(angle)).astype(np.float32)[:, None, None]
        away = np.sqrt((u[bitten] - bite_u) ** 2 + (v[bitten] - bite_v) ** 2)
        radius = outlines.bite_radius[which].astype(np.float32)[:, None, None]
        # A soft edge: a bite is thin chromatin, not a cut.
        coverage[bitten] *= np.clip(0.5 + np.float32(3) * (away - radius), 0, 1)
    return Rasterised(chunk, origin, half, coverage, (rho / edge) ** 2, distance)
