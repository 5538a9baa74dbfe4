from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cytally.datasets.labels import covers_everything, object_moments, read_labels
from cytally.errors import DataError


def slow_moments(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Object by object, each pixel as 20 x 20 points."""
    fine = (np.arange(20) + 0.5) / 20 - 0.5
    centroids, covariances = [], []
    for label in np.unique(labels[labels > 0]):
        y, x = np.nonzero(labels == label)
        y, x = (
            np.add.outer(axis, patch.ravel()).ravel()
            for axis, patch in zip((y, x), np.meshgrid(fine, fine), strict=True)
        )
        centroids.append([y.mean(), x.mean()])
        covariances.append(np.cov(y, x, bias=True))
    return np.reshape(centroids, (-1, 2)), np.reshape(covariances, (-1, 2, 2))


label_images = arrays(np.uint16, st.tuples(st.integers(0, 6), st.integers(1, 6)), elements=st.integers(0, 5))


@settings(max_examples=40)
@given(label_images, st.sampled_from([1, 7, 13_000]))
def test_moments_are_those_of_the_coordinates_of_all_pixels(small, factor):
    centroids, covariances = object_moments(small * np.uint16(factor))
    slow_centroids, slow_covariances = slow_moments(small)
    np.testing.assert_allclose(centroids, slow_centroids, atol=1e-12)
    np.testing.assert_allclose(covariances, slow_covariances, atol=3e-4)


@settings(max_examples=40)
@given(label_images, st.integers(2, 4))
def test_shapes_grow_with_the_image(labels, factor):
    covariances = object_moments(labels)[1]
    larger = object_moments(np.kron(labels, np.ones((factor, factor), np.uint16)))[1]
    np.testing.assert_allclose(larger, factor**2 * covariances, rtol=1e-9, atol=1e-12)


def test_a_leaning_object_by_hand():
    (centroid,), (covariance,) = object_moments(np.diag([5, 5, 5]))
    assert centroid.tolist() == [1, 1]
    np.testing.assert_allclose(covariance, [[2 / 3 + 1 / 12, 2 / 3], [2 / 3, 2 / 3 + 1 / 12]])


def test_huge_labels_take_no_huge_table():
    labels = np.zeros((4, 5), np.uint64)
    labels[0, 3:] = 2**64 - 1
    labels[2, 1] = 2**32
    centroids, covariances = object_moments(labels)
    assert centroids.tolist() == [[2, 1], [0, 3.5]]
    np.testing.assert_allclose(covariances[:, 1, 1], [1 / 12, 4 / 12])


def test_an_object_in_two_pieces_is_one():
    centroids, covariances = object_moments(np.array([[3, 0, 0, 0, 3]], np.int32))
    assert centroids.tolist() == [[0, 2]]
    assert covariances[0, 1, 1] == 4 + 1 / 12


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


@pytest.mark.parametrize(("pixels", "told"), [(100, True), (95, True), (94, False), (0, False)])
def test_an_object_of_nearly_every_pixel_is_told(pixels, told):
    labels = np.zeros(100, np.uint16)
    labels[:pixels] = 7
    assert covers_everything(labels.reshape(10, 10)) is told


def test_many_objects_may_cover_everything():
    assert not covers_everything(np.arange(1, 101).reshape(10, 10))
    assert not covers_everything(None)
    assert not covers_everything(np.zeros((0, 5), np.uint16))
    assert covers_everything(np.full((3, 4), 2**64 - 1, np.uint64))
