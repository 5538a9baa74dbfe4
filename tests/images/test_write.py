"""Density maps and label images come back as they were written, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from cytally.images.read import read
from cytally.images.write import write_density, write_labels

DENSITY = np.random.default_rng(0).random((37, 41)).astype(np.float32) * 1e-3


@pytest.mark.parametrize("pixel_size", [None, 0.65])
@pytest.mark.parametrize("largest", [37 * 41, 37 * 41 - 1])
def test_density(tmp_path: Path, pixel_size: float | None, largest: int) -> None:
    path = write_density(tmp_path / "new" / "a.b.tif", DENSITY, pixel_size, largest=largest)
    assert path.name == ("a.b.tif" if largest >= DENSITY.size else "a.b.zarr")
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    (image,) = read(path)
    assert image.data.dtype == np.float32
    assert np.array_equal(image.data[0, 0, 0], DENSITY)
    assert image.data.sum(dtype=np.float64) == DENSITY.sum(dtype=np.float64)
    assert image.pixel_size == (None if pixel_size is None else pytest.approx(pixel_size, rel=1e-4))


def test_density_of_doubles_keeps_the_count(tmp_path: Path) -> None:
    density = DENSITY.astype(np.float64) / 3
    read_back = tifffile.imread(write_density(tmp_path / "a.tif", density, None))
    assert read_back.dtype == np.float32
    assert read_back.sum(dtype=np.float64) == pytest.approx(density.sum(), rel=1e-6)


@pytest.mark.parametrize(("zeros", "compression"), [(0.0, "NONE"), (0.2, "NONE"), (0.3, "ADOBE_DEFLATE")])
def test_only_zeros_are_worth_compressing(tmp_path: Path, zeros: float, compression: str) -> None:
    density = np.where(np.arange(DENSITY.size).reshape(DENSITY.shape) < zeros * DENSITY.size, 0, DENSITY + 1e-6)
    path = write_density(tmp_path / "a.tif", density)
    with tifffile.TiffFile(path) as file:
        assert file.pages[0].compression.name == compression
        assert np.array_equal(file.asarray(), density.astype(np.float32))


@pytest.mark.parametrize("largest", [10**9, 0])
def test_writing_again_replaces(tmp_path: Path, largest: int) -> None:
    write_density(tmp_path / "a.tif", DENSITY, largest=largest)
    path = write_density(tmp_path / "a.tif", 2 * DENSITY[:20], largest=largest)
    assert np.array_equal(read(path)[0].data[0, 0, 0], 2 * DENSITY[:20])


@pytest.mark.parametrize("largest", [10**9, 0])
def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, largest: int) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tifffile.TiffWriter.write", full)
    monkeypatch.setattr("zarr.Group.create_array", full)
    with pytest.raises(OSError, match="No space left"):
        write_density(tmp_path / "a.tif", DENSITY, largest=largest)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("highest", "dtype"), [(0, "uint16"), (65535, "uint16"), (65536, "uint32"), (2**32 - 1, "uint32")]
)
@pytest.mark.parametrize("shape", [(9, 11), (3, 9, 11)])
def test_labels(tmp_path: Path, highest: int, dtype: str, shape: tuple[int, ...]) -> None:
    labels = np.zeros(shape, np.int64)
    labels[..., 2:4, 3:5] = highest
    path = write_labels(tmp_path / "a.tif", labels, 0.5)
    with tifffile.TiffFile(path) as file:
        assert file.pages[0].compression.name == "ADOBE_DEFLATE"
        assert file.series[0].axes == "ZYX"[-len(shape) :]
        assert file.series[0].dtype == dtype
        assert np.array_equal(file.asarray(), labels)
    assert read(path)[0].pixel_size == pytest.approx(0.5)


@pytest.mark.parametrize("value", [-1, 2**32])
def test_labels_that_do_not_fit(tmp_path: Path, value: int) -> None:
    with pytest.raises(ValueError, match="must fit into 32 bits"):
        write_labels(tmp_path / "a.tif", np.full((9, 9), value))
    assert list(tmp_path.iterdir()) == []
