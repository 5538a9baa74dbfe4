"""Regions as GeoJSON: what is written is read back, and has what QuPath asks for."""

from __future__ import annotations

import json
import math
import uuid

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cytally.images.mask_outlines import outlines
from cytally.images.qupath import Area, write_geojson, write_points
from cytally.images.region import read_named_regions
from cytally.slides.tissue import Tissue, read_tissue

masks = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(lambda shape: arrays(bool, shape))
steps = st.sampled_from([(1.0, 1.0), (4.0, 4.0), (14.6484375, 13.0), (2.5, 3.25)])


SQUARE = np.array([[1.5, 2.5], [1.5, 9.5], [7.5, 9.5], [7.5, 2.5]])
TRIANGLE = np.array([[10.123, 20.456], [40.1, 33.3], [12.0, 60.7]])
HOLE = np.array([[3.5, 4.5], [3.5, 6.5], [5.5, 6.5]])


def written(path, areas, kind="Counted") -> dict:
    write_geojson(path, areas, kind)
    return json.loads(path.read_text(encoding="utf-8"))


def test_what_qupath_asks_for(tmp_path):
    measurements = {"Count": 12.5, "Area mm^2": 0.25, "Density per mm^2": 50.0}
    content = written(tmp_path / "a.geojson", [Area("core", [[SQUARE, HOLE]], measurements)])
    assert list(content) == ["type", "features"]
    (feature,) = content["features"]
    assert feature["type"] == "Feature"
    assert str(uuid.UUID(feature["id"])) == feature["id"]
    assert feature["geometry"] == {
        "type": "Polygon",
        "coordinates": [
            [[3, 2], [10, 2], [10, 8], [3, 8], [3, 2]],  # x and y from the slide's corner, closed
            [[5, 4], [7, 4], [7, 6], [5, 4]],
        ],
    }
    properties = feature["properties"]
    assert properties["objectType"] == "annotation"
    assert properties["name"] == "core"
    assert properties["classification"]["name"] == "Counted"
    assert [type(part) for part in properties["classification"]["color"]] == [int, int, int]
    assert properties["isLocked"] is False
    assert properties["measurements"] == measurements


def test_several_polygons_are_one_feature(tmp_path):
    (feature,) = written(tmp_path / "a.geojson", [Area("both", [[SQUARE], [TRIANGLE]])])["features"]
    assert feature["geometry"]["type"] == "MultiPolygon"
    assert len(feature["geometry"]["coordinates"]) == 2


def test_measurements_that_are_no_numbers_are_left_out(tmp_path):
    told = {"Count": math.nan, "Area mm^2": math.inf, "Density per mm^2": np.float64(3)}
    (feature,) = written(tmp_path / "a.geojson", [Area("a", [[SQUARE]], told)])["features"]
    assert feature["properties"]["measurements"] == {"Density per mm^2": 3.0}


def test_the_same_regions_have_the_same_ids_and_others_have_others(tmp_path):
    areas = [Area("a", [[SQUARE]]), Area("a", [[TRIANGLE]]), Area("b", [[SQUARE]])]
    first = written(tmp_path / "slide.geojson", areas)
    assert written(tmp_path / "again" / "slide.geojson", areas) == first
    other = written(tmp_path / "other.geojson", areas)
    ids = [feature["id"] for content in (first, other) for feature in content["features"]]
    assert len(set(ids)) == 6


def test_regions_come_back(tmp_path):
    areas = [Area("äußerer Rand", [[SQUARE, HOLE], [TRIANGLE]]), Area("b", [[TRIANGLE]])]
    write_geojson(tmp_path / "a.geojson", areas, "Counted")
    for area, found in zip(areas, read_named_regions(tmp_path / "a.geojson"), strict=True):
        assert found.name == area.name
        for polygon, rings in zip(area.polygons, found.region.polygons, strict=True):
            for ring, again in zip(polygon, rings, strict=True):
                assert again[:-1] == pytest.approx(ring, abs=1e-6)
                assert again[-1].tolist() == again[0].tolist()


@given(masks.filter(np.any), st.integers(1, 9), st.integers(0, 8))
@settings(deadline=None, max_examples=30)
def test_tissue_comes_back_to_the_pixel(tmp_path_factory, mask, step, more):
    shape = (mask.shape[0] * step + more % step, mask.shape[1] * step)
    tissue = Tissue(mask, shape)
    path = tmp_path_factory.mktemp("geojson") / "a.geojson"
    write_geojson(path, [Area("Tissue", outlines(mask, tissue.step))], "Counted")
    rows, columns = np.arange(shape[0], dtype=float), np.arange(shape[1], dtype=float)
    back = read_tissue(path, shape).window(rows, columns)
    ties = np.abs((rows + 0.5) / tissue.step[0] % 1 - 0.5) > 0.5 - 1e-6  # a middle on an edge may go either way
    assert (back == tissue.window(rows, columns))[~ties].all()


def test_points_are_one_annotation_with_the_corner_as_origin(tmp_path):
    points = np.array([[0.0, 0.0], [3.125, 70000.5]])
    write_points(tmp_path / "a.geojson", points, "Cells", {"Count": 2.25})
    (feature,) = json.loads((tmp_path / "a.geojson").read_text())["features"]
    assert feature["geometry"] == {"type": "MultiPoint", "coordinates": [[0.5, 0.5], [70001.0, 3.625]]}
    assert feature["properties"]["objectType"] == "annotation" and feature["properties"]["name"] == "Cells"
    assert feature["properties"]["measurements"] == {"Count": 2.25}


def test_no_point_is_no_feature(tmp_path):
    write_points(tmp_path / "a.geojson", np.zeros((0, 2)), "Cells", {})
    assert json.loads((tmp_path / "a.geojson").read_text()) == {"type": "FeatureCollection", "features": []}
