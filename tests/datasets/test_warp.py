"""A picture and its label image under one map: turned, leant, resized, mirrored, and never apart."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.datasets.warp import Warp, warped

warps = st.builds(
    Warp, degrees=st.floats(-200, 200), shear=st.floats(-40, 40), factor=st.floats(0.5, 2), flip=st.booleans()
)


def pair(rows: int, columns: int, seed: int = 0, channels: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 6, (rows, columns)).astype(np.uint16)
    return rng.normal(size=(channels, rows, columns)).astype(np.float32), labels


def middle(rows: int, columns: int) -> np.ndarray:
    return (np.array([rows, columns]) - 1) / 2


def mirrored(place: int, length: int) -> int:
    """Walk from the left edge and turn round at each edge, whose pixel is seen twice."""
    step = place % (2 * length)
    return step if step < length else 2 * length - 1 - step


def forth(warp: Warp, y: float, x: float) -> tuple[float, float]:
    """Where an offset from the middle goes: mirrored, leant along the rows, turned, resized."""
    if warp.flip:
        x = -x
    x = x + y * math.tan(math.radians(warp.shear))
    angle = math.radians(warp.degrees)  # counter-clockwise as seen: x to the right, y down
    y, x = y * math.cos(angle) - x * math.sin(angle), y * math.sin(angle) + x * math.cos(angle)
    return y * warp.factor, x * warp.factor


@settings(max_examples=60)
@given(warps, st.floats(-30, 30), st.floats(-30, 30))
def test_back_undoes_the_map_step_by_step(warp, y, x):
    np.testing.assert_allclose(warp.back @ forth(warp, y, x), [y, x], atol=1e-8)


@pytest.mark.parametrize("turns", [0, 1, 2, 3, -1])
@pytest.mark.parametrize("side", [7, 8])
@pytest.mark.parametrize("flip", [False, True])
def test_quarter_turns_and_flips_move_whole_pixels(turns, side, flip):
    image, labels = pair(side, side)
    pixels, names = warped(image, labels, side, middle(side, side), Warp(degrees=90.0 * turns, flip=flip))
    expected = [each[..., ::-1] if flip else each for each in (image, labels)]
    np.testing.assert_allclose(pixels, np.rot90(expected[0], turns, axes=(-2, -1)), atol=1e-5)
    np.testing.assert_array_equal(names, np.rot90(expected[1], turns))
    assert (pixels.dtype, names.dtype) == (np.float32, np.uint16)


def test_a_shear_leans_columns_along_the_rows():
    """45 degrees: each row is moved by as many pixels as it lies below the middle."""
    labels = np.zeros((5, 11), np.uint16)
    labels[:, 5] = np.arange(1, 6)
    image = labels[None].astype(np.float32)
    pixels, names = warped(image, labels, 5, middle(5, 11), Warp(shear=45.0))
    np.testing.assert_array_equal(names, np.diag([1, 2, 3, 4, 5]))
    np.testing.assert_allclose(pixels[0], names, atol=1e-5)


def test_twice_the_size_shows_half_as_much():
    image, labels = pair(12, 12)
    _, names = warped(image, labels, 8, np.array([5.5, 5.5]), Warp(factor=2.0))
    np.testing.assert_array_equal(names, np.kron(labels[4:8, 4:8], np.ones((2, 2), np.uint16)))


@settings(max_examples=40)
@given(
    st.integers(1, 6), st.integers(1, 6), st.integers(1, 9), st.integers(-15, 15), st.integers(-15, 15), st.booleans()
)
def test_beyond_its_edges_the_image_is_mirrored_as_often_as_it_takes(rows, columns, size, top, left, flip):
    image, labels = pair(rows, columns)
    centre = np.array([top, left]) + (size - 1) / 2
    pixels, names = warped(image, labels, size, centre, Warp(flip=flip))
    at_rows = [mirrored(top + each, rows) for each in range(size)]
    at_columns = [mirrored(left + each, columns) for each in range(size)]
    if flip:
        at_columns = at_columns[::-1]
    np.testing.assert_array_equal(names, labels[np.ix_(at_rows, at_columns)])
    np.testing.assert_allclose(pixels, image[:, at_rows][:, :, at_columns], atol=1e-5)


def slow(image: np.ndarray, labels: np.ndarray, size: int, centre: np.ndarray, warp: Warp) -> tuple:
    """Pixel by pixel; where a label lies nearest to two pixels alike, -1."""
    rows, columns = labels.shape
    pixels, names = np.zeros((len(image), size, size)), np.zeros((size, size), int)
    inverse = np.linalg.inv(np.array([forth(warp, 1, 0), forth(warp, 0, 1)]).T)
    for i in range(size):
        for j in range(size):
            y, x = centre + inverse @ (np.array([i, j]) - (size - 1) / 2)
            close = min(abs(y - math.floor(y) - 0.5), abs(x - math.floor(x) - 0.5)) < 1e-6
            names[i, j] = -1 if close else labels[mirrored(round(y), rows), mirrored(round(x), columns)]
            top, left = math.floor(y), math.floor(x)
            for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
                share = abs(1 - dy - (y - top)) * abs(1 - dx - (x - left))
                pixels[:, i, j] += share * image[:, mirrored(top + dy, rows), mirrored(left + dx, columns)]
    return pixels, names


@settings(max_examples=60)
@given(
    *(st.integers(1, 9), st.integers(1, 9), st.integers(1, 7), warps),
    *(st.floats(-6, 14), st.floats(-6, 14), st.integers(0, 99)),
)
def test_any_map_is_that_of_sampling_pixel_by_pixel(rows, columns, size, warp, y, x, seed):
    image, labels = pair(rows, columns, seed)
    pixels, names = warped(image, labels, size, np.array([y, x]), warp)
    slow_pixels, slow_names = slow(image, labels, size, np.array([y, x]), warp)
    np.testing.assert_allclose(pixels, slow_pixels, atol=1e-4)
    sure = slow_names >= 0
    np.testing.assert_array_equal(names[sure], slow_names[sure])


@settings(max_examples=40)
@given(warps, st.floats(0, 39), st.floats(0, 49))
def test_picture_and_labels_stay_together(warp, y, x):
    """A picture that is its own label image: wherever both pixels beside are of one label, it is read as that."""
    labels = np.kron(np.arange(1, 21).reshape(4, 5), np.ones((10, 10), int)).astype(np.uint16)
    pixels, names = warped(labels[None].astype(np.float32), labels, 24, np.array([y, x]), warp)
    plain = np.abs(pixels[0] - np.round(pixels[0])) < 1e-3
    agree = np.abs(pixels[0] - names) < 1e-2
    assert agree.mean() > 0.6, "squares of ten pixels have more inside than outline"
    assert (agree | ~plain).mean() > 0.93
    assert set(np.unique(names)) <= set(range(1, 21)), "no label is made up"


def test_nothing_is_interpolated_where_nothing_moves_by_parts_of_a_pixel():
    image, labels = pair(20, 30)
    for top, left in ((0, 0), (3, 7), (12, 22)):
        pixels, names = warped(image, labels, 8, np.array([top, left]) + 3.5, Warp())
        np.testing.assert_array_equal(pixels, image[:, top : top + 8, left : left + 8])
        np.testing.assert_array_equal(names, labels[top : top + 8, left : left + 8])
        assert pixels.flags["C_CONTIGUOUS"] and names.flags["C_CONTIGUOUS"]


def test_half_a_pixel_further_is_the_mean_of_two():
    image = np.arange(6, dtype=np.float32).reshape(1, 1, 6)
    pixels, _ = warped(image, np.ones((1, 6), np.uint16), 1, np.array([0.0, 2.5]), Warp())
    assert pixels.item() == 2.5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.uint32, np.int64])
def test_labels_keep_their_type_and_their_largest_numbers(dtype):
    top = min(np.iinfo(dtype).max, 2**32 - 1)
    labels = np.full((6, 6), top, dtype)
    _, names = warped(np.zeros((1, 6, 6), np.float32), labels, 6, middle(6, 6), Warp(degrees=30))
    assert names.dtype == dtype and (names == top).all()


def test_what_is_given_is_left_as_it_is():
    image, labels = pair(9, 9)
    before = image.copy(), labels.copy()
    warped(image, labels, 5, np.array([4.0, 4.0]), Warp(30, 10, 1.2, True))
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(labels, before[1])
