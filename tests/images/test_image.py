"""Planes of an image: depth projected by its maximum, time points and scenes named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from cytally.errors import ImageError
from cytally.images import Image, read

RNG = np.random.default_rng(0)


def test_depth_is_projected_by_its_maximum(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 999, (5, 2, 9, 11)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", pixels, metadata={"axes": "ZCYX"}, photometric="minisblack")
    (image,) = read(tmp_path / "a.tif", pixel_size=0.5)
    (plane,) = image.planes()
    expected = np.array([[[max(pixels[:, c, y, x]) for x in range(11)] for y in range(9)] for c in range(2)])
    assert np.array_equal(plane.data, expected)
    assert plane.data.dtype == np.uint16
    assert (plane.name, plane.pixel_size, plane.source) == ("a.tif", 0.5, tmp_path / "a.tif")


def test_time_points_are_named(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 255, (4, 9, 11)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", pixels, metadata={"axes": "TYX"}, photometric="minisblack")
    planes = [plane for image in read(tmp_path / "a.tif") for plane in image.planes()]
    assert [plane.name for plane in planes] == ["a.tif#0,0", "a.tif#0,1", "a.tif#0,2", "a.tif#0,3"]
    assert np.array_equal(np.stack([plane.data[0] for plane in planes]), pixels)


def test_scenes_are_named(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif", ome=True) as file:
        file.write(np.zeros((9, 9), np.uint8), metadata={"axes": "YX"})
        file.write(np.ones((9, 9), np.uint8), metadata={"axes": "YX"})
    planes = [plane for image in read(tmp_path / "a.tif") for plane in image.planes()]
    assert [(plane.name, int(plane.data.max())) for plane in planes] == [("a.tif#0,0", 0), ("a.tif#1,0", 1)]


@given(st.permutations("TCZYX"), st.integers(2, 5))
def test_any_order_of_axes(order: list[str], count: int) -> None:
    axes = "".join(letter for letter in order if letter in "YX" or letter in order[:count])
    lengths = dict(zip("TCZYX", (2, 3, 4, 5, 6), strict=True))
    array = RNG.random([lengths[letter] for letter in axes])
    data = Image.from_array(array, axes).data
    assert data.shape == tuple(lengths[letter] if letter in axes else 1 for letter in "TCZYX")
    index = {letter: lengths[letter] - 1 for letter in axes}
    assert data[tuple(index.get(letter, 0) for letter in "TCZYX")] == array[tuple(index[letter] for letter in axes)]


def test_arrays_of_unknown_axes_are_refused() -> None:
    with pytest.raises(ImageError, match=r"cells: has shape \(5, 9, 9\), whose axes cannot be told; name them"):
        Image.from_array(np.zeros((5, 9, 9)), name="cells")
    for axes in ("YX", "ZZYX", "ZYQ"):
        with pytest.raises(ImageError, match=f"the axes '{axes}' do not fit; give one letter per axis"):
            Image.from_array(np.zeros((5, 9, 9)), axes)
