import dataclasses

import numpy as np
import pytest
import tifffile

from cytally.datasets.folder import Sample, read_folder
from cytally.datasets.load import load_examples, single_plane
from cytally.errors import DataError
from cytally.images.prepare import InputConfig

RAW = InputConfig(channels="all", normalisation="none")


def write(tmp_path, name, array, points=((1.0, 2.0),), **kwargs) -> Sample:
    tifffile.imwrite(tmp_path / name, array, **kwargs)
    return Sample(name, tmp_path / name, None if points is None else np.array(points, float).reshape(-1, 2))


def test_images_come_with_their_points_and_bounds(data_folder):
    ticks = []
    samples = read_folder(data_folder).samples
    examples = load_examples(samples, RAW, on_image=lambda: ticks.append(1))
    assert [example.name for example in examples] == [f"{number}.tif" for number in range(6)]
    assert [example.count for example in examples] == [0, 2, 4, 6, 8, 10]
    assert len(ticks) == 6
    first = examples[3]
    assert first.image.shape == (1, 64, 64)
    assert first.image.dtype == np.float32
    assert first.bounds == (-0.5, -0.5, 63.5, 63.5)
    assert np.array_equal(first.points, samples[3].points)
    rows, columns = np.round(first.points).astype(int).T
    assert first.image[0, rows, columns].min() > 3 * np.median(first.image)


def test_points_follow_the_size_even_where_it_is_rounded(tmp_path):
    sample = write(tmp_path, "a.tif", np.zeros((41, 30), np.uint8), [[-0.5, -0.5], [40.5, 29.5], [20, 14.5]])
    (example,) = load_examples([sample], InputConfig(downscale=2, normalisation="none"))
    assert example.image.shape == (1, 20, 15)
    assert example.bounds == (-0.5, -0.5, 19.5, 14.5)
    assert example.points.tolist() == [[-0.5, -0.5], [19.5, 14.5], [9.5, 7.0]]
    assert example.count == 3


def test_counts_alone_and_unlabelled_images_are_loaded(tmp_path):
    unlabelled = write(tmp_path, "a.tif", np.zeros((20, 20), np.uint8), None)
    empty = write(tmp_path, "b.tif", np.zeros((20, 20), np.uint8), ())
    counted = dataclasses.replace(write(tmp_path, "c.tif", np.zeros((20, 20), np.uint8), None), count=17.0)
    none = dataclasses.replace(write(tmp_path, "d.tif", np.zeros((20, 20), np.uint8), None), count=0.0)
    examples = load_examples([unlabelled, empty, counted, none], RAW)
    assert [example.labelled for example in examples] == [False, True, True, True]
    assert [example.count for example in examples[1:]] == [0, 17, 0]
    assert [example.points is None for example in examples] == [True, False, True, True]
    assert [example.total for example in examples] == [None, None, 17, 0]


def test_shapes_follow_the_size_even_where_it_is_rounded(tmp_path):
    covariances = np.array([[[9.0, 2.0], [2.0, 4.0]]])
    sample = dataclasses.replace(write(tmp_path, "a.tif", np.zeros((40, 30), np.uint8)), covariances=covariances)
    (example,) = load_examples([sample], InputConfig(downscale=2, normalisation="none"))
    np.testing.assert_allclose(example.covariances, covariances / 4)
    sample = dataclasses.replace(write(tmp_path, "b.tif", np.zeros((41, 30), np.uint8)), covariances=covariances)
    (example,) = load_examples([sample], InputConfig(downscale=2, normalisation="none"))
    y, x = 20 / 41, 0.5
    np.testing.assert_allclose(example.covariances, [[[9 * y * y, 2 * y * x], [2 * y * x, 4 * x * x]]])
    assert load_examples([write(tmp_path, "c.tif", np.zeros((9, 9), np.uint8))], RAW)[0].covariances is None


def test_images_with_different_numbers_of_channels_do_not_go_together(tmp_path):
    grey = write(tmp_path, "grey.tif", np.zeros((20, 20), np.uint8))
    colour = write(tmp_path, "colour.tif", np.zeros((20, 20, 3), np.uint8), photometric="rgb")
    with pytest.raises(DataError, match=r"colour.tif: has 3 channels, but grey.tif has 1; train on images of one kind"):
        load_examples([grey, colour], RAW)
    assert len(load_examples([grey, colour], InputConfig(channels="one"))) == 2


def test_a_stack_of_planes_is_refused(tmp_path):
    sample = write(tmp_path, "stack.ome.tif", np.zeros((3, 20, 20), np.uint8), metadata={"axes": "TYX"})
    with pytest.raises(DataError, match=r"stack.ome.tif: holds 3 planes, .* save each plane as an image of its own"):
        single_plane(sample)


def outlined(tmp_path, labels, image=None) -> Sample:
    """A sample with a label image."""
    labels = np.array(labels)
    sample = write(tmp_path, "o.tif", np.zeros(labels.shape, np.uint8) if image is None else image)
    (tmp_path / "labels").mkdir()
    tifffile.imwrite(tmp_path / "labels" / "o.tif", labels.astype(np.uint16))
    return dataclasses.replace(sample, labels=tmp_path / "labels" / "o.tif")


def test_label_images_are_read_where_they_are_asked_for(tmp_path):
    labels = np.arange(20 * 30).reshape(20, 30)
    sample = outlined(tmp_path, labels)
    bare = write(tmp_path, "bare.tif", np.zeros((9, 9), np.uint8))
    assert [each.labels for each in load_examples([sample, bare], RAW)] == [None, None]
    first, second = load_examples([sample, bare], RAW, outlines=True)
    np.testing.assert_array_equal(first.labels, labels)
    assert second.labels is None


def test_label_images_follow_the_size(tmp_path):
    sample = outlined(tmp_path, np.kron(np.arange(1, 7).reshape(2, 3), np.ones((10, 10), int)))
    (example,) = load_examples([sample], InputConfig(downscale=2, normalisation="none"), outlines=True)
    assert example.image.shape == (1, 10, 15)
    np.testing.assert_array_equal(example.labels, np.kron(np.arange(1, 7).reshape(2, 3), np.ones((5, 5), int)))


def test_a_label_image_that_has_gone_is_told(tmp_path):
    sample = outlined(tmp_path, np.ones((9, 9), int))
    sample.labels.write_bytes(b"")
    with pytest.raises(DataError, match=r"o\.tif"):
        load_examples([sample], RAW, outlines=True)
