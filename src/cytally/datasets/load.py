"""Reading the images of a data folder as examples for training."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from cytally.datasets.example import Example
from cytally.datasets.folder import Sample
from cytally.errors import DataError
from cytally.images.image import Plane
from cytally.images.prepare import InputConfig, prepare
from cytally.images.read import read
from cytally.images.resize import resize_labels, scale_points


def load_examples(
    samples: Iterable[Sample],
    config: InputConfig,
    *,
    outlines: bool = False,
    on_image: Callable[[], None] | None = None,
) -> list[Example]:
    """Read, normalise and resize every sample, annotated or not.

    Parameters
    ----------
    samples
        Images with what is known of them.
    config
        What the network sees of them.
    outlines
        Whether to read label images too, where there are any.
    on_image
        Called after each image, for a progress bar.

    Raises
    ------
    DataError
        When images differ in their number of channels.
    """
    examples: list[Example] = []
    for sample in samples:
        example = as_example(single_plane(sample), config, sample)
        if outlines:
            example = with_labels(example, sample)
        examples.append(example)
        if examples[0].image.shape[0] != example.image.shape[0]:
            raise DataError(
                f"has {example.image.shape[0]} channels, but {examples[0].name} has {examples[0].image.shape[0]}",
                file=sample.path,
                cure="train on images of one kind, or name the channels with --set input.channels=[0]",
            )
        if on_image is not None:
            on_image()
    return examples


def as_example(
    plane: Plane,
    config: InputConfig,
    sample: Sample | None = None,
    *,
    channel: str | None = None,
    in_channels: int | None = None,
) -> Example:
    """A plane as a network sees it, with what is known of its cells.

    Parameters
    ----------
    plane
        The picture.
    config, channel, in_channels
        As in `cytally.images.prepare.prepare`.
    sample
        What is known; None where nothing is.
    """
    image = prepare(plane, config, channel=channel, in_channels=in_channels).data
    rows, columns = image.shape[-2:]
    factors = (rows / plane.data.shape[-2], columns / plane.data.shape[-1])
    bounds = (-0.5, -0.5, rows - 0.5, columns - 0.5)
    if sample is None:
        return Example(plane.name, image, None, bounds)
    if sample.points is None:
        return Example(sample.name, image, None, bounds, total=sample.count)
    points = scale_points(np.asarray(sample.points, float).reshape(-1, 2), factors)
    shapes = None if sample.covariances is None else sample.covariances * np.outer(factors, factors)
    return Example(sample.name, image, points, bounds, shapes)


def with_labels(example: Example, sample: Sample) -> Example:
    """The example with its label image, in the example's size, where there is one."""
    labels = sample.label_image()
    return example if labels is None else replace(example, labels=resize_labels(labels, example.image.shape[-2:]))


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
