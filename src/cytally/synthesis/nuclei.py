"""Drawing fluorescent nuclei: an image, the points and the labels of every nucleus in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ConfigError
from cytally.synthesis.camera import expose, illumination
from cytally.synthesis.config import NucleiConfig
from cytally.synthesis.outlines import Outlines, draw_outlines
from cytally.synthesis.painting import Look, paint
from cytally.synthesis.placement import Crowding, Ellipses, place
from cytally.synthesis.surroundings import cell_bodies, glow, specks

__all__ = ["DrawnImage", "NucleiConfig", "draw_nuclei"]

Floats = NDArray[np.float64]

PACKING = 0.907  # share of a plane that equal discs can cover (hexagonal packing)
MOST = 60_000  # labels are uint16


@dataclass(frozen=True)
class DrawnImage:
    """A drawn image and the truth about it.

    Attributes
    ----------
    image
        (Y, X), uint8 or uint16; (Y, X, 3), uint8, of stained tissue.
    points
        (N, 2) y, x in pixels, the origin at the centre of the top-left pixel: where each nucleus's part inside the
        image has its centroid. In reading order.
    labels
        (Y, X) uint16, 0 is background, ``k`` belongs to ``points[k - 1]``. Where nuclei overlap the brighter one has
        the pixel.
    """

    image: NDArray[np.uint8] | NDArray[np.uint16]
    points: NDArray[np.float64]
    labels: NDArray[np.uint16]

    @property
    def count(self) -> int:
        """How many nuclei there are."""
        return len(self.points)


def draw_nuclei(config: NucleiConfig, rng: np.random.Generator) -> DrawnImage:
    """Draw one image of fluorescent nuclei.

    A nucleus counts if at least a quarter of its area lies in the image and at least one pixel is its own. So with
    ``border="cut"`` the count can exceed `config.count`, which says how many centres lie in the image; not so with
    ``counted="centre"``.

    Parameters
    ----------
    config
        What it shall look like.
    rng
        Source of chance: the same state gives the same bytes.

    Raises
    ------
    ConfigError
        The nuclei asked for do not fit.

    Examples
    --------
    >>> drawn = draw_nuclei(NucleiConfig(shape=(64, 80), count=(0, 0)), np.random.default_rng(0))
    >>> drawn.image.shape, drawn.count, int(drawn.labels.max())
    ((64, 80), 0, 0)
    """
    typical = float(np.exp(rng.uniform(*np.log(config.diameter))))
    least, wanted = _how_many(config, typical, rng)
    outlines, centres, brightness = _population(config, typical, least, wanted, rng)
    look = Look(
        overlay=config.overlay,
        dome=config.dome,
        texture=config.texture,
        grain=config.texture_scale * typical,
        blur=float(rng.uniform(*config.blur)),
        out_of_focus_share=config.out_of_focus_share,
        defocus=config.defocus,
    )
    painting = paint(outlines, centres, brightness, config.shape, look, rng, by_centre=config.counted == "centre")
    light = cell_bodies(painting.light, config.cytoplasm, typical, rng)
    light = glow(light, config.haze, 1.5 * typical)
    number = int(rng.integers(config.debris[0], config.debris[1] + 1))
    # Specks stay smaller than the smallest nuclei of other images, lest a speck here be a nucleus there.
    light = specks(light, number, config.brightness[1], min(0.06 * typical + 0.3, 1.3), rng)
    light = (light + np.float32(config.background)) * illumination(config.shape, config.unevenness, rng)
    image = expose(
        light,
        rng,
        photons=config.photons,
        read_noise=config.read_noise,
        noise_grain=config.noise_grain,
        shoulder=config.shoulder,
        gamma=config.gamma,
        bit_depth=config.bit_depth,
    )
    return DrawnImage(image, painting.points, painting.labels)


def _how_many(config: NucleiConfig, typical: float, rng: np.random.Generator) -> tuple[int, int]:
    """The least number that the configuration promises, and the number drawn."""
    area = config.shape[0] * config.shape[1]
    low, high = config.count
    if config.cover is not None:
        low, high = (int(share * area / (np.pi / 4 * typical**2)) for share in config.cover)
    fits = MOST
    if config.allowed_overlap < 1:
        fits = min(fits, int(PACKING * area / (np.pi / 4 * ((1 - config.allowed_overlap) * typical) ** 2)) + 1)
    wanted = int(rng.integers(low, high + 1))
    if config.when_full == "fewer":
        return 0, min(wanted, fits)
    if low > fits:
        raise _does_not_fit(config, typical, low, fits)
    return low, min(wanted, fits)


def _does_not_fit(config: NucleiConfig, typical: float, wanted: int, fits: int) -> ConfigError:
    height, width = config.shape
    return ConfigError(
        f"{wanted} nuclei of {typical:.0f} px do not fit into {height} × {width} px with allowed_overlap "
        f"{config.allowed_overlap:g}: about {fits} do",
        cure="lower count, cover or diameter, or raise allowed_overlap or shape",
    )


def _population(
    config: NucleiConfig, typical: float, least: int, wanted: int, rng: np.random.Generator
) -> tuple[Outlines, Floats, Floats]:
    """Outlines, centres (N, 2) and brightness (N,) of the nuclei that found a place, the dimmest first."""
    height, width = config.shape
    margin = 0.5 * typical if config.border == "cut" else 0.0
    frame = (height + 2 * margin) * (width + 2 * margin) / (height * width) - 1
    total = wanted + int(np.rint(wanted * frame))
    mitotic = rng.random(total) < config.mitotic_share
    diameter = typical * np.exp(config.diameter_spread * np.clip(rng.standard_normal(total), -2.5, 2.5))
    eccentricity = rng.uniform(*config.eccentricity, total)
    diameter = np.where(mitotic, 0.7 * diameter, diameter)
    eccentricity = np.where(mitotic, rng.uniform(0.8, 0.95, total), eccentricity)
    ratio = (1 - eccentricity**2) ** 0.25
    ellipses = Ellipses(diameter / 2 / ratio, diameter / 2 * ratio, rng.random(total) * np.pi)
    outlines = draw_outlines(ellipses, config.irregularity, config.bitten_share, rng)
    if config.border == "inside" and total:
        margin = -(float(outlines.reach().max()) + 1)
    crowding = Crowding(config.clustering, config.patchiness, config.allowed_overlap)
    centres = place(ellipses, wanted, config.shape, margin, crowding, rng)
    found = np.isfinite(centres[:, 0])
    if found[:wanted].sum() < least:
        raise _does_not_fit(config, typical, least, int(found[:wanted].sum()))
    # ln(95th / 5th percentile) of a log-normal law is 2 * 1.645 sigma.
    sigma = np.log(config.brightness_spread) / 3.29
    brightness = rng.uniform(*config.brightness) * np.exp(sigma * np.clip(rng.standard_normal(total), -2.5, 2.5))
    brightness = np.where(mitotic, 2 * brightness, brightness)
    keep = np.flatnonzero(found)
    keep = keep[np.argsort(brightness[keep], kind="stable")]
    return outlines.take(keep), centres[keep], brightness[keep]
