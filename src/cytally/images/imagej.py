"""Points and outlines as ROI sets, which ImageJ and Fiji open in the ROI Manager."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from roifile import ROI_OPTIONS, ROI_TYPE, ImagejRoi

from cytally.files import whole_file
from cytally.images.region_files import Polygon

MOST_POINTS = 65_535
"""In one ROI: its number of points has 16 bits."""
LARGEST_WHOLE = 2**16 - 5001
"""Of whole coordinates, which have 16 bits: ImageJ takes the 5,000 above for numbers below 0."""
MOVE, LINE, CLOSE = 0.0, 1.0, 4.0
"""Steps of a path, as `java.awt.geom.PathIterator` numbers them."""


def point_rois(points: NDArray[np.float64], name: str) -> Iterator[ImagejRoi]:
    """Points (N, 2) as multi-point ROIs of up to `MOST_POINTS` points each.

    Parameters
    ----------
    points
        y and x, the centre of the top-left pixel being the origin. ImageJ has x before y and, of points, the same
        origin (of areas, the pixel's corner). It keeps 24 bits of each number, so that beyond 16,384 pixels
        thousandths of a pixel are rounded.
    name
        What the ROI is called; several are ``NAME-1``, ``NAME-2``, ...

    Examples
    --------
    >>> [roi] = point_rois(np.array([[3.0, 7.25]]), "cells")
    >>> roi.name, roi.coordinates().tolist()
    ('cells', [[7.25, 3.0]])
    """
    starts = range(0, len(points), MOST_POINTS)
    for number, start in enumerate(starts, start=1):
        part = points[start : start + MOST_POINTS, ::-1]
        roi = ImagejRoi.frompoints(part, name=name if len(starts) == 1 else f"{name}-{number}")
        roi.roitype, roi.options = ROI_TYPE.POINT, ROI_OPTIONS.SUB_PIXEL_RESOLUTION
        yield roi


def area_roi(polygons: Sequence[Polygon], name: str) -> ImagejRoi:
    """One object as an ROI: a traced outline, or a composite of several where it has holes or parts.

    Parameters
    ----------
    polygons
        Along the edges of pixels, as `cytally.images.mask_outlines.outlines` has them.
    name
        What the ROI is called.

    References
    ----------
    ij/io/RoiEncoder.java and ij/gui/ShapeRoi.java of ImageJ 1: a composite is a path of floats, filled even-odd.
    An outline beyond 60,535 pixels is written so as well. ij/io/RoiDecoder.java: how whole numbers are read.
    """
    rings = [np.rint(ring[:, ::-1] + 0.5) for polygon in polygons for ring in polygon]
    corners = np.concatenate(rings)
    roi = ImagejRoi.frompoints(corners.astype(np.int32), name=name)
    roi.options = ROI_OPTIONS(0)
    (roi.left, roi.top), (roi.right, roi.bottom) = (
        corners.min(0).astype(int).tolist(),
        corners.max(0).astype(int).tolist(),
    )
    if len(rings) == 1 and corners.max() <= LARGEST_WHOLE:
        roi.roitype = ROI_TYPE.TRACED
        return roi
    path = [step for ring in rings for step in _path(ring)]
    roi.roitype, roi.n_coordinates, roi.integer_coordinates = ROI_TYPE.RECT, 0, None
    roi.multi_coordinates, roi.shape_roi_size = np.array(path, np.float32), len(path)
    return roi


def write_rois(path: Path, rois: Iterable[ImagejRoi]) -> None:
    """Write ROIs as a ROI set (.zip), whole or not at all; the same ROIs give the same bytes.

    A set without ROIs is an archive without files, of which ImageJ says that it holds none.
    """
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for roi in rois:
            # without a date of its own the entry has that of 1980
            entry = zipfile.ZipInfo(f"{roi.name}.roi")
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, roi.tobytes())


def _path(ring: NDArray[np.float64]) -> Iterator[float]:
    for number, (x, y) in enumerate(ring.tolist()):
        yield from (LINE if number else MOVE, x, y)
    yield CLOSE
