"""The part of an image that is counted in: regions drawn by the user, and the margin at the border."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon2mask

from cytally.errors import UsageError

Ring = NDArray[np.float64]
"""Corners (N, 2) of a closed outline as y, x, the centre of the top-left pixel being the origin."""


@dataclass(frozen=True)
class Region:
    """Areas to count in.

    Parameters
    ----------
    polygons
        Each an outline, followed by the outlines of its holes: a pixel inside an odd number of them is inside.
    """

    polygons: tuple[tuple[Ring, ...], ...]

    def mask(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Pixels of (Y, X) whose centre lies inside an outline and in none of its holes."""
        inside = np.zeros(shape, bool)
        for rings in self.polygons:
            area = np.zeros(shape, bool)
            for ring in rings:
                area ^= polygon2mask(shape, ring)  # type: ignore[no-untyped-call]
            inside |= area
        return inside


def read_region(path: Path) -> Region:
    """Read polygons from GeoJSON (as QuPath writes it) or from ImageJ (.roi, or a .zip of them).

    Both give corners as x, y in pixels with the origin at the top-left corner of the image.

    Raises
    ------
    UsageError
        When the file is missing, unreadable, or holds no area.

    References
    ----------
    RFC 7946 (GeoJSON); the ImageJ format is read by the package roifile.
    """
    if not path.is_file():
        raise UsageError("there is no such file", file=path, cure="give --roi a GeoJSON file or an ImageJ .roi or .zip")
    imagej = path.suffix.lower() in {".roi", ".zip"}
    polygons = _imagej_polygons(path) if imagej else _geojson_polygons(path)
    if not polygons:
        raise UsageError(
            "holds no polygon", file=path, cure="draw an area (polygon, rectangle, freehand), not a point or a line"
        )
    return Region(tuple(polygons))


def border_mask(shape: tuple[int, int], margin: int) -> NDArray[np.bool_]:
    """Pixels of (Y, X) at least `margin` pixels away from the image's edge.

    Examples
    --------
    >>> border_mask((3, 4), 1).astype(int).tolist()
    [[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    """
    mask = np.zeros(shape, bool)
    mask[margin : shape[0] - margin, margin : shape[1] - margin] = True
    return mask


def _ring(corners: Any) -> Ring:
    ring = np.asarray(corners, float)[:, :2]
    if len(ring) < 3 or not np.isfinite(ring).all():
        raise ValueError("an outline needs at least three corners")
    return ring[:, ::-1] - 0.5


def _geojson_polygons(path: Path) -> list[tuple[Ring, ...]]:
    try:
        return [
            polygon
            for geometry in _geometries(json.loads(path.read_text(encoding="utf-8")))
            for polygon in _rings(geometry)
        ]
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise UsageError(
            "is no readable GeoJSON",
            file=path,
            cure="export the annotation from QuPath as GeoJSON, or give an ImageJ .roi or .zip",
        ) from error


def _geometries(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [geometry for each in node for geometry in _geometries(each)]
    kind = node["type"]
    if kind == "FeatureCollection":
        return _geometries(node["features"])
    if kind == "GeometryCollection":
        return _geometries(node["geometries"])
    return _geometries(node["geometry"]) if kind == "Feature" else [node]


def _rings(geometry: dict[str, Any]) -> list[tuple[Ring, ...]]:
    if geometry["type"] == "Polygon":
        return [tuple(_ring(ring) for ring in geometry["coordinates"])]
    if geometry["type"] == "MultiPolygon":
        return [tuple(_ring(ring) for ring in rings) for rings in geometry["coordinates"]]
    return []


def _imagej_polygons(path: Path) -> list[tuple[Ring, ...]]:
    from struct import error as StructError
    from zipfile import BadZipFile

    from roifile import ROI_TYPE, roiread

    unreadable = (OSError, BadZipFile, StructError, ValueError, TypeError, LookupError, AttributeError, RuntimeError)
    flat = {ROI_TYPE.POINT, ROI_TYPE.LINE, ROI_TYPE.POLYLINE, ROI_TYPE.FREELINE, ROI_TYPE.ANGLE, ROI_TYPE.NOROI}
    try:
        found = roiread(path)
        rois = found if isinstance(found, list) else [found]
        areas = [roi for roi in rois if roi.roitype not in flat]
        return [tuple(_ring(ring) for ring in roi.coordinates(multi=True)) for roi in areas]
    except unreadable as error:
        raise UsageError(
            "is no readable ImageJ region", file=path, cure="save it from ImageJ's ROI manager again"
        ) from error
