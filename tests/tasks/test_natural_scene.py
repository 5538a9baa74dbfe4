"""What is learned from natural images, worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from cytally.datasets.folder import Sample, read_folder
from cytally.errors import DataError
from cytally.tasks.natural_scene import few_cells, learn_counts, mean_background


def write(root: Path, pixels: dict[str, np.ndarray], counts: dict[str, int]) -> tuple[Sample, ...]:
    (root / "images").mkdir(parents=True)
    for name, image in pixels.items():
        tifffile.imwrite(root / "images" / name, image, photometric="minisblack")
    rows = [f"{name},{count}" for name, count in counts.items()]
    (root / "counts.csv").write_text("\n".join(["image,count", *rows, ""]))
    return read_folder(root).samples


def level(value: float, dtype: type = np.uint8, side: int = 8) -> np.ndarray:
    return np.full((side, side), value, dtype)


def test_counts_are_as_frequent_as_in_the_folder(tmp_path: Path) -> None:
    pixels = {f"{name}.tif": level(0) for name in "abcdef"}
    samples = write(tmp_path, pixels, {"a.tif": 1, "b.tif": 4, "c.tif": 1, "d.tif": 0, "e.tif": 1})
    # Five annotated images, f being none: one is empty, three hold 1 cell, one holds 4.
    law = learn_counts(samples)
    assert law.chances == (0.2, 0.6, 0.0, 0.0, 0.2)
    drawn = [law.sample(np.random.default_rng(seed)) for seed in range(500)]
    assert set(drawn) == {0, 1, 4} and abs(np.mean([number == 1 for number in drawn]) - 0.6) < 0.1


def test_the_background_is_the_mean_of_the_images_with_few_cells(tmp_path: Path) -> None:
    half = level(0)
    half[:, 4:] = 100
    pixels = {"a.tif": level(200), "b.tif": half, "c.tif": level(60), "d.tif": level(250)}
    samples = write(tmp_path, pixels, {"a.tif": 9, "b.tif": 1, "c.tif": 0})  # d is not annotated
    two = mean_background(samples, (8, 8), few=2)
    assert (two[:, :4] == 30).all() and (two[:, 4:] == 80).all()
    assert (mean_background(samples, (8, 8)) == 60).all(), "a tenth of three images is one"
    assert mean_background(samples, (8, 8), few=0.5).tolist() == two.tolist(), "half of three images are two"
    assert (mean_background(samples, (8, 8), few=50) == np.where(np.arange(8) < 4, 260 / 3, 120)).all()


def test_other_sizes_are_brought_to_the_shape(tmp_path: Path) -> None:
    large = level(0, side=32)
    large[:, 16:] = 200
    samples = write(tmp_path, {"a.tif": large, "b.tif": level(40)}, {"a.tif": 0, "b.tif": 0})
    found = mean_background(samples, (16, 8), few=2)
    assert found.shape == (16, 8)
    assert np.allclose(found[:, [0, -1]], [20, 120]) and (np.diff(found[0]) >= 0).all()


@pytest.mark.parametrize(
    ("dtype", "value", "grey"),
    [
        (np.uint8, 51, 51),
        (np.uint16, 819, 204.0),  # 10 bits: 819 of 1023 are 0.8006 of 255
        (np.uint16, 4095, 255),
        (np.uint16, 51, 51),  # 8 bits in a wider type
        (np.float32, 0.4, 102),
        (np.float32, 51.0, 51),
    ],
)
def test_levels_run_to_255(dtype: type, value: float, grey: float, tmp_path: Path) -> None:
    samples = write(tmp_path, {"a.tif": level(value, dtype)}, {"a.tif": 0})
    assert np.allclose(mean_background(samples, (8, 8)), grey, atol=0.2)


def test_the_channel_that_varies_most_is_taken(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    colours = np.zeros((16, 16, 3), np.uint8)
    colours[..., 0], colours[:8, :, 1] = 7, 80
    tifffile.imwrite(tmp_path / "images" / "a.tif", colours, photometric="rgb")
    (tmp_path / "counts.csv").write_text("image,count\na.tif,0\n")
    assert (mean_background(read_folder(tmp_path).samples, (16, 16)) == colours[..., 1]).all()


def test_what_teaches_nothing_is_refused() -> None:
    unknown, crowd = Sample("a", Path("a")), Sample("b", Path("b"), count=5001)
    for learn in (learn_counts, few_cells, lambda samples: mean_background(samples, (8, 8))):
        with pytest.raises(DataError, match=r"no annotated image.*points\.csv"):
            learn([unknown])
    with pytest.raises(DataError, match="5001 cells, and at most 5000"):
        learn_counts([crowd])
