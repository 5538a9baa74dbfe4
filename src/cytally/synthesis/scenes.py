"""Scenes: the many looks of fluorescent nuclei that a counting model is trained on."""

from __future__ import annotations

from typing import Any

import numpy as np

from cytally.synthesis.config import NucleiConfig

SMALLEST, LARGEST = 6.0, 60.0  # typical diameters, px
EMPTY_SHARE = 0.04  # of scenes hold no nucleus
MOST = 400  # nuclei in 256 × 256 px

Settings = dict[str, Any]


def random_scene(rng: np.random.Generator, shape: tuple[int, int] = (256, 256)) -> NucleiConfig:
    """Draw a scene at random: how one image for training shall look.

    A third are fields from culture dishes, a third dense fields of soft touching cells, the others tissue, dim and
    noisy fields, and settings thrown together freely. Diameters are log-uniform in 6 to 60 px (7 to 24 px among the
    dense soft ones); 4 % of scenes are empty.

    Parameters
    ----------
    rng
        Source of chance.
    shape
        Height and width of the image, px.

    Returns
    -------
    NucleiConfig
        It always fits: `draw_nuclei` raises nothing for it.
    """
    scene = int(rng.choice(5, p=(0.34, 0.30, 0.13, 0.10, 0.13)))
    settings = (_dish, _soft, _tissue, _dim, _anything)[scene](rng)
    diameter = settings.pop("size")
    area = np.pi / 4 * diameter**2
    cover = min(settings.pop("covered"), MOST * area / 256**2)
    # Images with one or a few large nuclei are common, images without any are not.
    cover = min(max(cover, rng.uniform(1.2, 6) * area / (shape[0] * shape[1])), 1.0)
    if rng.random() < EMPTY_SHARE:
        cover = 0.0
    return NucleiConfig(
        shape=shape, diameter=(diameter, diameter), cover=(0.9 * cover, cover), when_full="fewer", **settings
    )


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _sometimes(rng: np.random.Generator, chance: float, high: float) -> float:
    """Uniform in 0 to `high` with this chance, else 0."""
    value = rng.uniform(0, high)
    return float(value) if rng.random() < chance else 0.0


def _level(rng: np.random.Generator, low: float, high: float) -> tuple[float, float]:
    value = _log_uniform(rng, low, high)
    return value, value


def _common(rng: np.random.Generator, size: float) -> Settings:
    """What every scene varies alike."""
    return {
        "size": size,
        "diameter_spread": rng.uniform(0.03, 0.35),
        "eccentricity": (rng.uniform(0, 0.5), rng.uniform(0.5, 0.9)),
        "irregularity": rng.uniform(0, 0.09),
        "dome": rng.uniform(0, 0.8),
        "texture_scale": _log_uniform(rng, 0.03, 0.15),
        "overlay": "add" if rng.random() < 0.7 else "maximum",
        "gamma": _log_uniform(rng, 0.6, 1.4) if rng.random() < 0.3 else 1.0,
    }


def _dish(rng: np.random.Generator) -> Settings:
    """Cells on the bottom of a dish: sharp, hardly any noise, dark background, single or in loose clumps."""
    size = _log_uniform(rng, SMALLEST, LARGEST)
    return _common(rng, size) | {
        "covered": _log_uniform(rng, 0.004, 0.4),
        "clustering": rng.uniform(0, 0.7),
        "patchiness": _sometimes(rng, 0.5, 1.0),
        "allowed_overlap": rng.uniform(0, 0.25),
        "brightness": _level(rng, 0.06, 0.7),
        "brightness_spread": _log_uniform(rng, 1.1, 8),
        "bitten_share": _sometimes(rng, 0.25, 0.5),
        "mitotic_share": _sometimes(rng, 0.3, 0.15),
        "texture": _log_uniform(rng, 0.04, 0.6),
        "blur": _level(rng, 0.4, max(0.5, min(0.08 * size, 2.0))),
        "out_of_focus_share": _sometimes(rng, 0.4, 0.5),
        "defocus": rng.uniform(0.05, 0.2) * size,
        "background": _log_uniform(rng, 0.005, 0.07),
        "unevenness": rng.uniform(0, 0.25),
        "haze": _sometimes(rng, 0.7, 0.15),
        "cytoplasm": _sometimes(rng, 0.5, 0.25),
        "debris": (0, int(rng.integers(0, 12))),
        "photons": _log_uniform(rng, 1000, 50000),
        "read_noise": _log_uniform(rng, 0.0005, 0.006),
        "noise_grain": _sometimes(rng, 0.4, 0.8),
    }


def _soft(rng: np.random.Generator) -> Settings:
    """Dense fields of small soft cells that lie over each other, in uneven light, some out of focus."""
    size = _log_uniform(rng, 7, 24) if rng.random() < 0.5 else _log_uniform(rng, 9, 15)
    overlap = rng.uniform(0.3, 1.0)
    return _common(rng, size) | {
        "covered": rng.uniform(0.05, 0.65),
        "diameter_spread": rng.uniform(0.0, 0.2),
        "eccentricity": (0.0, rng.uniform(0.2, 0.7)),
        # Clumps that are both deep and large would be white blots in which nobody can count.
        "clustering": rng.uniform(0, 1.1 - 0.8 * overlap),
        "patchiness": _sometimes(rng, 0.5, 0.5),
        "allowed_overlap": overlap,
        "brightness": _level(rng, 0.3, 1.0),
        "brightness_spread": _log_uniform(rng, 1.1, 2.5),
        "texture": rng.uniform(0.0, 0.35),
        "blur": _level(rng, 0.8, 0.16 * size),
        "out_of_focus_share": rng.uniform(0, 0.9),
        "defocus": rng.uniform(0.05, 0.25) * size,
        "background": rng.uniform(0.03, 0.4),
        "unevenness": rng.uniform(0.05, 0.9),
        "haze": _sometimes(rng, 0.5, 0.2),
        "shoulder": _sometimes(rng, 0.8, 0.7),
        "photons": _log_uniform(rng, 300, 10000),
        "read_noise": _log_uniform(rng, 0.001, 0.012),
        "noise_grain": _sometimes(rng, 0.4, 0.8),
    }


def _tissue(rng: np.random.Generator) -> Settings:
    """Sections of tissue: dense, with haze from below and nuclei in several planes."""
    size = _log_uniform(rng, SMALLEST, 40)
    return _common(rng, size) | {
        "covered": rng.uniform(0.2, 0.8),
        "clustering": rng.uniform(0.2, 0.9),
        "patchiness": _sometimes(rng, 0.6, 0.8),
        "allowed_overlap": rng.uniform(0.1, 0.5),
        "brightness": _level(rng, 0.15, 0.7),
        "brightness_spread": _log_uniform(rng, 1.5, 6),
        "bitten_share": _sometimes(rng, 0.2, 0.3),
        "texture": rng.uniform(0.05, 0.4),
        "blur": _level(rng, 0.5, max(0.6, 0.09 * size)),
        "out_of_focus_share": rng.uniform(0.1, 0.7),
        "defocus": rng.uniform(0.08, 0.3) * size,
        "background": _log_uniform(rng, 0.01, 0.15),
        "unevenness": rng.uniform(0, 0.4),
        "haze": rng.uniform(0.1, 0.6),
        "debris": (0, int(rng.integers(0, 8))),
        "photons": _log_uniform(rng, 200, 10000),
        "read_noise": _log_uniform(rng, 0.001, 0.01),
        "noise_grain": _sometimes(rng, 0.4, 1.0),
    }


def _dim(rng: np.random.Generator) -> Settings:
    """Little light: the noise is as strong as a good part of the signal."""
    size = _log_uniform(rng, SMALLEST, LARGEST)
    # The eye and the network gather light over a nucleus's area, so large ones stand more noise.
    noise = _log_uniform(rng, 0.008, 0.02 + 0.0015 * size)
    return _common(rng, size) | {
        "covered": _log_uniform(rng, 0.01, 0.35),
        "clustering": rng.uniform(0, 0.5),
        "allowed_overlap": rng.uniform(0, 0.3),
        "brightness": _level(rng, 0.1, 0.35),
        "brightness_spread": _log_uniform(rng, 1.1, 3),
        "texture": rng.uniform(0.0, 0.3),
        "blur": _level(rng, 0.5, max(0.6, min(0.1 * size, 2.5))),
        "background": rng.uniform(0.02, 0.3),
        "unevenness": rng.uniform(0, 0.4),
        "haze": _sometimes(rng, 0.5, 0.3),
        "photons": _log_uniform(rng, 40 + 600 / size, 1000),
        "read_noise": noise,
        "noise_grain": _sometimes(rng, 0.5, 1.2),
    }


def _anything(rng: np.random.Generator) -> Settings:
    """Settings thrown together, so that no two of them always go with each other."""
    size = _log_uniform(rng, SMALLEST, LARGEST)
    return _common(rng, size) | {
        "covered": _log_uniform(rng, 0.01, 0.6),
        "clustering": rng.uniform(0, 1),
        "patchiness": _sometimes(rng, 0.5, 1.0),
        "allowed_overlap": rng.uniform(0, 0.6),
        "brightness": _level(rng, 0.1, 1.0),
        "brightness_spread": _log_uniform(rng, 1, 6),
        "bitten_share": _sometimes(rng, 0.3, 0.8),
        "mitotic_share": _sometimes(rng, 0.3, 0.3),
        "texture": _log_uniform(rng, 0.02, 0.6),
        "blur": _level(rng, 0.3, max(0.5, 0.12 * size)),
        "out_of_focus_share": _sometimes(rng, 0.5, 1.0),
        "defocus": rng.uniform(0, 0.25) * size,
        "background": _log_uniform(rng, 0.003, 0.3),
        "unevenness": rng.uniform(0, 0.7),
        "haze": _sometimes(rng, 0.6, 0.5),
        "cytoplasm": _sometimes(rng, 0.3, 0.4),
        "debris": (0, int(rng.integers(0, 25))),
        "shoulder": _sometimes(rng, 0.3, 0.8),
        "photons": _log_uniform(rng, 100, 50000),
        "read_noise": _log_uniform(rng, 0.0005, 0.02),
        "noise_grain": _sometimes(rng, 0.4, 1.2),
    }
