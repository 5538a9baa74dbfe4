"""Context Aware Pseudocoloring: by hand, against a slow reference, and as a stream."""

import tracemalloc
import warnings
import weakref

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cytally.volumes.pseudocolour import copies, likely_foreground, pseudocolour, pseudocoloured

small_slices = arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24)))


@pytest.fixture(autouse=True)
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def noise(*shape: int, seed: int = 0, blob: float = 4, grain: float = 0.2) -> np.ndarray:
    """Smooth blobs on a noisy ground, 8 bits that begin at 0 and end at 255."""
    rng = np.random.default_rng(seed)
    blobs = cv2.GaussianBlur(rng.random(shape), (0, 0), blob)
    picture = (blobs - blobs.min()) / np.ptp(blobs) + grain * rng.random(shape)
    return np.round((picture - picture.min()) / np.ptp(picture) * 255).astype(np.uint8)


# A slow reference: CLAHE by OpenCV's definition, then the rest with floats


def slow_clahe(picture: np.ndarray) -> np.ndarray:
    """Clip 10, 16 x 16 tiles: clipped histograms made into tables, between four of which every pixel interpolates."""
    rows, columns = picture.shape
    padded = picture
    if rows % 16 or columns % 16:
        padded = np.pad(picture, ((0, 16 - rows % 16), (0, 16 - columns % 16)), mode="reflect")
    height, width = padded.shape[0] // 16, padded.shape[1] // 16
    limit = max(int(10 * height * width / 256), 1)
    tables = np.empty((16, 16, 256))
    for v in range(16):
        for u in range(16):
            tile = padded[v * height : (v + 1) * height, u * width : (u + 1) * width]
            histogram = np.bincount(tile.ravel(), minlength=256)
            excess = int(np.maximum(histogram - limit, 0).sum())
            histogram = np.minimum(histogram, limit) + excess // 256
            for count in range(excess % 256):
                histogram[count * max(256 // (excess % 256), 1)] += 1
            tables[v, u] = np.round(np.cumsum(histogram) * np.float32(255 / (height * width)))
    result = np.empty(picture.shape)
    for y in range(rows):
        for x in range(columns):
            v, u = y / height - 0.5, x / width - 0.5
            up, left = int(np.floor(v)), int(np.floor(u))
            weights = [(1 - (v - up)) * (1 - (u - left)), (1 - (v - up)) * (u - left)]
            weights += [(v - up) * (1 - (u - left)), (v - up) * (u - left)]
            corners = [(up, left), (up, left + 1), (up + 1, left), (up + 1, left + 1)]
            looked_up = [tables[min(max(a, 0), 15), min(max(b, 0), 15), picture[y, x]] for a, b in corners]
            result[y, x] = np.dot(weights, looked_up)
    return result


def blurred(picture: np.ndarray) -> np.ndarray:
    """What the threshold is laid on, with OpenCV's CLAHE and in 64-bit floats."""
    clear = cv2.createCLAHE(10, (16, 16)).apply(picture).astype(float)
    return cv2.blur((clear - clear.min()) / np.ptp(clear), (8, 8))


def slow_foreground(picture: np.ndarray, share: float) -> np.ndarray:
    smooth = blurred(picture)
    for threshold in np.arange(20, 50) / 100:
        if (smooth > threshold + 1e-12).mean() <= share:
            break
    return smooth > threshold + 1e-12


@pytest.mark.parametrize("shape", [(32, 48), (37, 50), (16, 16), (9, 13), (8, 70), (61, 20)])
def test_clahe_is_what_opencv_defines(shape):
    picture = noise(*shape)
    found = cv2.createCLAHE(clipLimit=10, tileGridSize=(16, 16)).apply(picture)
    assert np.abs(slow_clahe(picture) - found).max() <= 0.51  # rounded to whole numbers
    assert np.ptp(found) > 50


@pytest.mark.parametrize("share", [0.0, 0.03, 0.3, 0.45, 0.6, 1.0])
def test_the_mask_is_that_of_a_slow_reference(share):
    for seed in range(4):
        picture = noise(80, 100, seed=seed)
        assert np.array_equal(likely_foreground(picture, foreground=share), slow_foreground(picture, share))


# By hand. In a slice of 16 x 16 every tile of CLAHE is one pixel, whose table is 0 below its value and 255 from there
# on, and each pixel lies halfway between its own tile and those above and to the left. Where all rows are alike a pixel
# becomes 255 if it is no darker than the one to its left, else 127.5.

ROW = [0, 5, 10, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3]
HILL = np.tile(np.array(ROW), (16, 1))
"""Scaled, columns 0 to 3 are 1 and the others 0; blurred (four to the left, three to the right, mirrored at the
border), they are 7 7 6 5 4 3 2 1 eighths, then nothing."""


@pytest.mark.parametrize(
    ("share", "columns"),
    [
        (0.4375, 7),  # 7 of 16 are above 0.20: not more than the share
        (0.43, 6),  # rises to 0.25, which 2/8 is not above
        (0.375, 6),
        (0.37, 5),  # rises to 0.38
        (0.03, 5),  # goes up to 0.49, below 4/8, although that is more than the share
    ],
)
def test_a_mask_worked_out_by_hand(share, columns):
    mask = likely_foreground(HILL, foreground=share)
    assert mask.dtype == bool
    assert mask.all(axis=0).tolist() == mask.any(axis=0).tolist() == [True] * columns + [False] * (16 - columns)


def test_a_picture_worked_out_by_hand():
    falling = np.tile(np.arange(15, -1, -1), (16, 1))
    picture = pseudocolour(None, falling, HILL)
    g = falling[0] / 15
    assert picture.shape == (3, 16, 16)
    assert picture.dtype == np.float32
    assert picture[0] == pytest.approx(falling / 15)  # a missing neighbour has no foreground
    assert picture[1] == pytest.approx(falling / 15)
    assert picture[2, 7] == pytest.approx(np.where(np.arange(16) < 5, 2 * g, g) / 2)
    assert np.array_equal(pseudocolour(HILL, falling, None), picture[::-1])


@pytest.mark.parametrize("last", [20, 49])
def test_the_threshold_starts_and_ends_where_it_should(last):
    """Foreground of at most everything keeps it at its start; of nothing sends it to its end."""
    picture = noise(320, 320, blob=15, grain=0.02)
    smooth = blurred(picture)
    before, there, after = (smooth > (last + step) / 100 + 1e-12 for step in (-1, 0, 1))
    assert before.sum() > there.sum() > after.sum() > 0
    assert np.array_equal(likely_foreground(picture, foreground=1.0 if last == 20 else 0.0), there)


# Every kind of slice


@pytest.mark.parametrize(
    "convert",
    [
        lambda x: x.astype(np.uint16) * 257,
        lambda x: x.astype(np.uint16) * 3 + 1000,
        lambda x: x.astype(np.int32) * 1_000_003 - 50,
        lambda x: x.astype(np.uint32) * 16_843_009,
        lambda x: (x / 255).astype(np.float32),
        lambda x: (x / 7 - 1000).astype(np.float32),
        lambda x: x.astype(np.float16),
        lambda x: x / 255,
        lambda x: np.asfortranarray(x),
    ],
)
def test_every_depth_of_one_picture_gives_the_same(convert):
    volume = [noise(60, 75, seed=seed) for seed in range(3)]
    deep = [convert(each) for each in volume]
    assert np.array_equal(likely_foreground(deep[0]), likely_foreground(volume[0]))
    assert pseudocolour(*deep) == pytest.approx(pseudocolour(*volume), abs=2e-4)


def test_what_lies_halfway_between_two_of_the_256_goes_up_whatever_the_depth(monkeypatch):
    shown = []

    class Watched:
        def apply(self, eight_bits):
            shown.append(eight_bits)
            return eight_bits

    monkeypatch.setattr(cv2, "createCLAHE", lambda **options: Watched())
    levels = np.arange(171)[None]  # 1.5 apart: every other one lies halfway
    for each in (levels, (levels / 255).astype(np.float32), (levels / 7 - 9).astype(np.float32)):
        likely_foreground(each)
    assert shown[0][0, :5].tolist() == [0, 2, 3, 5, 6]
    assert np.array_equal(shown[0], shown[1])
    assert np.array_equal(shown[0], shown[2])


@given(small_slices, small_slices, st.integers(1, 60_000), st.integers(-(10**9), 10**9))
@settings(max_examples=60, deadline=None)
def test_brightness_and_contrast_do_not_change_the_picture(below, middle, factor, offset):
    below = np.resize(below, middle.shape)
    changed = [each.astype(np.int64) * factor + offset for each in (below, middle)]
    found = pseudocolour(below, middle, below)
    assert np.array_equal(found, pseudocolour(changed[0], changed[1], changed[0]))
    assert found.min() == 0
    if np.ptp(middle):
        assert found.max(axis=(1, 2)).tolist() == [1, 1, 1]
    assert np.array_equal(found[0], found[2])


@pytest.mark.parametrize("value", [0, 1, 255, 1e30, -3.5])
def test_constant_slices_are_nothing(value):
    constant = np.full((20, 30), value)
    picture = noise(20, 30)
    assert not likely_foreground(constant).any()
    assert not pseudocolour(picture, constant, picture).any()
    assert not pseudocolour(constant, constant, None).any()
    assert np.array_equal(pseudocolour(constant, picture, constant), pseudocolour(None, picture, None))
    assert not np.any(list(pseudocoloured([constant] * 3)))


def test_true_and_false_are_a_picture_too():
    picture = noise(20, 30) > 128
    assert np.array_equal(pseudocolour(picture, picture, None), pseudocolour(*[picture.astype(np.uint8)] * 2, None))


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (8, 8), (3, 300), (15, 17)])
def test_slices_smaller_than_the_grid(shape):
    picture = np.random.default_rng(0).integers(0, 255, shape)
    assert pseudocolour(picture, picture, picture).shape == (3, *shape)


# As a stream


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 6])
def test_a_stream_gives_what_each_slice_alone_gives(depth):
    volume = [noise(40, 50, seed=seed) for seed in range(depth)]
    around = [None, *volume, None]
    found = list(pseudocoloured(iter(volume), foreground=0.2))
    assert len(found) == depth
    for z, picture in enumerate(found):
        assert np.array_equal(picture, pseudocolour(around[z], around[z + 1], around[z + 2], foreground=0.2))


def test_the_share_reaches_both_neighbours():
    volume = [noise(64, 64, seed=seed) for seed in range(3)]
    wide, narrow = (list(pseudocoloured(volume, foreground=share))[1] for share in (1.0, 0.0))
    assert [np.array_equal(*pair) for pair in zip(wide, narrow, strict=True)] == [False, True, False]


def test_each_mask_is_made_once(monkeypatch):
    made = []
    original = cv2.createCLAHE
    monkeypatch.setattr(cv2, "createCLAHE", lambda **options: made.append(1) or original(**options))
    list(pseudocoloured(noise(20, 20, seed=seed) for seed in range(5)))
    assert len(made) == 5


def test_a_stream_reads_one_slice_ahead_and_holds_three():
    given: list[weakref.ref] = []

    def source():
        for seed in range(12):
            values = noise(32, 32, seed=seed)
            given.append(weakref.ref(values))
            yield values

    for z, _ in enumerate(pseudocoloured(source())):
        assert len(given) == min(z + 2, 12)
        assert sum(each() is not None for each in given) <= 3


def test_memory_does_not_grow_with_the_number_of_slices():
    def peak(depth: int) -> int:
        tracemalloc.start()
        for _ in pseudocoloured(np.full((200, 200), z, np.uint16) for z in range(depth)):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(2)
    assert peak(40) < 1.1 * peak(5)


def test_copies_are_the_slice_three_times():
    volume = [np.array([[2, 4], [3, 10]], np.uint16), np.full((2, 2), 7)]
    first, second = copies(iter(volume))
    assert first.dtype == np.float32
    assert first == pytest.approx(np.array([[[0, 0.25], [0.125, 1]]] * 3))
    assert second.shape == (3, 2, 2)
    assert not second.any()


@pytest.mark.parametrize("make", [pseudocoloured, copies])
def test_what_is_no_slice_is_refused(make):
    with pytest.raises(ValueError, match=r"two axes \(Y, X\), not the shape \(2, 3, 4\)"):
        list(make([np.zeros((2, 3, 4))]))


def test_slices_of_several_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        list(pseudocoloured([noise(20, 20), noise(1, 20)]))
