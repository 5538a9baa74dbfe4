"""The data of a training: folders checked, images split and read, and facts about them for model.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cytally.datasets.example import Example
from cytally.datasets.fingerprint import fingerprint
from cytally.datasets.folder import DataFolder, Sample, read_folder
from cytally.datasets.load import load_examples
from cytally.datasets.splits import Split, read_split, split
from cytally.errors import DataError, ImageError, UsageError
from cytally.methods.method import Method
from cytally.methods.picture_method import PictureMethod
from cytally.tasks.drawn import HELD_BACK, drawn_examples, unlike_natural
from cytally.tasks.watch import Watch
from cytally.training.configuration import Configuration
from cytally.training.data import TrainingData
from cytally.training.picture_batches import fit_picture

MOST_COUNTED = 4_000_000
"""Pixels of the network's input that a step on a whole image may have: about 12 GB of memory."""

DataSource = str | Path | Sequence[tuple[str | Path, float]]
"""A data folder, or several, each with the share of the training crops that it provides; the first also validates."""


@dataclass(frozen=True)
class AnnotatedFolder:
    """The images of a data folder that can be learnt from, and the `share` of the training crops they provide."""

    root: Path
    samples: tuple[Sample, ...]
    share: float


def source_paths(data: DataSource) -> list[tuple[Path, float]]:
    """The data folders, each with its share."""
    if isinstance(data, str | Path):
        return [(Path(data), 1.0)]
    return [(Path(path), share) for path, share in data]


def read_sources(data: DataSource, watch: Watch, method: type[Method], *, drawn: bool = False) -> list[AnnotatedFolder]:
    """Read which images there are and how they are annotated.

    Parameters
    ----------
    data
        The data folders.
    watch
        Functions to call on the way.
    method
        Tells whether images can be learnt from of which only the number of cells is known, or nothing.
    drawn
        Whether there will be drawn images as well, so that no image has to be annotated.

    Raises
    ------
    DataError
        When a folder is broken, nothing can be learnt from it, or there is no cell at all, when an annotated image
        cannot be read, or when two folders have an image of the same name.
    """
    folders = []
    for path, share in source_paths(data):
        try:
            folder = read_folder(
                path,
                require_annotation=not (drawn and method.learns_from_unlabelled),
                on_image=lambda done, total: watch.on_images("Checking images", done, total),
            )
        except ImageError as error:
            raise DataError(error.message, file=error.file, cure=error.cure) from error
        for warning in folder.warnings:
            watch.on_note(warning)
        folders.append(AnnotatedFolder(path, _learnable(folder, method, drawn, watch), share))
    names = [sample.name for folder in folders for sample in folder.samples]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"two data folders have an image '{twice}'", file=folders[-1].root, cure="rename one of them")
    return folders


def choose_split(folders: Sequence[AnnotatedFolder], configuration: Configuration, earlier: Path | None) -> Split:
    """The split that `earlier` holds, else one drawn by the configuration's seed.

    With several folders the first is what the model is for: validation images come from it alone, and the others
    (drawn images, say) only train.

    Raises
    ------
    DataError
        When fewer than two images are annotated, or images of the earlier split are gone.
    """
    samples = _samples(folders)
    if earlier is not None and earlier.is_file():
        return read_split(earlier, samples)
    annotated = [sample for sample in folders[0].samples if sample.count is not None]
    unlabelled = tuple(sorted(sample.name for sample in _samples(folders) if sample.count is None))
    if len(annotated) < 2 and configuration.drawn.ratio > 0:  # drawn images will validate
        return Split(train=tuple(sample.name for sample in annotated), validation=(), unlabelled=unlabelled)
    try:
        drawn = split(annotated, validation=configuration.training.validation, seed=configuration.seed)
    except DataError as error:
        raise DataError(error.message, file=folders[0].root, cure=error.cure) from error
    return Split(
        train=drawn.train + tuple(sample.name for sample in _samples(folders[1:]) if sample.count is not None),
        validation=drawn.validation,
        unlabelled=unlabelled,
    )


def load_data(
    folders: Sequence[AnnotatedFolder], chosen: Split, configuration: Configuration, watch: Watch
) -> TrainingData:
    """Read all images that `chosen` names, and the unlabelled ones; draw what shall be drawn beside them.

    With several folders each image is weighed so that its folder gets its share.

    Raises
    ------
    DataError
        When an image cannot be read or prepared, or has another number of channels than the first.
    """
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
            examples = load_examples(wanted, configuration.input, on_image=tick)
        except ImageError as error:
            raise DataError(error.message, file=error.file, cure=error.cure) from error
        here = [example for example in examples if example.name not in chosen.validation]
        training += here
        weights += [folder.share / max(1, len(here))] * len(here)
        validation += [example for example in examples if example.name in chosen.validation]
    in_channels = _same_channels(training + validation)
    method = configuration.build(in_channels)
    if isinstance(method, PictureMethod):
        if len(folders) > 1:
            raise UsageError(f"the method '{method.name}' takes one data folder", cure="put all images into one")
        for example in validation:
            _in_shape(example, method)
        training = [_fitted(example, method) for example in training]
    else:
        _refuse_huge(training)
    if configuration.drawn.ratio == 0:
        return TrainingData(training, validation, weights if len(folders) > 1 else None)
    natural = [sample for sample in _samples(folders) if sample.name in chosen.train]
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
    if isinstance(method, PictureMethod):
        return TrainingData(
            training + [_fitted(each, method) for each in drawn], validation, None, configuration.drawn.ratio
        )
    share = sum(weights) * configuration.drawn.ratio / len(drawn)
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


def _same_channels(examples: Sequence[Example]) -> int:
    """The number of channels that all examples have."""
    first, *others = examples
    for example in others:  # within a folder, reading has checked it
        if example.image.shape[0] != first.image.shape[0]:
            raise DataError(
                f"has {example.image.shape[0]} channels, but {first.name} has {first.image.shape[0]}",
                file=example.name,
                cure="train on images of one kind, or name the channels with --set input.channels=[0]",
            )
    return int(first.image.shape[0])


def facts(folders: Sequence[AnnotatedFolder], chosen: Split, configuration: Configuration) -> dict[str, Any]:
    """How many images and cells were trained on, and the fingerprint of each image, for model.json."""
    names = {*chosen.train, *chosen.validation, *chosen.unlabelled}
    samples = [sample for sample in _samples(folders) if sample.name in names]
    drawn = configuration.drawn
    return {
        "images": len(samples),
        "cells": _cells(samples),
        "train": len(chosen.train),
        "validation": len(chosen.validation),
        "unlabelled": len(chosen.unlabelled),
        "drawn": drawn.images if drawn.ratio > 0 else 0,
        "fingerprint": fingerprint(samples),
    }


def _samples(folders: Sequence[AnnotatedFolder]) -> list[Sample]:
    return [sample for folder in folders for sample in folder.samples]


def _cells(samples: Sequence[Sample]) -> int:
    return round(sum(sample.count or 0 for sample in samples))


def _learnable(folder: DataFolder, method: type[Method], drawn: bool, watch: Watch) -> tuple[Sample, ...]:
    """The images that can be learnt from; a folder without any, or without a single cell, is refused."""
    counts = method.learns_from_counts
    marked = tuple(sample for sample in folder.samples if sample.points is not None)
    counted = tuple(sample for sample in folder.annotated if sample.points is None)
    if method.learns_from_unlabelled and drawn:
        return folder.samples
    if not marked and not (counts and counted):
        raise DataError(
            "no image has its cells marked",
            file=folder.root,
            cure="add points.csv (image,y,x) or labels/, as the docs on data folders show",
        )
    if counted and not counts:
        watch.on_note(
            f"Not used, since this method needs the cells marked: {len(counted)} of which only counts are known."
        )
    used = tuple(sample for sample in folder.annotated if counts or sample.points is not None)
    if _cells(used) == 0:
        raise DataError("no image has a cell", file=folder.root, cure="add annotated images with cells")
    return folder.samples if method.learns_from_unlabelled else used
