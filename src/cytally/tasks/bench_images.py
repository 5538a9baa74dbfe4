"""Drawn images to time a model on, in the channels that it asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from cytally.models.card import ModelCard
from cytally.synthesis.config import NucleiConfig
from cytally.synthesis.nuclei import draw_nuclei

PIXELS_PER_NUCLEUS = (3600, 1200)
"""Of each of the drawn images: a sparse and a crowded one."""


def draw_images(folder: Path, side: int, card: ModelCard) -> list[Path]:
    """Draw the images that `cytally bench` times a model on, always the same ones.

    Parameters
    ----------
    folder
        Where to write them.
    side
        Their height and width in pixels.
    card
        Of the model, which tells how many channels it looks at and what they are called. Every channel shows the same
        nuclei.

    Returns
    -------
    list of Path
        OME-TIFF files of 8 bits.
    """
    names = channel_names(card)
    paths = []
    for seed, room in enumerate(PIXELS_PER_NUCLEUS):
        number = max(1, side * side // room)
        config = NucleiConfig(shape=(side, side), count=(number, number), clustering=0.3, when_full="fewer")
        pixels = draw_nuclei(config, np.random.default_rng(seed)).image
        paths.append(_write(folder / f"drawn-{seed + 1}.ome.tif", pixels, names))
    return paths


def channel_names(card: ModelCard) -> list[str]:
    """What the channels of an image are to be called so that a model finds those that it looks at.

    A channel that is asked for by its number has that place.
    """
    wanted = card.configuration.input.channels
    if isinstance(wanted, str):
        return [f"channel {place}" for place in range(card.input_channels if wanted == "all" else 1)]
    places = [int(name) for name in wanted if name.isdecimal()]
    names = [name for name in wanted if not name.isdecimal()]
    return [*names, *(f"channel {place}" for place in range(len(names), max(places, default=-1) + 1))]


def _write(path: Path, pixels: NDArray[Any], names: list[str]) -> Path:
    stacked = np.repeat(pixels[None], len(names), axis=0)
    tifffile.imwrite(
        path,
        stacked,
        photometric="minisblack",
        compression="zlib",
        metadata={"axes": "CYX", "Channel": {"Name": names}},
    )
    return path
