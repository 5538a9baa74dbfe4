"""Regions from GeoJSON and ImageJ: which pixels they hold, and what is refused."""

import json
import zipfile

import numpy as np
import pytest
from roifile import ROI_TYPE, ImagejRoi, roiwrite

from cytally.errors import UsageError
from cytally.images.region import Region, border_mask, read_named_regions, read_region

SQUARE = [[2, 1], [8, 1], [8, 5], [2, 5], [2, 1]]  # x, y from the image's corner: columns 2-7, rows 1-4
HOLE = [[4, 2], [6, 2], [6, 4], [4, 4], [4, 2]]  # columns 4-5, rows 2-3
FAR = [[10, 6], [12, 6], [12, 8], [10, 8], [10, 6]]
SHAPE = (9, 14)


def expected(*boxes) -> np.ndarray:
    """A mask of boxes (top, left, bottom, right), those with a minus sign cut out."""
    mask = np.zeros(SHAPE, bool)
    for inside, (top, left, bottom, right) in boxes:
        mask[top:bottom, left:right] = inside
    return mask


WITH_HOLE = expected((True, (1, 2, 5, 8)), (False, (2, 4, 4, 6)))
TWO = expected((True, (1, 2, 5, 8)), (True, (6, 10, 8, 12)))
POLYGON = {"type": "Polygon", "coordinates": [SQUARE, HOLE]}
MULTI = {"type": "MultiPolygon", "coordinates": [[SQUARE], [FAR]]}


def feature(geometry):
    return {"type": "Feature", "properties": {"name": "a"}, "geometry": geometry}


def geojson(tmp_path, content) -> Region:
    path = tmp_path / "region.geojson"
    path.write_text(json.dumps(content))
    return read_region(path)


@pytest.mark.parametrize(
    ("content", "mask"),
    [
        (POLYGON, WITH_HOLE),
        (feature(POLYGON), WITH_HOLE),
        (MULTI, TWO),
        (feature(MULTI), TWO),
        ({"type": "FeatureCollection", "features": [feature(POLYGON)]}, WITH_HOLE),
        ([feature({"type": "Polygon", "coordinates": [ring]}) for ring in (SQUARE, FAR)], TWO),
        ({"type": "GeometryCollection", "geometries": [POLYGON, {"type": "Point", "coordinates": [0, 0]}]}, WITH_HOLE),
        (feature({"type": "Polygon", "coordinates": [[[*corner, 3.0] for corner in SQUARE], HOLE]}), WITH_HOLE),
    ],
)
def test_geojson_holds_the_pixels_whose_centre_is_inside(tmp_path, content, mask):
    assert geojson(tmp_path, content).mask(SHAPE).tolist() == mask.tolist()


def test_overlapping_polygons_are_united(tmp_path):
    square = {"type": "Polygon", "coordinates": [SQUARE]}
    region = geojson(tmp_path, {"type": "FeatureCollection", "features": [feature(square), feature(square)]})
    assert region.mask(SHAPE).tolist() == expected((True, (1, 2, 5, 8))).tolist()


def test_a_triangle_against_a_slow_reference(tmp_path):
    corners = np.array([[1.3, 0.2], [12.7, 3.1], [4.4, 8.6]])
    region = geojson(tmp_path, {"type": "Polygon", "coordinates": [[*corners.tolist(), corners[0].tolist()]]})
    slow = np.zeros(SHAPE, bool)
    for row in range(SHAPE[0]):
        for column in range(SHAPE[1]):
            centre = np.array([column + 0.5, row + 0.5])
            sides = [
                np.linalg.det([b - a, centre - a]) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)
            ]
            slow[row, column] = all(side > 0 for side in sides) or all(side < 0 for side in sides)
    assert region.mask(SHAPE).tolist() == slow.tolist()


def test_what_lies_outside_the_image_is_no_matter(tmp_path):
    square = [[-5, -5], [3, -5], [3, 2], [-5, 2], [-5, -5]]
    region = geojson(tmp_path, {"type": "Polygon", "coordinates": [square]})
    assert region.mask(SHAPE).tolist() == expected((True, (0, 0, 2, 3))).tolist()


# ImageJ


def imagej(corners, roitype=ROI_TYPE.POLYGON) -> ImagejRoi:
    roi = ImagejRoi.frompoints(np.array(corners[:-1], float))
    roi.roitype = roitype
    return roi


def test_an_imagej_polygon(tmp_path):
    imagej(SQUARE).tofile(tmp_path / "a.roi")
    assert read_region(tmp_path / "a.roi").mask(SHAPE).tolist() == expected((True, (1, 2, 5, 8))).tolist()


def test_an_imagej_rectangle_and_oval(tmp_path):
    for roitype, area in ((ROI_TYPE.RECT, 24), (ROI_TYPE.OVAL, np.pi * 6)):
        roi = ImagejRoi(roitype=roitype, top=1, left=2, bottom=5, right=8)
        roi.tofile(tmp_path / "a.roi")
        mask = read_region(tmp_path / "a.roi").mask(SHAPE)
        assert mask.sum() == pytest.approx(area, abs=4)
        assert not (mask & ~expected((True, (1, 2, 5, 8)))).any()


def test_an_imagej_zip_of_several_leaves_out_points_and_lines(tmp_path):
    point = ImagejRoi.frompoints(np.array([[1.0, 1.0]]))
    point.roitype = ROI_TYPE.POINT
    roiwrite(tmp_path / "a.zip", [imagej(SQUARE), point, imagej(FAR, ROI_TYPE.FREEHAND)], name=["a", "b", "c"])
    assert read_region(tmp_path / "a.zip").mask(SHAPE).tolist() == TWO.tolist()


def test_an_imagej_shape_of_several_pieces_keeps_its_hole(tmp_path):
    path = []
    for ring in (SQUARE, HOLE):
        path += [0, *ring[0], *(number for corner in ring[1:-1] for number in (1, *corner)), 4]
    roi = ImagejRoi(roitype=ROI_TYPE.RECT, top=1, left=2, bottom=5, right=8)
    roi.multi_coordinates = np.array(path, np.float32)
    roi.shape_roi_size = len(path)
    roi.tofile(tmp_path / "a.roi")
    assert read_region(tmp_path / "a.roi").mask(SHAPE).tolist() == WITH_HOLE.tolist()


# Refusals


def refused(path) -> str:
    with pytest.raises(UsageError) as caught:
        read_region(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert caught.value.cure
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_file(tmp_path):
    assert "there is no such file; give --roi a GeoJSON file or an ImageJ .roi or .zip" in refused(tmp_path / "a.roi")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"{",
        b"5",
        b"{}",
        b'{"type": "Polygon"}',
        b'{"type": "Polygon", "coordinates": 5}',
        b'{"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}',
        b'{"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [NaN, 2]]]}',
        b'{"type": "Feature", "geometry": null}',
        b'{"type": "FeatureCollection", "features": {"a": 1}}',
    ],
)
def test_geojson_that_cannot_be_read(tmp_path, content):
    path = tmp_path / "a.geojson"
    path.write_bytes(content)
    assert "is no readable GeoJSON; export the annotation from QuPath" in refused(path)


@pytest.mark.parametrize(
    "content",
    [{"type": "Point", "coordinates": [0, 0]}, {"type": "FeatureCollection", "features": []}, []],
    ids=str,
)
def test_geojson_without_an_area(tmp_path, content):
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert "holds no polygon; draw an area" in refused(tmp_path / "a.json")


def test_imagej_files_that_cannot_be_read(tmp_path):
    imagej(SQUARE).tofile(tmp_path / "whole.roi")
    data, rng = (tmp_path / "whole.roi").read_bytes(), np.random.default_rng(0)
    broken = [
        b"",
        b"Iout",
        b"words" * 40,
        data[:40],
        data[:70],
        b"Iout" + rng.bytes(100),
        data[:6] + b"\xff" + data[7:],
    ]
    for content in broken:
        (tmp_path / "a.roi").write_bytes(content)
        assert "is no readable ImageJ region; save it from ImageJ's ROI manager again" in refused(tmp_path / "a.roi")
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04")
    assert "is no readable ImageJ region" in refused(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("a.roi", b"words" * 40)
    assert "is no readable ImageJ region" in refused(tmp_path / "b.zip")


def test_an_imagej_line_is_no_area(tmp_path):
    imagej(SQUARE, ROI_TYPE.POLYLINE).tofile(tmp_path / "a.roi")
    assert "holds no polygon" in refused(tmp_path / "a.roi")


@pytest.mark.parametrize(("margin", "inside"), [(0, 20), (1, 6), (2, 0), (9, 0)])
def test_the_margin_at_the_border(margin, inside):
    assert border_mask((4, 5), margin).sum() == inside


# Names


def names(tmp_path, features) -> list[str]:
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(features))
    return [each.name for each in read_named_regions(path)]


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"name": "core", "classification": {"name": "Tumor"}}, "core"),
        ({"classification": {"name": "Tumor", "color": [200, 0, 0]}}, "Tumor"),
        ({"name": None, "classification": {"names": ["Tumor", "Positive"]}}, "Tumor: Positive"),
        ({"name": " ", "classification": "Stroma"}, "Stroma"),
        ({"name": 7}, "7"),
        ({"name": ["a"], "classification": None}, "region 1"),
        ({}, "region 1"),
        (None, "region 1"),
    ],
)
def test_the_name_of_a_feature(tmp_path, properties, name):
    assert names(tmp_path, {"type": "Feature", "properties": properties, "geometry": MULTI}) == [name]


def test_regions_are_told_apart_in_the_order_of_the_file(tmp_path):
    square = {"type": "Polygon", "coordinates": [SQUARE]}
    point = {"type": "Feature", "properties": {"name": "point"}, "geometry": {"type": "Point", "coordinates": [0, 0]}}
    empty = {"type": "Polygon", "coordinates": []}
    features = [feature(square), point, empty, MULTI, {**feature(POLYGON), "properties": {}}]
    assert names(tmp_path, {"type": "FeatureCollection", "features": features}) == ["a", "region 2", "region 3"]
    found = read_named_regions(tmp_path / "a.geojson")
    masks = [each.region.mask(SHAPE) for each in found]
    assert [mask.tolist() for mask in masks[1:]] == [TWO.tolist(), WITH_HOLE.tolist()]
    assert np.logical_or.reduce(masks).tolist() == read_region(tmp_path / "a.geojson").mask(SHAPE).tolist()


def test_the_names_of_imagej_regions(tmp_path):
    rois = [imagej(SQUARE), imagej(FAR)]
    roiwrite(tmp_path / "a.zip", rois, name=["first", "second"])
    for roi, name in zip(rois, ("left", ""), strict=True):
        roi.name = name
    rois[0].tofile(tmp_path / "a.roi")
    assert [each.name for each in read_named_regions(tmp_path / "a.roi")] == ["left"]
    assert len(read_named_regions(tmp_path / "a.zip")) == 2


@pytest.mark.parametrize("content", ["{", '{"type": "FeatureCollection", "features": []}'])
def test_named_regions_are_refused_alike(tmp_path, content):
    path = tmp_path / "a.geojson"
    path.write_text(content)
    with pytest.raises(UsageError) as caught:
        read_named_regions(path)
    assert str(caught.value) == refused(path)
