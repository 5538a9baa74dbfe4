"""Regions as other programs save them: GeoJSON (QuPath) and ImageJ, as outlines with the names they were given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import UsageError

Ring = NDArray[np.float64]
"""Corners (N, 2) of a closed outline as y, x, the centre of the top-left pixel being the origin."""

Polygon = tuple[Ring, ...]
"""An outline, followed by the outlines of its holes."""

Named = tuple[str | None, tuple[Polygon, ...]]
"""What one region is called, if anything, and its polygons."""

IMAGEJ_ENDINGS = (".roi", ".zip")
GEOJSON_ENDINGS = (".geojson", ".json")


def read_outlines(path: Path) -> list[Named]:
    """The regions of a file that have an area, in the file's order.

    Both formats give corners as x, y in pixels with the origin at the top-left corner of the image.

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
    found = _imagej(path) if path.suffix.lower() in IMAGEJ_ENDINGS else _geojson(path)
    with_area = [(name, tuple(rings for rings in polygons if rings)) for name, polygons in found]
    regions = [(name, polygons) for name, polygons in with_area if polygons]
    if not regions:
        raise UsageError(
            "holds no polygon", file=path, cure="draw an area (polygon, rectangle, freehand), not a point or a line"
        )
    return regions


def _ring(corners: Any) -> Ring:
    ring = np.asarray(corners, float)[:, :2]
    if len(ring) < 3 or not np.isfinite(ring).all():
        raise ValueError("an outline needs at least three corners")
    return ring[:, ::-1] - 0.5


def _geojson(path: Path) -> list[Named]:
    try:
        return _named_geometries(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise UsageError(
            "is no readable GeoJSON",
            file=path,
            cure="export the annotation from QuPath as GeoJSON, or give an ImageJ .roi or .zip",
        ) from error


def _named_geometries(node: Any) -> list[Named]:
    """One entry per feature; a geometry that stands alone has no name."""
    if isinstance(node, list):
        return [region for each in node for region in _named_geometries(each)]
    if node["type"] == "FeatureCollection":
        return _named_geometries(node["features"])
    if node["type"] == "Feature":
        return [(_name(node.get("properties")), _polygons(node["geometry"]))]
    return [(None, _polygons(node))]


def _name(properties: Any) -> str | None:
    """The name of a feature, else of its class, as QuPath has them."""
    if not isinstance(properties, dict):
        return None
    classification = properties.get("classification")
    if isinstance(classification, dict):
        # A class derived from others has a list of names since QuPath 0.4, which QuPath shows with colons.
        names = classification.get("names")
        derived = ": ".join(map(str, names)) if isinstance(names, list) else None
        classification = classification.get("name") or derived
    for name in (properties.get("name"), classification):
        if isinstance(name, str | int | float) and str(name).strip():
            return str(name).strip()
    return None


def _polygons(geometry: Any) -> tuple[Polygon, ...]:
    kind = geometry["type"]
    if kind == "GeometryCollection":
        return tuple(polygon for each in geometry["geometries"] for polygon in _polygons(each))
    if kind == "Polygon":
        return (tuple(_ring(ring) for ring in geometry["coordinates"]),)
    if kind == "MultiPolygon":
        return tuple(tuple(_ring(ring) for ring in rings) for rings in geometry["coordinates"])
    return ()


def _imagej(path: Path) -> list[Named]:
    from struct import error as StructError
    from zipfile import BadZipFile

    from roifile import ROI_TYPE, roiread

    unreadable = (OSError, BadZipFile, StructError, ValueError, TypeError, LookupError, AttributeError, RuntimeError)
    flat = {ROI_TYPE.POINT, ROI_TYPE.LINE, ROI_TYPE.POLYLINE, ROI_TYPE.FREELINE, ROI_TYPE.ANGLE, ROI_TYPE.NOROI}
    try:
        found = roiread(path)
        rois = found if isinstance(found, list) else [found]
        areas = [roi for roi in rois if roi.roitype not in flat]
        return [
            (roi.name.strip() or None, (tuple(_ring(ring) for ring in roi.coordinates(multi=True)),)) for roi in areas
        ]
    except unreadable as error:
        raise UsageError(
            "is no readable ImageJ region", file=path, cure="save it from ImageJ's ROI manager again"
        ) from error
