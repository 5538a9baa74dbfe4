"""The examples of a training: images read and brought to the size that the method sees, drawn ones beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cytally.datasets.example import Example
from cytally.datasets.folder import Sample
from cytally.datasets.load import load_examples
from cytally.datasets.slices import load_slices
from cytally.datasets.splits import Split
from cytally.errors import DataError, ImageError, UsageError
from cytally.methods.method import Method
from cytally.methods.picture_method import PictureMethod
from cytally.methods.registry import find_method
from cytally.methods.volume_method import VolumeMethod
from cytally.models.model import Model
from cytally.tasks.drawn import HELD_BACK, drawn_examples, unlike_natural
from cytally.tasks.start import check_channels
from cytally.tasks.training_data import AnnotatedFolder, samples_of
from cytally.tasks.watch import Watch
from cytally.training.configuration import Configuration
from cytally.training.data import TrainingData
from cytally.training.picture_batches import fit_picture

MOST_COUNTED = 4_000_000
"""Pixels of the network's input that a step on a whole image may have: about 12 GB of memory."""


def load_data(
    folders: Sequence[AnnotatedFolder],
    chosen: Split,
    configuration: Configuration,
    watch: Watch,
    start: Model | None = None,
) -> tuple[Configuration, TrainingData]:
    """Read all images that `chosen` names, and the unlabelled ones; draw what shall be drawn beside them.

    With several folders each image is weighed so that its folder gets its share.

    Parameters
    ----------
    folders, chosen
        Which images there are, and which of them train and validate.
    configuration
        Of the training.
    watch
        Functions to call on the way.
    start
        The model to begin with.

    Returns
    -------
    Configuration
        With the size of pictures that the method sees worked out, where it is left to the images.
    TrainingData
        The examples.

    Raises
    ------
    DataError
        When an image cannot be read or prepared, or has another number of channels than the first.
    ModelError
        When `start` takes another number of channels.
    """
    training, validation, weights = _read(folders, chosen, configuration, watch)
    in_channels = _same_channels(training + validation, find_method(configuration.method))
    if start is not None:
        check_channels(start, in_channels)
    method = configuration.build(in_channels)
    if isinstance(method, PictureMethod):
        if len(folders) > 1:
            raise UsageError(f"the method '{method.name}' takes one data folder", cure="put all images into one")
        method = method.sized([example.image.shape for example in training])
        configuration = configuration.model_copy(update={"options": method.config})
        for example in validation:
            _in_shape(example, method)
        training = [_fitted(example, method) for example in training]
    else:
        _refuse_huge(training)
    if configuration.drawn.ratio == 0:
        return configuration, TrainingData(training, validation, weights if len(folders) > 1 else None)
    natural = [sample for sample in samples_of(folders) if sample.name in chosen.train]
    drawn = drawn_examples(
        configuration,
        in_channels,
        configuration.drawn.images,
        configuration.seed,
        natural=natural,
        on_image=lambda done, total: watch.on_images("Drawing images", done, total),
    )
    if not natural and "natural" in (configuration.drawn.counts, configuration.drawn.background):
        watch.on_note(
            "Drawn images are as their preset says, not like natural ones, since none that trains is labelled."
        )
    unlike = unlike_natural(training, drawn)
    if unlike is not None:
        watch.on_note(unlike)
    if not validation:
        held = max(1, round(HELD_BACK * len(drawn)))
        drawn, validation = drawn[:-held] or drawn, drawn[-held:]
        watch.on_note(
            "Fewer than two natural images are labelled: counts are learnt from drawn images"
            f"{' and one natural image' * bool(chosen.train)}, and the validation error is that of drawn ones. "
            "How well natural images are counted is not known; label some to find out."
        )
    return configuration, _together(training, drawn, validation, weights, method, configuration.drawn.ratio)


def _read(
    folders: Sequence[AnnotatedFolder], chosen: Split, configuration: Configuration, watch: Watch
) -> tuple[list[Example], list[Example], list[float]]:
    """Training and validation examples, and how often each training example is drawn."""
    names = {*chosen.train, *chosen.validation, *chosen.unlabelled}
    done, total = 0, len(names)
    watch.on_images("Reading images", done, total)

    def tick() -> None:
        nonlocal done
        done += 1
        watch.on_images("Reading images", done, total)

    training, validation, weights = [], [], []
    for folder in folders:
        wanted = [sample for sample in folder.samples if sample.name in names]
        try:
            examples = _load(wanted, configuration, tick)
        except ImageError as error:
            raise DataError(error.message, file=error.file, cure=error.cure) from error
        here = [example for example in examples if example.name not in chosen.validation]
        training += here
        weights += [folder.share / max(1, len(here))] * len(here)
        validation += [example for example in examples if example.name in chosen.validation]
    return training, validation, weights


def _load(samples: Sequence[Sample], configuration: Configuration, tick: Callable[[], None]) -> list[Example]:
    """Images as examples, or the slices of volumes, as the method sees them."""
    kind = find_method(configuration.method)
    if issubclass(kind, VolumeMethod):
        method = configuration.build(1)
        assert isinstance(method, VolumeMethod)
        return load_slices(samples, configuration.input, method.pictures, on_image=tick)
    return load_examples(samples, configuration.input, outlines=kind.needs_labels, on_image=tick)


def _together(
    training: list[Example],
    drawn: list[Example],
    validation: list[Example],
    weights: list[float],
    method: Method,
    ratio: float,
) -> TrainingData:
    """Natural and drawn examples: kept apart by methods that see pictures, else weighed by their `ratio`."""
    if isinstance(method, PictureMethod):
        return TrainingData(training + [_fitted(each, method) for each in drawn], validation, None, ratio)
    share = sum(weights) * ratio / len(drawn)
    return TrainingData(training + drawn, validation, weights + [share] * len(drawn))


def _fitted(example: Example, method: PictureMethod) -> Example:
    """The example in the size that pictures are taken from, if it can be learnt from so."""
    fitted = _in_shape(example, method)
    rows, columns = fitted.image.shape[-2:]
    if example.points is None and example.total is not None and (rows, columns) != (method.side, method.side):
        raise DataError(
            f"is larger than the {method.side} × {method.side} pixels that the method sees, and only its number of "
            "cells is known, not that of each piece",
            file=example.name,
            cure="make images smaller with --set options.larger=resize, or mark points",
        )
    return fitted


def _in_shape(example: Example, method: PictureMethod) -> Example:
    """The example in the size that pictures are taken from."""
    try:
        return fit_picture(example, method)
    except ImageError as error:
        raise DataError(error.message, file=example.name, cure=error.cure) from error


def _refuse_huge(training: Sequence[Example]) -> None:
    """Refuse images that cannot be learnt from whole."""
    for example in training:
        if example.points is None and example.image[0].size > MOST_COUNTED:
            rows, columns = example.image.shape[-2:]
            raise DataError(
                f"is {rows} × {columns} pixels, too many to learn from a count alone, which takes the image whole",
                file=example.name,
                cure="make the images smaller with --set input.downscale=4, mark points, or cut and count pieces",
            )


def _same_channels(examples: Sequence[Example], method: type[Method]) -> int:
    """The number of channels of the images that all examples show."""
    first, *others = examples
    for example in others:  # within a folder, reading has checked it
        if example.image.shape[0] != first.image.shape[0]:
            raise DataError(
                f"has {example.image.shape[0]} channels, but {first.name} has {first.image.shape[0]}",
                file=example.name,
                cure="train on images of one kind, or name the channels with --set input.channels=[0]",
            )
    return method.channels_of(first)
