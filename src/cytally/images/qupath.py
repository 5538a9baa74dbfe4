"""Regions, objects and points as GeoJSON that QuPath opens, with measurements."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cytally.files import write_text
from cytally.images.region_files import Ring

COLOUR = (86, 180, 233)
DECIMALS = 6
"""Of coordinates: what rounding takes away is far below what decides whether a pixel's middle is inside."""

Kind = Literal["annotation", "detection"]


@dataclass(frozen=True)
class Area:
    """What is written of one region or object: its `name`, `polygons`, and `measurements` by name."""

    name: str
    polygons: Sequence[Sequence[Ring]]
    measurements: Mapping[str, float] = field(default_factory=dict)


def write_geojson(path: Path, areas: Iterable[Area], kind: str, object_type: Kind = "annotation") -> None:
    """Write regions as a FeatureCollection, x and y in pixels of the image from its top-left corner.

    Each feature has what QuPath asks of an annotation since version 0.4: an ``id`` that is a UUID, ``objectType``, a
    name, a classification with its colour, and measurements as one object of numbers. One that is not a finite number
    is left out.

    Parameters
    ----------
    path
        Where to.
    areas
        The regions.
    kind
        Name of the classification, as ``Counted``.
    object_type
        What QuPath makes of them: annotations are few and may be edited, detections may be very many.

    References
    ----------
    RFC 7946. Where QuPath has its origin, and what it writes itself:
    https://qupath.readthedocs.io/en/stable/docs/advanced/exporting_annotations.html; the form of ``classification``
    and ``measurements``: https://github.com/qupath/qupath/pull/1099; ``objectType`` in place of a type in ``id``:
    https://github.com/qupath/qupath/pull/698.
    """
    features = []
    for number, area in enumerate(areas):
        properties = _properties(area.name, kind, area.measurements, object_type)
        features.append(_feature(f"{path.stem}:{number}:{area.name}", _geometry(area), properties))
    _write(path, features)


def write_points(path: Path, points: NDArray[np.float64], kind: str, measurements: Mapping[str, float]) -> None:
    """Write points (N, 2), y and x with the centre of the top-left pixel as origin, as one annotation of many points.

    GeoJSON has x before y, and the corner of the top-left pixel as origin: half a pixel is added. No point is no
    feature.

    Parameters
    ----------
    path
        Where to.
    points
        The points.
    kind
        Name of the annotation and of its classification, as ``Cells``.
    measurements
        Numbers to go with it.
    """
    geometry = {"type": "MultiPoint", "coordinates": _corner_origin(points)}
    features = [_feature(f"{path.stem}:points:{kind}", geometry, _properties(kind, kind, measurements, "annotation"))]
    _write(path, features if len(points) else [])


def _write(path: Path, features: Iterable[dict[str, Any]]) -> None:
    lines = ",\n".join(json.dumps(feature, separators=(",", ":")) for feature in features)
    write_text(path, f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n')


def _feature(key: str, geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"cytally:{key}"))  # the same every time
    return {"type": "Feature", "id": identity, "geometry": geometry, "properties": properties}


def _properties(name: str, kind: str, measurements: Mapping[str, float], object_type: Kind) -> dict[str, Any]:
    return {
        "objectType": object_type,
        "name": name,
        "classification": {"name": kind, "color": list(COLOUR)},
        "isLocked": False,
        "measurements": {name: float(value) for name, value in measurements.items() if math.isfinite(value)},
    }


def _geometry(area: Area) -> dict[str, Any]:
    polygons = [[_closed(ring) for ring in polygon] for polygon in area.polygons]
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def _closed(ring: Ring) -> list[list[float]]:
    corners = _corner_origin(np.asarray(ring))
    return [*corners, corners[0]]


def _corner_origin(places: NDArray[np.float64]) -> list[list[float]]:
    """Places (N, 2) as x and y from the corner of the top-left pixel."""
    found: list[list[float]] = np.round(places[:, ::-1] + 0.5, DECIMALS).tolist()
    return found
