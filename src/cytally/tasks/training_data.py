"""The data of a training: folders checked, images split and read, and facts about them for model.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cytally.datasets.fingerprint import fingerprint
from cytally.datasets.folder import DataFolder, Sample, read_folder
from cytally.datasets.labels import covers_everything
from cytally.datasets.splits import Split, read_split, split
from cytally.datasets.tables import read_skip
from cytally.errors import DataError, ImageError
from cytally.methods.method import Method
from cytally.methods.volume_method import VolumeMethod
from cytally.tasks.watch import Watch
from cytally.training.configuration import Configuration

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


def read_sources(
    data: DataSource, watch: Watch, method: type[Method], *, drawn: bool = False, taught: bool = False
) -> list[AnnotatedFolder]:
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
    taught
        Whether there is a teacher, so that all images can be learnt from where some are annotated.

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
                volumes=issubclass(method, VolumeMethod),
            )
        except ImageError as error:
            raise DataError(error.message, file=error.file, cure=error.cure) from error
        for warning in folder.warnings:
            watch.on_note(warning)
        folder = _without_skipped(folder, watch)
        folders.append(AnnotatedFolder(path, _learnable(folder, method, drawn, taught, watch), share))
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
    samples = samples_of(folders)
    if earlier is not None and earlier.is_file():
        return read_split(earlier, samples)
    annotated = [_counted(sample) for sample in folders[0].samples if _counted(sample).count is not None]
    unlabelled = tuple(sorted(sample.name for sample in samples_of(folders) if _counted(sample).count is None))
    if len(annotated) < 2 and configuration.drawn.ratio > 0:  # drawn images will validate
        return Split(train=tuple(sample.name for sample in annotated), validation=(), unlabelled=unlabelled)
    try:
        drawn = split(annotated, validation=configuration.training.validation, seed=configuration.seed)
    except DataError as error:
        raise DataError(error.message, file=folders[0].root, cure=error.cure) from error
    return Split(
        train=drawn.train + tuple(each.name for each in samples_of(folders[1:]) if _counted(each).count is not None),
        validation=drawn.validation,
        unlabelled=unlabelled,
    )


def _counted(sample: Sample) -> Sample:
    """The sample; a volume of which only some slices are outlined as if it had no cell, so that it can be dealt out."""
    return replace(sample, count=0.0) if sample.count is None and sample.label_slices else sample


def facts(folders: Sequence[AnnotatedFolder], chosen: Split, configuration: Configuration) -> dict[str, Any]:
    """How many images and cells were trained on, and the fingerprint of each image, for model.json."""
    names = {*chosen.train, *chosen.validation, *chosen.unlabelled}
    samples = [sample for sample in samples_of(folders) if sample.name in names]
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


def samples_of(folders: Sequence[AnnotatedFolder]) -> list[Sample]:
    """The images of all folders."""
    return [sample for folder in folders for sample in folder.samples]


def _cells(samples: Sequence[Sample]) -> int:
    return round(sum(sample.count or 0 for sample in samples))


def _learnable(folder: DataFolder, method: type[Method], drawn: bool, taught: bool, watch: Watch) -> tuple[Sample, ...]:
    """The images that can be learnt from; a folder without any, or without a single cell, is refused."""
    counts = method.learns_from_counts
    if method.needs_labels:
        return _outlined(folder, watch)
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
    return folder.samples if method.learns_from_unlabelled or taught else used


def _without_skipped(folder: DataFolder, watch: Watch) -> DataFolder:
    """The folder without the images that its skip.csv lists."""
    table = folder.root / "skip.csv"
    if not table.is_file():
        return folder
    listed = read_skip(table)
    skipped = [sample.name for sample in folder.samples if sample.name in listed]
    if not skipped:
        return folder
    kept = tuple(sample for sample in folder.samples if sample.name not in listed)
    if not kept:
        raise DataError("lists every image of the folder", file=table, cure="remove rows from it, or the file")
    watch.on_note(
        f"Not used, as skip.csv asks: {len(skipped)} of {len(folder.samples)} images, the first {skipped[0]}."
    )
    return replace(folder, samples=kept)


def _outlined(folder: DataFolder, watch: Watch) -> tuple[Sample, ...]:
    """The images that have a label image to learn from."""
    outlined = []
    for sample in folder.samples:
        if sample.labels is None and not sample.label_slices:
            continue
        if sample.covariances is not None and covers_everything(sample.label_image()):
            watch.on_note(
                f"{sample.labels}: one object covers the whole image, so it is not used; label the image again."
            )
            continue
        outlined.append(sample)
    if not outlined:
        raise DataError(
            "no image has a label image that can be learnt from",
            file=folder.root,
            cure="add labels/, as 'cytally label' makes from a stain; those named above, if any, anew",
        )
    if _cells(outlined) == 0 and not any(sample.label_slices for sample in outlined):
        raise DataError("no label image shows an object", file=folder.root, cure="add label images with objects")
    others = sum(sample.count is not None and sample.labels is None for sample in folder.samples)
    if others > 0:
        watch.on_note(
            f"Not used, since this method needs objects outlined in a label image: {others} annotated images."
        )
    return tuple(outlined)
