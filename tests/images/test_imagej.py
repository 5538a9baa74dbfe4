"""ROI sets: roifile reads back what was written, and so does `--roi`."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from roifile import ROI_TYPE, roiread

from cytally.images.imagej import MOST_POINTS, area_roi, point_rois, write_rois
from cytally.images.mask_outlines import object_outlines, outlines
from cytally.images.region import read_named_regions

sides = st.integers(1, 12)


def test_a_point_in_the_middle_of_the_first_pixel(tmp_path):
    write_rois(tmp_path / "a.zip", point_rois(np.array([[0.0, 0.0], [2.0, 7.125]]), "cells"))
    (roi,) = roiread(tmp_path / "a.zip")
    assert roi.roitype == ROI_TYPE.POINT and roi.name == "cells" and roi.subpixelresolution
    assert roi.coordinates().tolist() == [[0.0, 0.0], [7.125, 2.0]]
    assert (roi.left, roi.top) == (0, 0)


@given(arrays(np.float64, st.tuples(st.integers(1, 40), st.just(2)), elements=st.floats(0, 16_383)))
@settings(max_examples=40)
def test_points_come_back(tmp_path_factory, points):
    path = tmp_path_factory.mktemp("rois") / "a.zip"
    write_rois(path, point_rois(points, "cells"))
    (roi,) = roiread(path)
    assert np.abs(roi.coordinates()[:, ::-1] - points).max() <= 0.5e-3


def test_more_points_than_a_roi_has_room_for_are_several(tmp_path):
    points = np.stack([np.arange(MOST_POINTS + 2) % 4000, np.arange(MOST_POINTS + 2) // 4000], axis=1).astype(float)
    write_rois(tmp_path / "a.zip", point_rois(points, "cells"))
    first, second = roiread(tmp_path / "a.zip")
    assert [first.name, second.name] == ["cells-1", "cells-2"]
    assert (np.concatenate([first.coordinates(), second.coordinates()])[:, ::-1] == points).all()


def test_a_square_by_hand(tmp_path):
    mask = np.zeros((5, 6), bool)
    mask[1:3, 2:5] = True
    roi = area_roi(outlines(mask, (1, 1)), "00001")
    assert roi.roitype == ROI_TYPE.TRACED and (roi.left, roi.top, roi.right, roi.bottom) == (2, 1, 5, 3)
    assert sorted(roi.coordinates().tolist()) == [[2, 1], [2, 3], [5, 1], [5, 3]]


@given(
    st.tuples(sides, sides)
    .flatmap(lambda shape: arrays(np.uint16, shape, elements=st.integers(0, 3)))
    .filter(lambda labels: labels.any())
)
@settings(max_examples=40)
def test_filled_outlines_give_the_label_image_back(tmp_path_factory, labels):
    path = tmp_path_factory.mktemp("rois") / "a.zip"
    write_rois(path, (area_roi(polygons, str(label)) for label, polygons in object_outlines(labels)))
    filled = np.zeros_like(labels)
    for each in read_named_regions(path):
        filled[each.region.mask(labels.shape)] = int(each.name)
    assert (filled == labels).all(), "with holes and parts"


@pytest.mark.parametrize("corner", [40_000, 60_530, 60_531, 65_531, 70_000])
def test_outlines_far_from_the_origin_stay_there(tmp_path, corner):
    moved = tuple(tuple(ring + corner for ring in part) for part in outlines(np.ones((5, 5), bool), (1, 1)))
    write_rois(tmp_path / "a.zip", [area_roi(moved, "00001")])
    (roi,) = roiread(tmp_path / "a.zip")
    (found,) = roi.coordinates(multi=True)
    assert found.min(0).tolist() == [corner, corner] and found.max(0).tolist() == [corner + 5, corner + 5]


def test_an_image_without_cells_has_an_empty_set_and_bytes_do_not_change(tmp_path):
    write_rois(tmp_path / "a.zip", point_rois(np.zeros((0, 2)), "cells"))
    assert zipfile.ZipFile(tmp_path / "a.zip").namelist() == [] and roiread(tmp_path / "a.zip") == []
    for name in ("b.zip", "c.zip"):
        write_rois(tmp_path / name, point_rois(np.ones((3, 2)), "cells"))
    assert (tmp_path / "b.zip").read_bytes() == (tmp_path / "c.zip").read_bytes()
