"""From a plane of a file to what a network sees: its channels, one scale of brightness, one scale of size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from cytally.errors import ImageError
from cytally.images.channels import find_channel, most_varying
from cytally.images.image import Plane
from cytally.images.large import diameter_of_large, is_large, sample_of_large
from cytally.images.normalise import Kind, apply, normalise, statistics
from cytally.images.resize import resize
from cytally.images.scale import estimate_diameter

LEAST_SIDE = 8
"""Pixels that a picture must have on each side once it is resized."""

LEAST_FACTOR, MOST_FACTOR = 1 / 16, 8.0
"""Pictures are made at most so much smaller or larger."""

MOST_ESTIMATED = 3.0
"""By an estimated diameter pictures are made at most so much larger; smaller specks are noise, and stay as they are."""


ChannelName = Annotated[str, Field(coerce_numbers_to_str=True)]


class InputConfig(BaseModel):
    """Which channels a network sees, and on which scales of brightness and size."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    channels: Literal["one", "all"] | Annotated[tuple[ChannelName, ...], Field(min_length=1)] = Field(
        "one",
        description="`one`: the channel asked for, else the one that varies most. `all`: every channel of the image. "
        "A list takes channels by name or number, as `[green]`.",
    )
    normalisation: Kind = Field(
        "foreground",
        description="How brightness is made comparable, always from the whole image: `foreground` (background 0, "
        "cells about 1, however many there are), `range` (of the number type), `percentile`, `standard`, "
        "`equalised` (histogram equalisation), `none`.",
    )
    pixel_size: float | None = Field(
        None,
        gt=0,
        description="Micrometres per pixel of the images the network was made for; images of another pixel size are "
        "resized to it. `null`: pixel sizes are ignored.",
    )
    downscale: float = Field(1.0, ge=1, description="Factor by which the images are then made smaller. Paper: 4.")
    object_diameter: float | None = Field(
        None,
        gt=0,
        description="Diameter in pixels that cells are brought to, by an estimate of their diameter in each image. "
        "`null`: no estimate.",
    )


@dataclass(frozen=True)
class Prepared:
    """What a network sees of a plane.

    Parameters
    ----------
    data
        (C, y, x), float32.
    factor
        Size of `data` relative to the plane.
    channels
        Index of each channel in the plane.
    flags
        What was assumed.
    """

    data: NDArray[np.float32]
    factor: float
    channels: tuple[int, ...]
    flags: tuple[str, ...] = ()


def prepare(
    plane: Plane,
    config: InputConfig,
    *,
    channel: str | None = None,
    in_channels: int | None = None,
    diameter: float | None = None,
) -> Prepared:
    """Choose channels, normalise by whole-image statistics, and resize.

    Parameters
    ----------
    plane
        The picture.
    config
        What the network wants.
    channel
        Channels to take instead, by name or number, separated by commas.
    in_channels
        How many channels the network takes, where that is fixed already.
    diameter
        A cell's typical diameter in pixels, in place of an estimate; used where the configuration asks for one.

    Raises
    ------
    ImageError
        When a channel is not there, their number does not fit, or nothing is left after resizing.
    """
    channels = choose_channels(plane, config, channel, in_channels)
    if in_channels is not None and len(channels) != in_channels:
        raise ImageError(
            f"has {len(channels)} channel{'s' * (len(channels) != 1)} to count in, the model needs {in_channels}",
            file=plane.source or plane.name,
            cure="use a model trained on such images, or name the channels with --channel",
        )
    raw = plane.data[list(channels)]
    shape = (raw.shape[-2], raw.shape[-1])
    if is_large(shape) and config.normalisation != "equalised":  # as where it is read window by window
        found = statistics(sample_of_large(lambda window: raw[:, *window], shape), config.normalisation)
        data = apply(raw, found)
    else:
        data = normalise(raw, config.normalisation)
    factor, flags = scale_factor(plane.pixel_size, shape, lambda: diameter or _diameter(data), config)
    inner = inner_shape(shape, factor, plane.source or plane.name)
    return Prepared(resize(data, inner), factor, channels, flags)


def _diameter(data: NDArray[np.float32]) -> float | None:
    shape = (data.shape[-2], data.shape[-1])
    if is_large(shape):
        return diameter_of_large(lambda window: data[:1, *window], shape)
    return estimate_diameter(data[0])


def inner_shape(shape: tuple[int, int], factor: float, file: str | Path) -> tuple[int, int]:
    """Rows and columns that the network sees of a picture of `shape` that is resized by `factor`.

    Raises
    ------
    ImageError
        Naming `file`: when it would have to be enlarged too much, or too little would be left.
    """
    if factor > MOST_FACTOR:
        raise ImageError(
            f"would be enlarged {factor:.3g} times to the pixel size that the model asks for",
            file=file,
            cure="give its true pixel size in micrometres with --pixel-size",
        )
    rows, columns = (max(1, round(side * factor)) for side in shape)
    if min(rows, columns) < LEAST_SIDE:
        raise ImageError(
            f"is {shape[0]} × {shape[1]} pixels, too small once scaled by {factor:.3g} as the model asks",
            file=file,
            cure="give its true pixel size with --pixel-size, or use a larger image",
        )
    return rows, columns


def choose_channels(
    plane: Plane, config: InputConfig, channel: str | None = None, in_channels: int | None = None
) -> tuple[int, ...]:
    """Indices of the channels to count in.

    A network of one channel takes the one asked for, else the one that varies most, also where it was trained on
    `all` channels of images that had but one.
    """
    if channel is not None:
        return tuple(find_channel(plane, name.strip()) for name in channel.split(","))
    if config.channels == "one" or (config.channels == "all" and in_channels == 1):
        return (most_varying(plane.data),)
    if config.channels == "all":
        return tuple(range(plane.data.shape[0]))
    if plane.data.shape[0] == 1 == len(config.channels) and not plane.channels[0]:
        return (0,)  # a lone channel without a name is taken to be the one that is wanted
    return tuple(find_channel(plane, name) for name in config.channels)


def scale_factor(
    pixel_size: float | None, shape: tuple[int, int], diameter: Callable[[], float | None], config: InputConfig
) -> tuple[float, tuple[str, ...]]:
    """By how much to resize a picture, and what was assumed.

    Parameters
    ----------
    pixel_size
        Micrometres per pixel of the picture, or None.
    shape
        Its rows and columns.
    diameter
        Estimates the diameter of its cells in pixels; called where the configuration asks for it.
    config
        What the network wants.
    """
    if config.object_diameter is not None:
        found = diameter()
        if found is None:
            return 1.0, ()
        wanted = config.object_diameter / found
        least = max(LEAST_FACTOR, LEAST_SIDE / min(shape))
        if wanted > MOST_ESTIMATED:
            return 1.0, ("extrapolated-scale",)
        return max(wanted, least), () if wanted >= least else ("extrapolated-scale",)
    factor = 1 / config.downscale
    if config.pixel_size is None:
        return factor, ()
    if pixel_size is None:
        return factor, ("no-pixel-size",)
    return factor * pixel_size / config.pixel_size, ()
