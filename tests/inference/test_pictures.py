"""Counting piece by piece: every pixel is counted once, whatever the size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.errors import ImageError
from cytally.images.pictures import picture_shape
from cytally.inference.pictures import count_pictures, cut_pictures


def as_bright(pictures):
    """A 'network' by which every pixel is worth its value in cells."""
    return pictures.sum(axis=(1, 2, 3), keepdims=False)[:, None]


@given(st.integers(32, 150), st.integers(32, 150))
def test_a_uniform_image_has_as_many_cells_as_pixels(rows, columns):
    """Overlapping pieces share their pixels: nothing is counted twice. Enlarged images have the enlarged pixels."""
    shape = picture_shape((rows, columns), 64, "windows")
    prediction = count_pictures(as_bright, np.ones((1, rows, columns), np.float32), 64, "windows")
    assert prediction.count == pytest.approx(shape[0] * shape[1], rel=1e-5)
    if prediction.density is not None:
        assert prediction.density.shape == (rows, columns)
        assert prediction.density.sum(dtype=np.float64) == pytest.approx(prediction.count, rel=1e-5)


def test_pieces_that_touch_are_added_up():
    image = np.zeros((1, 64, 96), np.float32)
    image[0, 10, 10], image[0, 40, 70] = 2, 3
    prediction = count_pictures(as_bright, image, 32, "windows")
    assert prediction.count == 5
    assert prediction.density[:32, :32].sum() == pytest.approx(2)
    assert prediction.density[32:, 64:].sum() == pytest.approx(3)


def test_one_piece_tells_nothing_of_where():
    assert count_pictures(as_bright, np.ones((1, 32, 32), np.float32), 32, "windows").density is None


def test_less_than_nothing_is_nothing():
    for shape in ((1, 32, 32), (1, 64, 64)):
        prediction = count_pictures(as_bright, -np.ones(shape, np.float32), 32, "windows")
        assert prediction.count == 0
        assert prediction.density is None or not prediction.density.any()


def test_resizing_shows_the_whole_image_at_once():
    pictures, starts, shape = cut_pictures(np.ones((2, 300, 90), np.float32), 64, "resize")
    assert pictures.shape == (1, 2, 64, 64)
    assert (starts, shape) == ([(0, 0)], (64, 64))


def test_flips_cancel_what_a_network_makes_of_position():
    ramp = np.linspace(0, 1, 32, dtype=np.float32) * np.ones((1, 32, 1), np.float32)

    def by_column(pictures):
        return (pictures * np.arange(32)).sum(axis=(1, 2, 3))[:, None]

    straight = count_pictures(by_column, ramp, 32, "windows", flips=True).count
    mirrored = count_pictures(by_column, ramp[..., ::-1], 32, "windows", flips=True).count
    assert straight == pytest.approx(mirrored, rel=1e-6)
    plain = [count_pictures(by_column, picture, 32, "windows").count for picture in (ramp, ramp[..., ::-1])]
    assert plain[0] > 1.5 * plain[1]


def test_many_pieces_go_through_in_batches():
    sizes = []

    def count(pictures):
        sizes.append(len(pictures))
        return as_bright(pictures)

    count_pictures(count, np.ones((1, 320, 320), np.float32), 32, "windows")
    assert sizes == [64, 36]


def test_images_that_are_too_small_are_refused():
    with pytest.raises(ImageError, match="is 31 × 400 pixels, and the method needs 32 on each side"):
        cut_pictures(np.zeros((1, 31, 400), np.float32), 128, "windows")
