"""The drawn field that labelling and reading out are timed on: no data needed, the same for everybody."""

from __future__ import annotations

import numpy as np

from cytally.synthesis.config import NucleiConfig
from cytally.synthesis.nuclei import DrawnImage, draw_nuclei

DENSITY = 400 / (1040 * 1408)
"""Nuclei per pixel."""


def drawn_field(shape: tuple[int, int]) -> DrawnImage:
    """A field (Y, X) of fluorescent nuclei, about 400 on 1408 × 1040 pixels, many of them touching.

    Examples
    --------
    >>> drawn_field((64, 96)).image.shape
    (64, 96)
    """
    number = round(DENSITY * shape[0] * shape[1])
    config = NucleiConfig(shape=shape, count=(number, number), clustering=0.4)
    return draw_nuclei(config, np.random.default_rng(2023))
