"""A data folder: images, and what is known of the cells in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cytally.datasets.challenge import is_challenge, read_challenge
from cytally.datasets.labels import object_moments, read_labels
from cytally.datasets.sample import DataFolder, Points, Sample, Shape
from cytally.datasets.tables import read_counts, read_images, read_points
from cytally.datasets.volumes import volume_sample
from cytally.errors import CytallyError, DataError, ImageError
from cytally.images.read import read
from cytally.images.sources import find_images, stem

__all__ = ["DataFolder", "Points", "Sample", "Shape", "read_folder"]


def read_folder(
    root: Path,
    *,
    volumes: bool = False,
    axes: str | None = None,
    require_annotation: bool = True,
    on_image: Callable[[int, int], None] | None = None,
    on_broken: Callable[[Path, CytallyError], None] | None = None,
) -> DataFolder:
    """Read which images, or volumes, a data folder holds and how they are annotated.

    Labels are richer than points, and points richer than counts: of several annotations of one image the richest is
    used. Unlabelled images are listed, but not opened.

    Parameters
    ----------
    root
        A folder with `images/` and one or more of `labels/`, `points.csv` (with or without `images.csv`) and
        `counts.csv`. With `volumes`, a data set of the Cell Tracking Challenge as well, which has sequences `01`, `02`,
        ... and what is known of them in `01_GT`, `02_GT`, ... in place of `images/`.
    volumes
        Whether the images are volumes (Z, Y, X) with label volumes of the same shape. Points say nothing of them.
    axes
        One letter per axis of every image, where the files do not tell.
    require_annotation
        Whether a folder without any annotated image is an error.
    on_image
        Called with how many images have been looked at, and how many there are.
    on_broken
        Called with an annotated image that cannot be used and the reason; such images are then left out. None raises
        the reason.

    Raises
    ------
    DataError
        When something is missing, cannot be read, or does not fit its image; it names the file and the cure.
    UsageError
        When `images/` holds no image.
    ImageError
        When an annotated image cannot be read.
    """
    root = Path(root)
    if volumes and is_challenge(root):
        folder = read_challenge(root, axes=axes, on_image=on_image, on_broken=on_broken)
    else:
        folder = _read_images(root, volumes, axes, on_image, on_broken)
    if require_annotation and not any(sample.count is not None or sample.label_slices for sample in folder.samples):
        raise DataError(
            "; ".join(["holds no annotated image", *folder.warnings]),
            file=root,
            cure="add points.csv (image,y,x), counts.csv (image,count) or label images (labels/STEM.tif)"
            if not volumes
            else "add label volumes (labels/STEM.tif, or 01_GT/SEG/man_seg000.tif in a challenge's data set)",
        )
    return folder


def _read_images(
    root: Path,
    volumes: bool,
    axes: str | None,
    on_image: Callable[[int, int], None] | None,
    on_broken: Callable[[Path, CytallyError], None] | None,
) -> DataFolder:
    images = _find(root)
    labels, label_warnings = _find_labels(root, images)
    points, point_warnings = _no_points(root) if volumes else _spoken_points(root, images)
    counts = read_counts(root / "counts.csv", images) if (root / "counts.csv").is_file() else {}

    samples: list[Sample] = []
    disagreeing: list[str] = []
    outside: list[tuple[str, Points, Shape]] = []
    for done, (name, path) in enumerate(images.items()):
        if on_image is not None:
            on_image(done, len(images))
        known: dict[str, int] = {}  # from the poorest kind of annotation to the richest
        cells, covariances = points.get(name), None
        try:
            if volumes:
                samples.append(_volume(name, path, labels.get(name), counts.get(name), axes, disagreeing))
                continue
            shape = _plane_shape(path, axes) if name in counts or name in labels or cells is not None else (0, 0)
        except (ImageError, DataError) as error:
            if on_broken is None:
                raise
            on_broken(path, error)
            continue
        if name in counts:
            known["counts"] = counts[name]
        if cells is not None:
            known["points"] = len(cells)
            beyond = ((cells < -0.5) | (cells > np.array(shape) - 0.5)).any(axis=1)
            if beyond.any():
                outside.append((name, cells[beyond], shape))
        if name in labels:
            cells, covariances = _objects(labels[name], name, shape)
            known["labels"] = len(cells)
        if len(set(known.values())) > 1:
            disagreeing.append(f"{name} ({', '.join(f'{kind} {count}' for kind, count in known.items())})")
        count = float([*known.values()][-1]) if known else None
        samples.append(Sample(name, path, cells, labels.get(name), count, covariances))

    _refuse_outside(root / "points.csv", outside)
    warnings = label_warnings + point_warnings
    if disagreeing:
        warnings.append(
            f"annotations disagree on how many cells {len(disagreeing)} of {len(images)} images hold, first on "
            f"{disagreeing[0]}; labels are used before points, and points before counts. Where only some images have "
            "their points marked, list those in images.csv: an image without a row in points.csv counts as empty"
        )
    return DataFolder(root, tuple(samples), tuple(warnings))


def _volume(
    name: str, path: Path, labels: Path | None, counted: int | None, axes: str | None, disagreeing: list[str]
) -> Sample:
    """One volume with its annotation; where its count and its labels disagree, it is added to `disagreeing`."""
    if labels is None and counted is None:
        return Sample(name, path)
    sample = volume_sample(name, path, labels=labels, axes=axes)
    if sample.count is None:
        return replace(sample, count=counted)
    if counted is not None and counted != sample.count:
        disagreeing.append(f"{name} (counts {counted}, labels {sample.count:.0f})")
    return sample


def _no_points(root: Path) -> tuple[dict[str, Points], list[str]]:
    tables = [name for name in ("points.csv", "images.csv") if (root / name).is_file()]
    return {}, [f"{name}: not used, since it does not tell the slice" for name in tables]


def _find(root: Path) -> dict[str, Path]:
    """The images by name, sorted."""
    if not root.is_dir():
        raise DataError("is not a folder", file=root, cure="name a data folder, which holds a folder 'images'")
    if not (root / "images").is_dir() and is_challenge(root):
        raise DataError(
            "is a data set of the Cell Tracking Challenge, whose frames only a method for volumes reads",
            file=root,
            cure="choose such a method (efficient-cell-seg), or put images into a folder 'images'",
        )
    if not (root / "images").is_dir():
        raise DataError("has no folder 'images'", file=root, cure=f"put the images into {root / 'images'}")
    paths = find_images([root / "images"])
    return {path.name: path for path in sorted(paths, key=lambda path: path.name)}


def _find_labels(root: Path, images: Mapping[str, Path]) -> tuple[dict[str, Path], list[str]]:
    """Where the label image of each image lies that has one, and warnings of files that belong to none."""
    if not (root / "labels").is_dir():
        return {}, []
    files = {path.name: path for path in sorted((root / "labels").iterdir()) if not path.name.startswith(".")}
    owners: dict[str, str] = {}
    for name, path in images.items():
        label = f"{stem(path)}.tif"
        if label in files and label in owners:
            raise DataError(
                f"could belong to {owners[label]} or to {name}", file=files[label], cure="rename one of the two images"
            )
        owners[label] = name
    labels = {owner: files[label] for label, owner in owners.items() if label in files}
    stray = [name for name in files if name not in owners]
    if not stray:
        return labels, []
    return labels, [
        f"labels: {len(stray)} of {len(files)} files belong to no image, first {stray[0]}; a label image has its "
        "image's name with the ending .tif"
    ]


def _spoken_points(root: Path, images: Mapping[str, Path]) -> tuple[dict[str, Points], list[str]]:
    """Points of every image that points.csv speaks for, (0, 2) where it has no row, and warnings."""
    table, listing = root / "points.csv", root / "images.csv"
    if not table.is_file():
        return {}, ["images.csv: not used, since there is no points.csv"] if listing.is_file() else []
    points, warnings = read_points(table, images)
    spoken = read_images(listing, images) if listing.is_file() else images.keys()
    unspoken = sorted(points.keys() - spoken)
    if unspoken:
        warnings.append(
            f"images.csv: does not list {len(unspoken)} images that points.csv has rows for, first {unspoken[0]}; "
            "these rows are not used"
        )
    return {name: points.get(name, np.empty((0, 2))) for name in images if name in spoken}, warnings


def _plane_shape(path: Path, axes: str | None) -> Shape:
    """Rows and columns of an image that has one plane."""
    scenes = read(path, axes=axes)
    planes = sum(scene.data.shape[0] * scene.data.shape[2] for scene in scenes)
    if planes != 1:
        raise DataError(
            f"holds {planes} planes, and its annotation cannot say which it means",
            file=path,
            cure="save each plane, or one projection, as an image of its own",
        )
    rows, columns = scenes[0].data.shape[-2:]
    return int(rows), int(columns)


def _objects(path: Path, name: str, shape: Shape) -> tuple[Points, NDArray[np.float64]]:
    """The objects' centroids and covariances in a label image, which must be as large as its image."""
    labels = read_labels(path)
    if labels.shape != shape:
        raise DataError(
            f"has the shape {labels.shape}, but its image {name} has {shape} (rows, columns)",
            file=path,
            cure="export the label image in the image's own size",
        )
    return object_moments(labels)


def _refuse_outside(path: Path, outside: list[tuple[str, Points, Shape]]) -> None:
    if outside:
        number = sum(len(cells) for _, cells, _ in outside)
        name, ((y, x), *_), (rows, columns) = outside[0]
        raise DataError(
            f"{number} {'point lies' if number == 1 else 'points lie'} outside the image, first in {name} at y {y:g}, "
            f"x {x:g}, where the image has {rows} rows and {columns} columns",
            file=path,
            cure="give y (row) and x (column) in pixels, 0 being the first pixel's centre",
        )
