"""What a network is calibrated on: the user's images as the model sees them, some of them held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cytally.datasets.slices import scaled_slices, slice_factor
from cytally.errors import UsageError
from cytally.images.prepare import prepare
from cytally.images.read import read
from cytally.images.volume import open_volumes
from cytally.inference.pictures import cut_pictures
from cytally.inference.sizes import sizes_of
from cytally.methods.picture_method import PictureMethod
from cytally.methods.volume_method import VolumeMethod
from cytally.models.model import Model

HELD_BACK = 3
"""Of so many images one is held back."""
MOST = 96
"""Pictures that are taken, at most: of many images evenly spread ones."""
WIDEST = 512
"""Side in pixels beyond which the middle of a picture is taken."""
SLICES = 4
"""Slices that are taken of a volume, evenly spread."""

Picture = NDArray[np.float32]


@dataclass(frozen=True)
class CalibrationPictures:
    """Pictures (C, Y, X) to calibrate on, pictures held back, and the names of the images that each came from."""

    used: tuple[Picture, ...]
    held_back: tuple[Picture, ...]
    used_images: tuple[str, ...]
    held_back_images: tuple[str, ...]


def calibration_pictures(model: Model, images: Sequence[Path]) -> CalibrationPictures:
    """Prepare images as the model sees them; every third is held back.

    Raises
    ------
    UsageError
        When there are fewer than two.
    ImageError
        When one cannot be read.
    """
    if len(images) < 2:
        raise UsageError(
            "8 bits need two images or more: some to calibrate on, some to measure the loss on",
            file=images[0] if images else None,
            cure="name more images with --int8",
        )
    if len(images) > MOST:
        images = [images[place] for place in np.linspace(0, len(images) - 1, MOST).round().astype(int)]
    held = [path for number, path in enumerate(images) if number % HELD_BACK == 1]
    used = [path for number, path in enumerate(images) if number % HELD_BACK != 1]
    return CalibrationPictures(
        tuple(picture for path in used for picture in _pictures(model, path)),
        tuple(picture for path in held for picture in _pictures(model, path)),
        tuple(path.name for path in used),
        tuple(path.name for path in held),
    )


def _pictures(model: Model, path: Path) -> list[Picture]:
    """What the network sees of an image: sizes that it takes."""
    method, config = model.method, model.card.configuration.input
    if isinstance(method, VolumeMethod):
        found = []
        for volume in open_volumes(path):
            seen = list(method.pictures(scaled_slices(volume.slices(), slice_factor(volume, config))))
            found += [seen[place] for place in np.linspace(0, len(seen) - 1, min(SLICES, len(seen))).astype(int)]
    else:
        planes = [plane for image in read(path) for plane in model.planes(image)]
        found = [prepare(plane, config, in_channels=model.card.input_channels).data for plane in planes]
    if isinstance(method, PictureMethod):
        return [piece for picture in found for piece in cut_pictures(picture, method.side, method.config.larger)[0]]
    return [_middle(picture, model) for picture in found]


def _middle(picture: Picture, model: Model) -> Picture:
    """The middle of a picture, its last rows and columns repeated up to a size that the network takes."""
    rows, columns = (min(side, WIDEST) for side in picture.shape[-2:])
    top, left = (picture.shape[-2] - rows) // 2, (picture.shape[-1] - columns) // 2
    piece = picture[:, top : top + rows, left : left + columns]
    sizes = sizes_of(model.network)
    if sizes is None:
        return piece
    padding = ((0, 0), (0, sizes.fitting(rows) - rows), (0, sizes.fitting(columns) - columns))
    return np.pad(piece, padding, mode="edge")
