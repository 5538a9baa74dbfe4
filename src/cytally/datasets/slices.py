"""The slices of annotated volumes as examples for training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.datasets.example import Example
from cytally.datasets.folder import Sample
from cytally.datasets.labels import object_moments
from cytally.errors import DataError, ImageError
from cytally.images.prepare import LEAST_FACTOR, LEAST_SIDE, MOST_FACTOR, InputConfig
from cytally.images.resize import resize, resize_labels
from cytally.images.volume import Volume, open_volumes

Slices = Iterable[NDArray[Any]]


def load_slices(
    samples: Iterable[Sample],
    config: InputConfig,
    pictures: Callable[[Slices], Iterator[NDArray[np.float32]]],
    *,
    on_image: Callable[[], None] | None = None,
) -> list[Example]:
    """Read every annotated slice of every volume, as a network sees it.

    Parameters
    ----------
    samples
        Volumes with label volumes.
    config
        Which channel is seen, and at which scale.
    pictures
        What a network sees of the slices (Y, X) of a volume, in order: (C, Y, X) each.
    on_image
        Called after each volume, for a progress bar.

    Returns
    -------
    list of Example
        One per annotated slice, under the name of its volume.

    Raises
    ------
    DataError, ImageError
        When a volume or its labels have become unreadable.
    """
    examples = []
    for sample in samples:
        volume = the_volume(sample, config)
        labels, known = sample.label_volume()
        for z, picture in enumerate(pictures(scaled_slices(volume.slices(), slice_factor(volume, config)))):
            if z in known:
                examples.append(_example(sample.name, picture, labels[z]))
        if on_image is not None:
            on_image()
    return examples


def the_volume(sample: Sample, config: InputConfig) -> Volume:
    """The volume of an annotated file, which holds one; of its channels the one that `config` names, if it does.

    Raises
    ------
    DataError
        When the file holds several volumes.
    """
    volumes = open_volumes(sample.path, channel=wanted_channel(config))
    if len(volumes) != 1:
        raise DataError(
            f"holds {len(volumes)} volumes, and its labels cannot say which they mean",
            file=sample.path,
            cure="save each volume as a file of its own",
        )
    return volumes[0]


def wanted_channel(config: InputConfig) -> str | None:
    """The one channel that `config` names; None where it leaves the choice to the volume."""
    return config.channels[0] if isinstance(config.channels, tuple) else None


def slice_factor(volume: Volume, config: InputConfig) -> float:
    """By how much slices are resized: 1 where `config` asks for nothing, or the volume's pixel size is unknown.

    Raises
    ------
    ImageError
        When that is further than pictures are ever resized, or leaves nothing.
    """
    factor = 1 / config.downscale
    if config.pixel_size is not None and volume.pixel_size is not None:
        factor *= volume.pixel_size / config.pixel_size
    smallest = min(volume.shape[1:])
    if not LEAST_FACTOR <= factor <= MOST_FACTOR or factor * smallest < LEAST_SIDE:
        raise ImageError(
            f"would have slices scaled by {factor:.3g}, as the model asks by a pixel size of {config.pixel_size} µm",
            file=volume.source or volume.name,
            cure="give its true pixel size with --pixel-size",
        )
    return factor


def scaled_slices(slices: Slices, factor: float) -> Iterator[NDArray[Any]]:
    """Slices (Y, X) in order, each resized by `factor`."""
    for plane in slices:
        rows, columns = (max(1, round(side * factor)) for side in plane.shape)
        yield plane if factor == 1 else resize(plane[None].astype(np.float32), (rows, columns))[0]


def _example(name: str, picture: NDArray[np.float32], labels: NDArray[np.integer[Any]]) -> Example:
    rows, columns = picture.shape[-2:]
    labels = resize_labels(labels, (rows, columns))
    points = object_moments(labels)[0]
    return Example(name, picture, points, (-0.5, -0.5, rows - 0.5, columns - 0.5), labels=labels)
