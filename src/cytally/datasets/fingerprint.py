"""Telling data apart by content: what a model was trained on, and whether an image was among it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np

from cytally.datasets.folder import Sample
from cytally.errors import DataError

DIGITS = 16


class Fingerprint(TypedDict):
    """What `fingerprint` returns, as model.json holds it."""

    images: dict[str, str]
    """The first 16 hexadecimal digits of each image file's SHA-256 (of an OME-Zarr folder, of all files in it), by the
    image's name."""
    combined: str
    """The same of all images together with their annotation."""


def fingerprint(samples: Iterable[Sample]) -> Fingerprint:
    """Take the fingerprint of annotated images.

    It depends on the content of image files, on their names and on their annotation, and not on the order of samples,
    on the order of their points, or on the folder they lie in.

    Parameters
    ----------
    samples
        Images, annotated or not.

    Raises
    ------
    DataError
        When a file cannot be read.
    """
    images: dict[str, str] = {}
    combined = hashlib.sha256()
    for sample in sorted(samples, key=lambda sample: sample.name):
        content = _digest(sample.path)
        images[sample.name] = content[:DIGITS]
        for part in (sample.name, content, *_annotation(sample)):
            combined.update(part.encode() + b"\0")
    return {"images": images, "combined": combined.hexdigest()[:DIGITS]}


def seen(samples: Iterable[Sample], trained_on: Iterable[str]) -> list[str]:
    """Names of the samples whose image file was trained on, under whatever name.

    Parameters
    ----------
    samples
        Images to evaluate on.
    trained_on
        The fingerprints of the images that were trained on.
    """
    known = set(trained_on)
    return [sample.name for sample in samples if content_digest(sample.path) in known]


def content_digest(path: Path) -> str:
    """What stands for a file in a fingerprint.

    Raises
    ------
    DataError
        When it cannot be read.
    """
    return _digest(path)[:DIGITS]


def _annotation(sample: Sample) -> Sequence[str]:
    points = np.empty((0, 2)) if sample.points is None else np.asarray(sample.points, dtype=np.float64)
    ordered = points[np.lexsort(points.T[::-1])]
    return (
        repr(sample.count),
        "no points" if sample.points is None else str(ordered.tolist()),
        "no labels" if sample.labels is None else _digest(sample.labels),
        *(f"slice {z} {_digest(path)}" for z, path in sorted((sample.label_slices or {}).items())),
    )


def _digest(path: Path) -> str:
    try:
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.is_file())
            inside = "\n".join(f"{file.relative_to(path).as_posix()} {_digest(file)}" for file in files)
            return hashlib.sha256(inside.encode()).hexdigest()
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", file=path, cure="check that it is there") from error
