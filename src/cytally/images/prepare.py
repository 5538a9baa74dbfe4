"""From a plane of a file to what a network sees: its channels, one scale of brightness, one scale of size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from cytally.errors import ImageError
from cytally.images.channels import find_channel, most_varying
from cytally.images.image import Plane
from cytally.images.normalise import Kind, normalise
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
    plane: Plane, config: InputConfig, *, channel: str | None = None, in_channels: int | None = None
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
    data = normalise(plane.data[list(channels)], config.normalisation)
    factor, flags = scale_factor(plane, data, config)
    if factor > MOST_FACTOR:
        raise ImageError(
            f"would be enlarged {factor:.3g} times to the pixel size that the model asks for",
            file=plane.source or plane.name,
            cure="give its true pixel size in micrometres with --pixel-size",
        )
    rows, columns = (max(1, round(side * factor)) for side in data.shape[-2:])
    if min(rows, columns) < LEAST_SIDE:
        raise ImageError(
            f"is {data.shape[-2]} × {data.shape[-1]} pixels, too small once scaled by {factor:.3g} as the model asks",
            file=plane.source or plane.name,
            cure="give its true pixel size with --pixel-size, or use a larger image",
        )
    return Prepared(resize(data, (rows, columns)), factor, channels, flags)


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


def scale_factor(plane: Plane, data: NDArray[np.float32], config: InputConfig) -> tuple[float, tuple[str, ...]]:
    """By how much to resize the plane, and what was assumed."""
    if config.object_diameter is not None:
        diameter = estimate_diameter(data[0])
        if diameter is None:
            return 1.0, ()
        wanted = config.object_diameter / diameter
        least = max(LEAST_FACTOR, LEAST_SIDE / min(data.shape[-2:]))
        if wanted > MOST_ESTIMATED:
            return 1.0, ("extrapolated-scale",)
        return max(wanted, least), () if wanted >= least else ("extrapolated-scale",)
    factor = 1 / config.downscale
    if config.pixel_size is None:
        return factor, ()
    if plane.pixel_size is None:
        return factor, ("no-pixel-size",)
    return factor * plane.pixel_size / config.pixel_size, ()
