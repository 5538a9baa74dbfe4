import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.ndimage import gaussian_filter

from cytally.datasets.augment import AugmentationConfig, augment, jitter, random_crop, rescale, turn_and_flip

STILL = AugmentationConfig(turns=False, flips=False, blur=None)
sides = st.integers(1, 12)
seeds = st.integers(0, 2**32 - 1)


def marked(rows: int, columns: int, seed: int, cells: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """A dark picture and points, each on a pixel of its own brightness: 1, 2, 3 ..."""
    rng = np.random.default_rng(seed)
    places = rng.choice(rows * columns, size=min(cells, rows * columns), replace=False)
    image = np.zeros((2, rows, columns), np.float32)
    points = np.stack(np.unravel_index(places, (rows, columns)), axis=1).astype(float)
    for value, (y, x) in enumerate(points.astype(int), start=1):
        image[:, y, x] = value
    return image, points


def whole(image: np.ndarray) -> tuple[float, float, float, float]:
    return (-0.5, -0.5, image.shape[1] - 0.5, image.shape[2] - 0.5)


def inside(points: np.ndarray, bounds: tuple[float, float, float, float]) -> int:
    return int(((points > bounds[:2]) & (points < bounds[2:])).all(axis=1).sum())


def assert_on_their_pixels(image: np.ndarray, points: np.ndarray) -> None:
    for value, (y, x) in enumerate(points, start=1):
        if 0 <= y < image.shape[1] and 0 <= x < image.shape[2]:
            assert image[:, int(y), int(x)].tolist() == [value] * len(image)


@given(sides, sides, seeds, st.integers(0, 7), st.booleans())
def test_points_stay_on_their_pixels_when_turned_and_flipped(rows, columns, seed, turns, flip):
    image, points = turn_and_flip(*marked(rows, columns, seed), turns, flip)
    assert image.flags["C_CONTIGUOUS"]
    assert inside(points, whole(image)) == len(points)
    assert_on_their_pixels(image, points)


@given(sides, sides, seeds, st.booleans())
def test_turning_four_times_and_flipping_twice_are_nothing(rows, columns, seed, flip):
    image, points = marked(rows, columns, seed)
    turned, moved = image, points
    for _ in range(4):
        turned, moved = turn_and_flip(turned, moved, 1, False)
    for _ in range(2):
        turned, moved = turn_and_flip(turned, moved, 0, flip)
    np.testing.assert_array_equal(turned, image)
    np.testing.assert_allclose(moved, points, atol=1e-12)


def test_a_quarter_turn_by_hand():
    image = np.array([[[0, 1], [2, 3], [4, 5]]], np.float32)
    turned, points = turn_and_flip(image, np.array([[2.25, 0.0]]), 1, False)
    assert turned[0].tolist() == [[1, 3, 5], [0, 2, 4]]
    assert points.tolist() == [[1.0, 2.25]]
    flipped, points = turn_and_flip(image, np.array([[2.25, 0.0]]), 1, True)
    assert flipped[0].tolist() == [[5, 3, 1], [4, 2, 0]]
    assert points.tolist() == [[1.0, -0.25]]


@given(sides, sides, st.integers(1, 15), seeds)
def test_a_crop_keeps_all_points_on_their_pixels_and_knows_the_edges(rows, columns, size, seed):
    image, points = marked(rows, columns, seed)
    crop, moved, bounds = random_crop(image, points, size, np.random.default_rng(seed))
    assert crop.shape == (2, size, size)
    assert len(moved) == len(points) == inside(moved, bounds)
    assert (bounds[2] - bounds[0], bounds[3] - bounds[1]) == (rows, columns)
    assert_on_their_pixels(crop, moved)
    # what lies beyond the bounds is padding, and padding is zero
    y, x = np.mgrid[:size, :size]
    beyond = (y < bounds[0]) | (x < bounds[1]) | (y > bounds[2]) | (x > bounds[3])
    assert not crop[:, beyond].any()


def test_every_place_of_a_crop_is_reached():
    image = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    rng = np.random.default_rng(0)
    corners = {float(random_crop(image, np.empty((0, 2)), 2, rng)[0][0, 0, 0]) for _ in range(200)}
    assert corners == {0, 1, 2, 4, 5, 6}


@pytest.mark.parametrize("factor", [0.25, 0.4, 0.7, 1.0, 1.3, 2.0, 3.5])
def test_a_blob_and_its_point_move_together_when_rescaled(factor):
    image = np.zeros((1, 60, 80), np.float32)
    image[0, 23, 41] = 1
    image = gaussian_filter(image, (0, 4, 4))
    scaled, points = rescale(image, np.array([[23.0, 41.0]]), factor)
    assert scaled.shape == (1, round(60 * factor), round(80 * factor))
    y, x = np.mgrid[: scaled.shape[1], : scaled.shape[2]]
    centroid = [(scaled[0] * axis).sum() / scaled[0].sum() for axis in (y, x)]
    assert centroid == pytest.approx(points[0].tolist(), abs=0.02)
    assert scaled.sum() == pytest.approx(factor**2 * image.sum(), rel=0.01)


def test_rescaling_by_hand():
    image = np.array([[[0, 0, 4, 4]]], np.float32)
    # factor 2: the centres -0.25, 0.25, 0.75, 1.25 ... of the new pixels, in old ones, interpolated
    np.testing.assert_allclose(rescale(image, np.empty((0, 2)), 2)[0][0, 0], [0, 0, 0, 1, 3, 4, 4, 4], atol=1e-6)
    # factor 1/2: weights 3/8 and 1/8 at distances 0.5 and 1.5 from the centres 0.5 and 2.5, over their sum of 7/8
    np.testing.assert_allclose(rescale(image, np.empty((0, 2)), 0.5)[0][0, 0], [4 / 7, 24 / 7], rtol=1e-6)


@given(sides, sides, st.floats(0.1, 4))
def test_an_even_picture_stays_even_at_every_size(rows, columns, factor):
    scaled, _ = rescale(np.full((1, rows, columns), 3, np.float32), np.empty((0, 2)), factor)
    np.testing.assert_allclose(scaled, 3, rtol=1e-5)


@settings(deadline=None)
@given(sides, sides, st.integers(1, 15), seeds)
def test_augment_keeps_points_on_their_pixels(rows, columns, crop, seed):
    image, points = marked(rows, columns, seed)
    before = image.copy()
    config = AugmentationConfig(blur=None)
    shown, moved, bounds = augment(image, points, whole(image), crop, config, np.random.default_rng(seed))
    assert shown.shape == (2, crop, crop)
    assert shown.flags["C_CONTIGUOUS"]
    assert inside(moved, bounds) == len(points)
    assert sorted([bounds[2] - bounds[0], bounds[3] - bounds[1]]) == sorted([rows, columns])
    assert_on_their_pixels(shown, moved)
    np.testing.assert_array_equal(image, before)


def test_augment_with_rescaling_keeps_points_on_their_blobs():
    rng = np.random.default_rng(3)
    image = np.zeros((1, 200, 240), np.float32)
    image[0, 70, 130] = 1
    image = gaussian_filter(image, (0, 4, 4))
    image /= image.max()
    config = AugmentationConfig(blur=None, scale=(0.5, 2.0))
    widths, seen = set(), 0
    for _ in range(60):
        shown, points, bounds = augment(image, np.array([[70.0, 130.0]]), whole(image), 96, config, rng)
        assert shown.shape == (1, 96, 96)
        widths.add(round(max(bounds[2] - bounds[0], bounds[3] - bounds[1])))
        if (np.abs(points[0] - 48) < 35).all():
            seen += 1
            peak = np.unravel_index(shown[0].argmax(), (96, 96))
            assert np.abs(points[0] - peak).max() <= 1
    assert seen > 10
    assert min(widths) < 160
    assert max(widths) > 350


def test_padding_stays_zero_under_every_light():
    image = np.ones((1, 20, 30), np.float32)
    config = AugmentationConfig(blur=(1, 2), blur_probability=1, brightness=1, gain=0.5, noise=1, gamma=(0.5, 2))
    shown, _, (top, left, bottom, right) = augment(
        image, np.empty((0, 2)), whole(image), 40, config, np.random.default_rng(1)
    )
    y, x = np.mgrid[:40, :40]
    real = (y > top) & (y < bottom) & (x > left) & (x < right)
    assert real.sum() == 600
    assert not shown[0, ~real].any()
    assert shown[0, real].all()


def test_given_bounds_are_carried_along():
    image = np.zeros((1, 8, 8), np.float32)
    _, _, bounds = augment(image, np.empty((0, 2)), (-0.5, -0.5, 4.5, 5.5), 8, STILL, np.random.default_rng(0))
    assert bounds == (-0.5, -0.5, 4.5, 5.5)


def test_the_same_seed_gives_the_same_crop_and_another_seed_another():
    image, points = marked(40, 50, 0, cells=9)
    config = AugmentationConfig(noise=0.1, scale=(0.8, 1.2), gain=0.1, brightness=0.1)
    results = [augment(image, points, whole(image), 16, config, np.random.default_rng(seed)) for seed in (5, 5, 6)]
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])
    assert not np.array_equal(results[0][0], results[2][0])


def test_turns_and_flips_are_all_drawn():
    image = np.arange(4, dtype=np.float32).reshape(1, 2, 2)
    config, rng = AugmentationConfig(blur=None), np.random.default_rng(0)
    seen = {augment(image, np.empty((0, 2)), whole(image), 2, config, rng)[0].tobytes() for _ in range(200)}
    assert len(seen) == 8
    still = {augment(image, np.empty((0, 2)), whole(image), 2, STILL, rng)[0].tobytes() for _ in range(20)}
    assert still == {image.tobytes()}


def test_jitter_changes_what_it_is_told_to_and_nothing_else():
    rng = np.random.default_rng(0)
    image = rng.normal(size=(2, 32, 32)).astype(np.float32)
    before = image.copy()
    assert jitter(image, STILL, rng) is image
    shift = jitter(image, STILL.model_copy(update={"brightness": 0.5}), rng) - image
    assert np.ptp(shift) < 1e-5 < abs(shift.mean()) <= 0.5
    ratio = jitter(image, STILL.model_copy(update={"gain": 0.3}), rng) / image
    assert np.ptp(ratio) < 1e-4 < abs(ratio.mean() - 1) <= 0.3
    noise = jitter(image, STILL.model_copy(update={"noise": 0.2}), rng) - image
    assert noise.std() == pytest.approx(0.2, rel=0.1)
    squared = jitter(image, STILL.model_copy(update={"gamma": (2.0, 2.0)}), rng)
    np.testing.assert_allclose(squared, np.sign(image) * image**2, rtol=1e-5)
    blurred = jitter(image, STILL.model_copy(update={"blur": (2.0, 2.0), "blur_probability": 1.0}), rng)
    assert blurred.std() < image.std() / 2
    assert blurred.dtype == squared.dtype == shift.dtype == np.float32
    np.testing.assert_array_equal(image, before)


def test_blurring_is_as_likely_as_told():
    image = np.eye(16, dtype=np.float32)[None]
    rng, config = np.random.default_rng(0), AugmentationConfig(blur_probability=0.25)
    blurred = sum(not np.array_equal(jitter(image, config, rng), image) for _ in range(400))
    assert 70 <= blurred <= 130


@pytest.mark.parametrize(
    "setting",
    [{"blur": (2.5, 0.5)}, {"scale": (0, 1)}, {"gain": 1.0}, {"noise": -1}, {"blur_probability": 2}, {"tilt": True}],
)
def test_impossible_settings_are_refused(setting):
    with pytest.raises(ValidationError, match=next(iter(setting))):
        AugmentationConfig(**setting)
