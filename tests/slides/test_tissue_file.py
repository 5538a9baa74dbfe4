"""Tissue that someone drew: mask images of any size, and outlines."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from roifile import ROI_TYPE, ImagejRoi

from cytally.errors import CytallyError, ImageError
from cytally.report.overlays import write_png
from cytally.slides import tissue as module
from cytally.slides.tissue import read_tissue

SHAPE = (400, 600)


def all_pixels(tissue) -> np.ndarray:
    return tissue.window(np.arange(SHAPE[0], dtype=float), np.arange(SHAPE[1], dtype=float))


def expected(top, left, bottom, right) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[top:bottom, left:right] = True
    return mask


@pytest.mark.parametrize(
    ("size", "value", "dtype"), [((400, 600), 255, "uint8"), ((40, 60), 7, "uint16"), ((2, 3), 1, bool)]
)
def test_a_mask_of_any_size(tmp_path, size, value, dtype):
    size = np.maximum(size, (20, 30))
    mask = np.zeros(size, dtype)
    mask[: size[0] // 2, size[1] // 3 :] = value
    tifffile.imwrite(tmp_path / "a.tif", mask, photometric="minisblack")
    tissue = read_tissue(tmp_path / "a.tif", SHAPE)
    assert tissue.mask.shape == tuple(size)
    assert (all_pixels(tissue) == expected(0, 200, 200, 600)).all()


def test_a_mask_in_colours(tmp_path):
    mask = np.zeros((40, 60, 3), np.uint8)
    mask[10:20, 30:40, 1] = 200
    write_png(tmp_path / "a.png", mask)
    assert (all_pixels(read_tissue(tmp_path / "a.png", SHAPE)) == expected(100, 300, 200, 400)).all()


@pytest.mark.parametrize("size", [(40, 60), (100, 150), (41, 61), (397, 600)])
def test_rounded_proportions_pass(tmp_path, size):
    tifffile.imwrite(tmp_path / "a.tif", np.ones(size, np.uint8))
    assert all_pixels(read_tissue(tmp_path / "a.tif", SHAPE)).all()


@pytest.mark.parametrize("size", [(60, 40), (40, 40), (390, 600), (40, 63)])
def test_other_proportions_are_refused_with_both_shapes(tmp_path, size):
    tifffile.imwrite(tmp_path / "a.tif", np.ones(size, np.uint8))
    with pytest.raises(ImageError) as caught:
        read_tissue(tmp_path / "a.tif", SHAPE)
    line = str(caught.value)
    assert line.startswith(f"{tmp_path / 'a.tif'}: is a mask of {size[1]} x {size[0]} pixels (width x height)")
    assert "the slide has other proportions: 600 x 400 pixels (width x height)" in line
    assert "make the mask from the whole slide" in line
    assert "\n" not in line


def test_an_empty_mask_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((40, 60), np.uint8))
    with pytest.raises(
        ImageError, match=r"marks no tissue on a slide of 600 x 400 pixels \(width x height\); draw it on this"
    ):
        read_tissue(tmp_path / "a.tif", SHAPE)


def test_a_file_that_cannot_be_read(tmp_path):
    for name in ("a.tif", "a.png", "a.geojson", "a.roi", "a.txt"):
        (tmp_path / name).write_bytes(b"words")
        with pytest.raises(CytallyError) as caught:
            read_tissue(tmp_path / name, SHAPE)
        assert str(caught.value).startswith(str(tmp_path / name))


@pytest.mark.parametrize("longest", [10_000, 300, 71])
def test_a_mask_too_large_for_memory(tmp_path, monkeypatch, longest):
    rng = np.random.default_rng(0)
    mask = np.zeros((500, 750), np.uint8)
    mask[100:250, 300:600] = 1
    mask[rng.integers(0, 500, 40), rng.integers(0, 750, 40)] = 1
    tifffile.imwrite(tmp_path / "a.tif", mask, tile=(64, 64), compression="zlib")
    monkeypatch.setattr(module, "is_slide", lambda path: True)
    monkeypatch.setattr(module, "LONGEST", longest)
    monkeypatch.setattr(module, "STRIP_BYTES", 750 * 20)
    tissue = read_tissue(tmp_path / "a.tif", mask.shape)
    assert max(tissue.mask.shape) <= longest
    whole = tissue.window(np.arange(500.0), np.arange(750.0))
    assert whole[1:-1, 1:-1][mask[1:-1, 1:-1] > 0].mean() > 0.99  # every pixel that holds any is in
    step = -(-750 // longest)
    slow = [[mask[y : y + step, x : x + step].any() for x in range(0, 750, step)] for y in range(0, 500, step)]
    assert tissue.mask.tolist() == slow


# Outlines


def write_geojson(path, *boxes) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]],
            },
        }
        for top, left, bottom, right in boxes
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def test_outlines_decide_to_the_pixel(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LONGEST", 60)
    write_geojson(tmp_path / "a.geojson", (13, 17, 101, 203), (250, 300, 350, 555))
    tissue = read_tissue(tmp_path / "a.geojson", SHAPE)
    assert tissue.mask.shape == (40, 60)
    assert (all_pixels(tissue) == (expected(13, 17, 101, 203) | expected(250, 300, 350, 555))).all()
    assert not tissue.window(np.array([50.0]), np.array([700.0])).any()


def test_a_tiny_outline_shows_in_the_mask(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LONGEST", 60)
    write_geojson(tmp_path / "a.json", (101, 101, 104, 104))
    tissue = read_tissue(tmp_path / "a.json", SHAPE)
    assert np.argwhere(tissue.mask).tolist() == [[10, 10]]
    assert (all_pixels(tissue) == expected(101, 101, 104, 104)).all()


def test_outlines_beside_the_slide_are_refused(tmp_path):
    write_geojson(tmp_path / "a.geojson", (1000, 1000, 1100, 1100))
    with pytest.raises(ImageError, match="marks no tissue"):
        read_tissue(tmp_path / "a.geojson", SHAPE)


def test_an_imagej_region(tmp_path):
    roi = ImagejRoi.frompoints(np.array([[20, 10], [120, 10], [120, 60], [20, 60]], float))
    roi.roitype = ROI_TYPE.POLYGON
    roi.tofile(tmp_path / "a.roi")
    assert (all_pixels(read_tissue(tmp_path / "a.roi", SHAPE)) == expected(10, 20, 60, 120)).all()
