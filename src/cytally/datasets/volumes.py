"""A volume and its labels, which must have the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cytally.datasets.labels import read_label_slice, read_label_volume
from cytally.datasets.sample import Sample
from cytally.errors import DataError
from cytally.images.volume import open_volumes


def volume_sample(
    name: str,
    path: Path,
    *,
    labels: Path | None = None,
    label_slices: Mapping[int, Path] | None = None,
    markers: Path | None = None,
    axes: str | None = None,
) -> Sample:
    """Open an annotated volume and see whether its labels fit. Its pixels are not read, but for choosing a channel.

    Parameters
    ----------
    name
        What to call it.
    path
        Where it lies.
    labels, label_slices, markers
        What `Sample` has of the same names; `label_slices` are used where there are no `labels`.
    axes
        One letter per axis, where the file does not tell.

    Returns
    -------
    Sample
        Its `count` is the number of objects in `labels`, None without them.

    Raises
    ------
    ImageError
        When it cannot be read, or is no volume.
    DataError
        When the file holds several volumes, or labels cannot be read or are of another shape.
    """
    volumes = open_volumes(path, axes=axes)
    if len(volumes) != 1:
        raise DataError(
            f"holds {len(volumes)} volumes, and its annotation cannot say which it means",
            file=path,
            cure="save each time point as a file of its own",
        )
    shape = volumes[0].shape
    if labels is not None:
        volume = read_label_volume(labels)
        if volume.shape != shape:
            raise DataError(
                f"has the shape {volume.shape}, but its volume {name} has {shape} (slices, rows, columns)",
                file=labels,
                cure="export the label volume in the volume's own size",
            )
        count = float(np.count_nonzero(np.unique(volume)))
        return Sample(name, path, labels=labels, count=count, shape=shape, markers=markers)
    for z, file in (label_slices or {}).items():
        if z >= shape[0]:
            raise DataError(
                f"is of slice {z}, but its volume {name} has {shape[0]} (from 0)", file=file, cure="remove or rename it"
            )
        section = read_label_slice(file)
        if section.shape != shape[1:]:
            raise DataError(
                f"has the shape {section.shape}, but slices of its volume {name} have {shape[1:]} (rows, columns)",
                file=file,
                cure="export the label image in the slice's own size",
            )
    return Sample(name, path, label_slices=label_slices or None, shape=shape, markers=markers)
