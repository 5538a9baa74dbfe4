"""What has to be known of a whole slide before a part of it may be counted: channels, size, brightness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.calibration.flags import exposure_flags
from cytally.errors import ImageError
from cytally.images.image import Plane
from cytally.images.large import Window, diameter_of_large, is_large, sample_of_large
from cytally.images.normalise import Statistics, apply, statistics
from cytally.images.prepare import InputConfig, choose_channels, inner_shape, scale_factor
from cytally.images.scale import estimate_diameter
from cytally.slides.overview import Overview
from cytally.slides.slide import Slide

SAMPLED = ("foreground", "percentile", "standard")
"""Kinds of normalisation that depend on what the slide shows, and not on its number type alone."""


@dataclass(frozen=True)
class Look:
    """What a network is shown of a slide.

    Parameters
    ----------
    channels
        Index of each channel.
    factor
        Pixels of the network per pixel of level 0.
    level
        The level that is read.
    inner
        (Y, X) of the whole picture in pixels of the network.
    statistics
        How its brightness is normalised.
    flags
        What was assumed, and how it is exposed.
    """

    channels: tuple[int, ...]
    factor: float
    level: int
    inner: tuple[int, int]
    statistics: Statistics
    flags: tuple[str, ...]

    @property
    def shows_nothing(self) -> bool:
        """Whether the slide is without any contrast, so that there is no cell, whatever a network makes of it."""
        return bool({"black", "white", "constant"} & set(self.flags))


def look_at(
    slide: Slide,
    overview: Overview,
    inside: NDArray[np.bool_] | None,
    config: InputConfig,
    *,
    channel: str | None = None,
    in_channels: int,
) -> Look:
    """Find out what a network should be shown of a slide.

    As `cytally.images.prepare.prepare` does for a picture in memory, and by the same windows where that is large: the
    brightness is that of windows of the level that will be read, spread over the tissue.

    Parameters
    ----------
    slide
        What is to be counted.
    overview
        The same in few pixels, in which channels are chosen.
    inside
        A coarse map (y, x) of where to look, as the tissue; None is everywhere.
    config
        What the network wants.
    channel
        Channels to take instead, by name or number, separated by commas.
    in_channels
        How many channels the network takes.

    Raises
    ------
    ImageError
        When a channel is not there, their number does not fit, the picture would be enlarged too much, or the
        normalisation needs every pixel.
    """
    plane = Plane(overview.pixels, slide.name, slide.channels, slide.pixel_size, slide.path)
    channels = choose_channels(plane, config, channel, in_channels)
    if len(channels) != in_channels:
        raise ImageError(
            f"has {len(channels)} channel{'s' * (len(channels) != 1)} to count in, the model needs {in_channels}",
            file=slide.path,
            cure="use a model trained on such images, or name the channels with --channel",
        )
    if config.normalisation == "equalised":
        raise ImageError(
            "is too large for histogram equalisation, which needs all of it at once",
            file=slide.path,
            cure="use a model with another normalisation, or cut the image into smaller ones",
        )
    shape = slide.levels[0].shape
    at_level_0 = _Reader(slide, 0, channels)

    def diameter() -> float | None:
        found = statistics(_sample(at_level_0, inside), config.normalisation)
        if not is_large(shape):
            return estimate_diameter(apply(at_level_0.whole(), found)[0])
        return diameter_of_large(lambda window: apply(at_level_0(window), found)[:1], shape, inside)

    factor, flags = scale_factor(slide.pixel_size, shape, diameter, config)
    level = slide.level_for(factor)
    read = _Reader(slide, level, channels)
    sample = _sample(read, inside) if config.normalisation in SAMPLED else overview.pixels[list(channels)]
    exposure = exposure_flags(overview.pixels[list(channels)])
    if {"black", "white", "constant"} & set(exposure):  # in few pixels; faint cells may have been averaged away
        exposure = exposure_flags(_sample(read, inside))
    return Look(
        channels,
        factor,
        level,
        inner_shape(shape, factor, slide.path),
        statistics(sample, config.normalisation),
        exposure + flags,
    )


class _Reader:
    """Some channels of one level, as a function of a window."""

    def __init__(self, slide: Slide, level: int, channels: tuple[int, ...]) -> None:
        self.slide, self.level, self.channels = slide, level, channels
        self.shape = slide.levels[level].shape

    def __call__(self, window: Window) -> NDArray[Any]:
        return self.slide.read(self.level, window, self.channels).pixels

    def whole(self) -> NDArray[Any]:
        return self((slice(0, self.shape[0]), slice(0, self.shape[1])))


def _sample(read: _Reader, inside: NDArray[np.bool_] | None) -> NDArray[Any]:
    """The whole level where it is no larger than pictures that are read whole, else windows of it."""
    return sample_of_large(read, read.shape, inside) if is_large(read.shape) else read.whole()
