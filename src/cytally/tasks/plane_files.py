"""The files of one counted plane: points, density map, objects, and the overlay that shows them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cytally.files import whole_file, write_text
from cytally.images.write import write_density, write_labels
from cytally.report.overlays import overlay, write_png
from cytally.tasks.area import CountedPlane
from cytally.tasks.objects import object_table

ENDINGS = {
    "points": ("csv",),
    "density": ("tif", "zarr"),
    "labels": ("tif",),
    "objects": ("csv",),
    "overlays": ("png",),
    "heatmaps": ("png",),
    "regions": ("csv",),
}
"""The folders in OUT, and how the names of their files end."""


def write_plane(folder: Path, stem: str, counted: CountedPlane) -> NDArray[np.uint8]:
    """Write all that is known of a plane into the folders of `folder`, each file whole.

    Parameters
    ----------
    folder
        The output folder.
    stem
        Name of the files, without ending.
    counted
        The plane and what was counted in it.

    Returns
    -------
    numpy.ndarray
        The overlay (Y, X, 3).
    """
    plane, prediction = counted.plane, counted.prediction
    if prediction.points is not None:
        _write_points(folder / "points" / f"{stem}.csv", prediction.points)
    if prediction.density is not None:
        write_density(folder / "density" / f"{stem}.tif", prediction.density, plane.pixel_size)
    if prediction.labels is not None:
        write_labels(folder / "labels" / f"{stem}.tif", prediction.labels, plane.pixel_size)
        _write_objects(folder / "objects" / f"{stem}.csv", object_table(prediction.labels, plane))
    channels = counted.reading.channels
    picture = overlay(plane.data, channels[0] if len(channels) == 1 else None, prediction)
    write_png(folder / "overlays" / f"{stem}.png", picture)
    return picture


def find_file(folder: Path, kind: str, stem: str) -> Path | None:
    """The file of a kind (`overlays`, `points`, …) that was written under `stem`, or None where there is none."""
    candidates = (folder / kind / f"{stem}.{ending}" for ending in ENDINGS[kind])
    return next((path for path in candidates if path.exists()), None)


def _write_points(path: Path, points: NDArray[np.float64]) -> None:
    """Write places and scores (N, 3) as pandas would, in a fraction of its time."""
    write_text(path, "y,x,score\n" + "".join(f"{y:.3f},{x:.3f},{score:.3f}\n" for y, x, score in points.tolist()))


def _write_objects(path: Path, table: pd.DataFrame) -> None:
    with whole_file(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.7g")
