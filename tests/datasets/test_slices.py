"""Slices of annotated volumes as examples."""

import numpy as np
import pytest
import tifffile

from cytally.datasets.folder import read_folder
from cytally.datasets.slices import load_slices, scaled_slices, slice_factor
from cytally.errors import DataError
from cytally.images.prepare import InputConfig
from cytally.images.volume import Volume


def grey(slices):
    """What a network sees here: the slice as it is."""
    for plane in slices:
        yield plane[None].astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    """Two volumes of three slices, whose pixels tell where they are, with a cell of 4 × 6 pixels in slices 1 and 2."""
    for name in ("a", "b"):
        volume = np.arange(3 * 20 * 24, dtype=np.uint16).reshape(3, 20, 24)
        labels = np.zeros(volume.shape, np.uint16)
        labels[1:, 4:8, 6:12] = 5
        for kind, array in (("images", volume), ("labels", labels)):
            (tmp_path / kind).mkdir(exist_ok=True)
            axes = {"axes": "ZYX", "spacing": 2.0, "unit": "um"}
            tifffile.imwrite(tmp_path / kind / f"{name}.tif", array, imagej=True, metadata=axes, resolution=(2, 2))
    return tmp_path


def test_each_slice_is_an_example_of_its_volumes_name(folder):
    samples = read_folder(folder, volumes=True).samples
    ticks = []
    examples = load_slices(samples, InputConfig(), grey, on_image=lambda: ticks.append(1))
    assert [example.name for example in examples] == ["a.tif"] * 3 + ["b.tif"] * 3
    assert [example.count for example in examples] == [0, 1, 1] * 2
    assert examples[1].image[0, 0, 0] == 480
    assert examples[1].points.tolist() == [[5.5, 8.5]]
    assert np.count_nonzero(examples[2].labels) == 24
    assert len(ticks) == 2


def test_slices_and_labels_are_resized_alike(folder):
    samples = read_folder(folder, volumes=True).samples[:1]
    example = load_slices(samples, InputConfig(pixel_size=1.0), grey)[1]  # the file has 0.5 micrometres
    assert example.image.shape == (1, 10, 12)
    assert np.count_nonzero(example.labels) == 6
    assert example.points.tolist() == [[2.5, 4.0]]


def test_only_annotated_slices_of_challenge_folders(tmp_path):
    (tmp_path / "01").mkdir()
    (tmp_path / "01_GT" / "SEG").mkdir(parents=True)
    volume = np.arange(4 * 16 * 16, dtype=np.uint16).reshape(4, 16, 16)
    labels = np.zeros((16, 16), np.uint16)
    labels[3:6, 3:6] = 9
    for frame in (0, 1):
        tifffile.imwrite(tmp_path / "01" / f"t{frame:03d}.tif", volume)
    tifffile.imwrite(tmp_path / "01_GT" / "SEG" / "man_seg_001_002.tif", labels)
    samples = [sample for sample in read_folder(tmp_path, volumes=True).samples if sample.label_slices]
    (example,) = load_slices(samples, InputConfig(), grey)
    assert example.image[0, 0, 0] == 2 * 256
    assert np.array_equal(example.labels > 0, labels > 0)


def test_factor_and_size_by_hand():
    volume = Volume.from_array(np.zeros((2, 30, 40), np.uint8), pixel_size=0.5)
    assert slice_factor(volume, InputConfig(downscale=2)) == 0.5
    assert slice_factor(volume, InputConfig(pixel_size=0.25)) == 2
    assert slice_factor(Volume.from_array(np.zeros((2, 30, 40))), InputConfig(pixel_size=0.25)) == 1
    assert [plane.shape for plane in scaled_slices(volume.slices(), 0.1)] == [(3, 4)] * 2


def test_a_file_of_several_volumes_is_refused(folder):
    samples = read_folder(folder, volumes=True).samples
    stacked = np.zeros((2, 3, 20, 24), np.uint16)
    tifffile.imwrite(folder / "images" / "a.tif", stacked, imagej=True, metadata={"axes": "TZYX"})
    with pytest.raises(DataError, match=r"a.tif: holds 2 volumes"):
        load_slices(samples, InputConfig(), grey)
