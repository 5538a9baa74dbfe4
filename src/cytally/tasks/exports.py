"""Points and outlines of a count for other programs: ImageJ and Fiji, and QuPath."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from numpy.typing import NDArray

from cytally.errors import UsageError
from cytally.images.imagej import area_roi, point_rois, write_rois
from cytally.images.mask_outlines import object_outlines
from cytally.images.qupath import Area, write_geojson, write_points
from cytally.images.region_files import Polygon
from cytally.methods.picture_method import PictureMethod
from cytally.models.model import Model
from cytally.tasks.count_files import CountFiles
from cytally.tasks.count_options import Export
from cytally.tasks.plane_files import find_file

POINTS, OBJECTS = "Cells", "Cell"
"""What QuPath calls an image's points, and each of its objects."""

Objects = Iterator[tuple[int, tuple[Polygon, ...]]]


def check_exports(exports: Sequence[Export], model: Model) -> None:
    """Refuse to export what a model does not say.

    Raises
    ------
    UsageError
        When it tells how many cells there are, not where.
    """
    if exports and isinstance(model.method, PictureMethod):
        raise UsageError(
            f"the model '{model.name}' says how many cells there are, not where: there is nothing to export",
            cure="leave out --export, or use a model that finds the cells, as 'density' makes",
        )


def write_exports(files: CountFiles, exports: Sequence[Export], on_done: Callable[[int], None]) -> None:
    """Write imagej/STEM.zip and qupath/STEM.geojson of every image, each whole.

    They are made from the files of points and label images, so that a run that was gone on with has them of all images,
    and so do slides.

    Parameters
    ----------
    files
        The rows, and where each row's files are.
    exports
        What to write; none writes nothing.
    on_done
        Called with the number of images that are done.
    """
    for number, row in enumerate(files.rows if exports else (), start=1):
        stem = files.inputs.file_stem(row.image)
        assert stem is not None  # rows belong to inputs
        labels, points = (find_file(files.folder, kind, stem) for kind in ("labels", "points"))
        if labels is not None:
            seen = tifffile.imread(labels)
            for export in exports:
                _OBJECTS[export](files.folder, stem, object_outlines(seen))
        elif points is not None:
            for export in exports:
                _POINTS[export](files.folder, stem, read_points(points), row.count)
        on_done(number)


def read_points(path: Path) -> NDArray[np.float64]:
    """The places (N, 2), y and x, in a file of points."""
    return pd.read_csv(path, usecols=["y", "x"], dtype=np.float64)[["y", "x"]].to_numpy()


def _imagej_objects(folder: Path, stem: str, objects: Objects) -> None:
    write_rois(folder / "imagej" / f"{stem}.zip", (area_roi(polygons, f"{label:05}") for label, polygons in objects))


def _imagej_points(folder: Path, stem: str, points: NDArray[np.float64], count: float) -> None:
    write_rois(folder / "imagej" / f"{stem}.zip", point_rois(points, "cells"))


def _qupath_objects(folder: Path, stem: str, objects: Objects) -> None:
    areas = (Area(str(label), polygons, {"Label": label}) for label, polygons in objects)
    write_geojson(folder / "qupath" / f"{stem}.geojson", areas, OBJECTS, "detection")


def _qupath_points(folder: Path, stem: str, points: NDArray[np.float64], count: float) -> None:
    write_points(folder / "qupath" / f"{stem}.geojson", points, POINTS, {"Count": count})


_OBJECTS = {"imagej": _imagej_objects, "qupath": _qupath_objects}
_POINTS = {"imagej": _imagej_points, "qupath": _qupath_points}
