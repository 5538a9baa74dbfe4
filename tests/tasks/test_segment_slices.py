"""Label slices on the disk, and label volumes written of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile

from cytally.errors import OutputError
from cytally.images.read import read
from cytally.tasks.segment_slices import label_slices_on_disk
from cytally.tasks.segment_write import label_type, write_label_slices


def test_slices_come_back_in_any_order(tmp_path: Path) -> None:
    volume = np.random.default_rng(0).integers(0, 2**32, (4, 5, 7), dtype=np.uint32)
    with label_slices_on_disk(tmp_path, (5, 7)) as slices:
        for each in volume[:2]:
            slices.append(each)
        assert (slices.read(1) == volume[1]).all()
        for each in volume[2:]:
            slices.append(each.astype(np.int64)[:, ::-1][:, ::-1])
        assert all((slices.read(z) == volume[z]).all() for z in (3, 0, 2, 1))
        with pytest.raises(ValueError, match="slice 4 has not been written"):
            slices.read(4)
        with pytest.raises(ValueError, match=r"shape \(7, 5\)"):
            slices.append(volume[0].T)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the file has a name until it is closed")
def test_not_even_a_kill_leaves_anything(tmp_path: Path) -> None:
    with label_slices_on_disk(tmp_path, (5, 7)) as slices:
        slices.append(np.ones((5, 7), int))
        assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_output_error(tmp_path: Path) -> None:
    with label_slices_on_disk(tmp_path, (5, 7)) as slices:

        class Full:
            def seek(self, *_: int) -> None:
                raise OSError(28, "No space left on device")

        slices._file, file = Full(), slices._file
        with pytest.raises(OutputError, match="No space left"):
            slices.append(np.ones((5, 7), int))
        slices._file = file


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_a_label_volume_with_its_voxel_size(dtype: type, depth: int, tmp_path: Path) -> None:
    volume = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (depth, 40, 30)).astype(dtype)
    path = tmp_path / "labels" / "a.tif"
    write_label_slices(path, iter(volume), volume.shape, np.dtype(dtype), 0.25, 1.5)
    with tifffile.TiffFile(path) as file:
        assert file.is_ome and file.series[0].axes in ("ZYX", "YX") and len(file.pages) == depth
        assert file.pages[0].compression.name == "ADOBE_DEFLATE"
    (image,) = read(path)
    assert (image.data[0, 0] == volume).all() and image.data.dtype == dtype
    assert (image.pixel_size, image.z_spacing) == (pytest.approx(0.25), pytest.approx(1.5))
    assert [each.name for each in path.parent.iterdir()] == ["a.tif"]


def test_unknown_sizes_stay_unknown(tmp_path: Path) -> None:
    write_label_slices(tmp_path / "a.tif", np.ones((2, 8, 9), np.uint16), (2, 8, 9), np.dtype(np.uint16))
    (image,) = read(tmp_path / "a.tif")
    assert image.pixel_size is None and image.z_spacing is None


def test_16_bits_as_long_as_they_suffice() -> None:
    assert [label_type(number).name for number in (0, 65535, 65536)] == ["uint16", "uint16", "uint32"]
