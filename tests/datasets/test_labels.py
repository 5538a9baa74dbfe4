from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cytally.datasets.labels import centroids, read_labels
from cytally.errors import DataError


def slow_centroids(labels: np.ndarray) -> list[list[float]]:
    return [[float(axis.mean()) for axis in np.nonzero(labels == label)] for label in np.unique(labels) if label]


@given(
    arrays(np.uint16, st.tuples(st.integers(0, 6), st.integers(1, 6)), elements=st.integers(0, 5)),
    st.sampled_from([1, 7, 13_000]),
)
def test_centroids_are_the_means_of_coordinates(small, factor):
    labels = small * np.uint16(factor)
    np.testing.assert_allclose(centroids(labels), np.reshape(slow_centroids(labels), (-1, 2)))


def test_huge_labels_take_no_huge_table():
    labels = np.zeros((4, 5), np.uint64)
    labels[0, 3:] = 2**64 - 1
    labels[2, 1] = 2**32
    assert centroids(labels).tolist() == [[2, 1], [0, 3.5]]


def test_an_object_in_two_pieces_is_one():
    assert centroids(np.array([[3, 0, 0, 0, 3]], np.int32)).tolist() == [[0, 2]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.int32])
def test_integer_labels_are_read_as_they_are(tmp_path: Path, dtype):
    labels = np.arange(6, dtype=dtype).reshape(2, 3)
    tifffile.imwrite(tmp_path / "a.tif", labels[None], photometric="minisblack", compression="zlib")
    read = read_labels(tmp_path / "a.tif")
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, labels)


def test_labels_that_are_no_labels_are_refused(tmp_path: Path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.ones((2, 3), np.float32))
    with pytest.raises(DataError, match=r"type float32.*uint16"):
        read_labels(path)
    tifffile.imwrite(path, np.array([[0, -3]], np.int16))
    with pytest.raises(DataError, match="negative label -3"):
        read_labels(path)


@pytest.mark.parametrize("keep", [0, 7, 100, 900])
def test_a_broken_file_is_one_line(tmp_path: Path, keep: int):
    path = tmp_path / "a.tif"
    noise = np.random.default_rng(0).integers(0, 9, (40, 50), dtype=np.uint16)
    tifffile.imwrite(path, noise, compression="zlib")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match="cannot be read") as caught:
        read_labels(path)
    assert "\n" not in str(caught.value)
