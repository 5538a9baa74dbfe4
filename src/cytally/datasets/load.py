"""Reading the images of a data folder as examples for training."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from cytally.datasets.example import Example
from cytally.datasets.folder import Sample
from cytally.errors import DataError
from cytally.images.image import Plane
from cytally.images.prepare import InputConfig, prepare
from cytally.images.read import read
from cytally.images.resize import scale_points


def load_examples(
    samples: Iterable[Sample], config: InputConfig, *, on_image: Callable[[], None] | None = None
) -> list[Example]:
    """Read, normalise and resize every sample, annotated or not.

    Parameters
    ----------
    samples
        Images with what is known of them.
    config
        What the network sees of them.
    on_image
        Called after each image, for a progress bar.

    Raises
    ------
    DataError
        When images differ in their number of channels.
    """
    examples: list[Example] = []
    for sample in samples:
        plane = single_plane(sample)
        prepared = prepare(plane, config)
        rows, columns = prepared.data.shape[-2:]
        factors = (rows / plane.data.shape[-2], columns / plane.data.shape[-1])
        bounds = (-0.5, -0.5, rows - 0.5, columns - 0.5)
        if sample.points is None:
            example = Example(sample.name, prepared.data, None, bounds, total=sample.count)
        else:
            points = scale_points(np.asarray(sample.points, float).reshape(-1, 2), factors)
            shapes = None if sample.covariances is None else sample.covariances * np.outer(factors, factors)
            example = Example(sample.name, prepared.data, points, bounds, shapes)
        examples.append(example)
        if examples[0].image.shape[0] != prepared.data.shape[0]:
            raise DataError(
                f"has {prepared.data.shape[0]} channels, but {examples[0].name} has {examples[0].image.shape[0]}",
                file=sample.path,
                cure="train on images of one kind, or name the channels with --set input.channels=[0]",
            )
        if on_image is not None:
            on_image()
    return examples


def single_plane(sample: Sample) -> Plane:
    """The one plane of an annotated image."""
    planes = [plane for image in read(sample.path) for plane in image.planes()]
    if len(planes) != 1:
        raise DataError(
            f"holds {len(planes)} planes, and its annotation cannot say which it means",
            file=sample.path,
            cure="save each plane as an image of its own",
        )
    return planes[0]
