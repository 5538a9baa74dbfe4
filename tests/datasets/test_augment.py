import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import ndimage
from scipy.ndimage import gaussian_filter

from cytally.datasets.augment import AugmentationConfig, augment, augment_whole, jitter
from cytally.datasets.example import Example
from cytally.datasets.labels import object_moments

STILL = AugmentationConfig(turns=False, flips=False, blur=None)
MOVED = AugmentationConfig(blur=None)
sides = st.integers(1, 12)
seeds = st.integers(0, 2**32 - 1)


def whole(image: np.ndarray, points=(), covariances=None, total=None) -> Example:
    """An uncropped example; `points` None has none."""
    bounds = (-0.5, -0.5, image.shape[1] - 0.5, image.shape[2] - 0.5)
    points = None if points is None else np.array(points, float).reshape(-1, 2)
    return Example("a", image, points, bounds, covariances, total)


def inside(example: Example) -> int:
    return int(((example.points > example.bounds[:2]) & (example.points < example.bounds[2:])).all(axis=1).sum())


@given(sides, sides, st.integers(1, 15), seeds)
def test_augment_keeps_points_on_their_pixels(marked, assert_on_their_pixels, rows, columns, crop, seed):
    image, points = marked(rows, columns, seed)
    before = image.copy()
    shown = augment(whole(image, points, total=9), crop, MOVED, np.random.default_rng(seed))
    assert (shown.name, shown.total, shown.covariances) == ("a", None, None)
    assert shown.image.shape == (2, crop, crop)
    assert shown.image.flags["C_CONTIGUOUS"]
    assert inside(shown) == len(points)
    top, left, bottom, right = shown.bounds
    assert sorted([bottom - top, right - left]) == sorted([rows, columns])
    assert_on_their_pixels(shown.image, shown.points)
    np.testing.assert_array_equal(image, before)


@given(sides, sides, seeds)
def test_a_whole_picture_keeps_all_its_pixels_and_cells(marked, assert_on_their_pixels, rows, columns, seed):
    image, points = marked(rows, columns, seed)
    config = AugmentationConfig(blur=None, scale=(0.5, 2))
    shown = augment_whole(whole(image, points, total=7), config, np.random.default_rng(seed))
    assert shown.image.flags["C_CONTIGUOUS"]
    assert sorted(shown.image.shape[1:]) == sorted((rows, columns))
    assert sorted(shown.image.ravel()) == sorted(image.ravel())
    assert shown.bounds == (-0.5, -0.5, shown.image.shape[1] - 0.5, shown.image.shape[2] - 0.5)
    assert shown.count == len(points)
    assert shown.total == 7
    assert_on_their_pixels(shown.image, shown.points)


def test_a_total_alone_stays_with_its_picture():
    example = whole(np.arange(6, dtype=np.float32).reshape(1, 2, 3), None, total=12.0)
    shown = augment_whole(example, MOVED, np.random.default_rng(1))
    assert (shown.points, shown.covariances, shown.count) == (None, None, 12.0)
    with pytest.raises(ValueError, match=r"a has no points: how many cells a crop of it holds is unknown"):
        augment(example, 2, STILL, np.random.default_rng(0))


def test_whole_pictures_are_turned_flipped_and_lit():
    example = whole(np.arange(4, dtype=np.float32).reshape(1, 2, 2), None, total=1)
    rng = np.random.default_rng(0)
    assert len({augment_whole(example, MOVED, rng).image.tobytes() for _ in range(200)}) == 8
    assert {augment_whole(example, STILL, rng).image.tobytes() for _ in range(20)} == {example.image.tobytes()}
    lit = augment_whole(example, STILL.model_copy(update={"brightness": 1.0}), rng).image - example.image
    assert np.ptp(lit) < 1e-6 < abs(lit.mean())


def labelled(seed: int) -> tuple[np.ndarray, Example]:
    """A picture of four blocks, rows of the block removed at random, and the example that knows their shapes."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((20, 30), int)
    for label, (y, x) in enumerate([(0, 0), (2, 12), (11, 3), (12, 20)], start=1):
        labels[y : y + 8, x : x + 9] = label * (rng.random((8, 9)) < 0.4)
        labels[y, x] = label
    points, covariances = object_moments(labels)
    return labels, whole(labels[None].astype(np.float32), points, covariances)


@settings(max_examples=40)
@given(seeds, st.integers(10, 40))
def test_shapes_follow_the_objects_when_cropped_turned_and_flipped(seed, crop):
    labels, example = labelled(seed)
    rng = np.random.default_rng(seed)
    for shown in (augment(example, crop, MOVED, rng), augment_whole(example, MOVED, rng)):
        for label in range(1, 5):
            there = (shown.image[0] == label).astype(int)
            if there.sum() == (labels == label).sum():  # all of the object is in the picture
                (point,), (covariance,) = object_moments(there)
                np.testing.assert_allclose(shown.points[label - 1], point, atol=1e-12)
                np.testing.assert_allclose(shown.covariances[label - 1], covariance, atol=1e-12)


def test_shapes_grow_with_the_square_of_the_size():
    covariances = np.array([[[4.0, 1.5], [1.5, 9.0]]])
    example = whole(np.zeros((1, 30, 30), np.float32), [[10, 20]], covariances)
    config = STILL.model_copy(update={"scale": (2.0, 2.0)})
    shown = augment(example, 16, config, np.random.default_rng(0))
    np.testing.assert_allclose(shown.covariances, 4 * covariances, rtol=1e-12)
    turned = augment(example, 16, config.model_copy(update={"turns": True}), np.random.default_rng(3))
    assert turned.covariances[0].round(9).tolist() in ([[16, 6], [6, 36]], [[36, -6], [-6, 16]])
    np.testing.assert_array_equal(example.covariances, [[[4.0, 1.5], [1.5, 9.0]]])


def test_a_flip_mirrors_a_leaning_shape():
    example = whole(np.zeros((1, 3, 3), np.float32), [[1, 1]], np.array([[[4.0, 1.5], [1.5, 9.0]]]))
    config, rng = STILL.model_copy(update={"flips": True}), np.random.default_rng(0)
    seen = {augment_whole(example, config, rng).covariances[0, 0, 1] for _ in range(20)}
    assert seen == {1.5, -1.5}


def test_augment_with_rescaling_keeps_points_on_their_blobs():
    rng = np.random.default_rng(3)
    image = np.zeros((1, 200, 240), np.float32)
    image[0, 70, 130] = 1
    image = gaussian_filter(image, (0, 4, 4))
    image /= image.max()
    config = AugmentationConfig(blur=None, scale=(0.5, 2.0))
    widths, seen = set(), 0
    for _ in range(60):
        shown = augment(whole(image, [[70, 130]]), 96, config, rng)
        top, left, bottom, right = shown.bounds
        assert shown.image.shape == (1, 96, 96)
        widths.add(round(max(bottom - top, right - left)))
        if (np.abs(shown.points[0] - 48) < 35).all():
            seen += 1
            peak = np.unravel_index(shown.image[0].argmax(), (96, 96))
            assert np.abs(shown.points[0] - peak).max() <= 1
    assert seen > 10
    assert min(widths) < 160
    assert max(widths) > 350


def test_padding_stays_zero_under_every_light():
    image = np.ones((1, 20, 30), np.float32)
    padded = Example("b", np.pad(image, [(0, 0), (0, 20), (0, 10)]), None, whole(image).bounds, total=3)
    config = AugmentationConfig(blur=(1, 2), blur_probability=1, brightness=1, gain=0.5, noise=1, gamma=(0.5, 2))
    for shown in (
        augment(whole(image), 40, config, np.random.default_rng(1)),
        augment_whole(padded, config, np.random.default_rng(1)),
    ):
        top, left, bottom, right = shown.bounds
        y, x = np.mgrid[:40, :40]
        real = (y > top) & (y < bottom) & (x > left) & (x < right)
        assert real.sum() == 600
        assert not shown.image[0, ~real].any()
        assert shown.image[0, real].all()


def test_given_bounds_are_carried_along():
    image = np.zeros((1, 8, 8), np.float32)
    example = dataclasses.replace(whole(image), bounds=(-0.5, -0.5, 4.5, 5.5))
    assert augment(example, 8, STILL, np.random.default_rng(0)).bounds == (-0.5, -0.5, 4.5, 5.5)
    assert augment_whole(example, STILL, np.random.default_rng(0)).bounds == (-0.5, -0.5, 4.5, 5.5)


def test_the_same_seed_gives_the_same_crop_and_another_seed_another(marked):
    image, points = marked(40, 50, 0, cells=9)
    config = AugmentationConfig(noise=0.1, scale=(0.8, 1.2), gain=0.1, brightness=0.1)
    results = [augment(whole(image, points), 16, config, np.random.default_rng(seed)) for seed in (5, 5, 6)]
    np.testing.assert_array_equal(results[0].image, results[1].image)
    np.testing.assert_array_equal(results[0].points, results[1].points)
    assert not np.array_equal(results[0].image, results[2].image)


def test_turns_and_flips_are_all_drawn():
    image = np.arange(4, dtype=np.float32).reshape(1, 2, 2)
    config, rng = AugmentationConfig(blur=None), np.random.default_rng(0)
    seen = {augment(whole(image), 2, config, rng).image.tobytes() for _ in range(200)}
    assert len(seen) == 8
    still = {augment(whole(image), 2, STILL, rng).image.tobytes() for _ in range(20)}
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


def test_a_small_turn_moves_points_with_their_pixels_and_invents_none():
    """Bright pixels are found again where their points are; cells beyond the crop stay beyond it."""
    config = AugmentationConfig(turns=False, flips=False, blur=None, rotation=10)
    inside = np.array([(y, x) for y in range(12, 60, 12) for x in range(12, 60, 12)], float)
    outside = np.array([(-1.0, x) for x in range(0, 64, 3)] + [(y, 64.0) for y in range(0, 64, 3)])
    image = np.zeros((1, 64, 64), np.float32)
    for y, x in inside.astype(int):
        image[0, y - 1 : y + 2, x - 1 : x + 2] = 1
    example = Example("a", image, np.concatenate([inside, outside]), (-9.5, -9.5, 80.5, 80.5))
    for seed in range(20):
        turned = augment(example, 64, config, np.random.default_rng(seed))
        assert turned.count <= len(inside)
        here = turned.points[: len(inside)]
        seen = here[((here > 1) & (here < 62)).all(axis=1)]
        assert len(seen) > 9
        values = ndimage.map_coordinates(turned.image[0], seen.T, order=1)
        assert (values > 0.8).all()


def test_the_edges_of_the_image_stay_where_they_are_in_a_small_turn():
    config = AugmentationConfig(turns=False, flips=False, blur=None, rotation=10)
    example = Example("a", np.ones((1, 20, 20), np.float32), np.zeros((0, 2)), (-0.5, -0.5, 19.5, 19.5))
    turned = augment(example, 32, config, np.random.default_rng(0))
    assert turned.bounds == (-0.5, -0.5, 19.5, 19.5)
    assert not turned.image[0, 20:].any()


# Pictures with label images


def outlined(rows: int = 40, columns: int = 50) -> Example:
    """A picture that is its own label image: squares of ten pixels, each of another brightness."""
    down, along = np.arange(rows) // 10, np.arange(columns) // 10
    labels = (1 + 5 * down[:, None] + along).astype(np.uint16)
    picture = whole(np.stack([labels, 2 * labels]).astype(np.float32), [[3, 4]], np.eye(2)[None], total=9)
    return dataclasses.replace(picture, labels=labels)


@given(st.integers(5, 40), st.integers(5, 50), st.integers(1, 30), seeds)
def test_without_any_change_a_crop_and_its_labels_are_cut_out_together(rows, columns, crop, seed):
    example = outlined(rows, columns)
    shown = augment(example, crop, STILL.model_copy(update={"mix": 0.0, "shift": 0.5}), np.random.default_rng(seed))
    assert shown.image.shape == (2, crop, crop) and shown.labels.shape == (crop, crop)
    assert shown.image.flags["C_CONTIGUOUS"]
    np.testing.assert_array_equal(shown.image[0], shown.labels)
    np.testing.assert_array_equal(shown.image[1], 2 * shown.image[0])
    assert shown.labels.min() > 0, "an image that is too small is mirrored, not filled with nothing"
    if crop <= min(rows, columns):
        places = np.lib.stride_tricks.sliding_window_view(example.labels, (crop, crop))
        assert (places == shown.labels).all(axis=(2, 3)).any(), "it is a part of the image"


def test_what_is_known_of_points_is_dropped_with_the_crop_and_all_of_it_is_judged():
    example = outlined()
    shown = augment(example, 16, MOVED, np.random.default_rng(0))
    assert (shown.name, shown.points, shown.total, shown.covariances) == ("a", None, None, None)
    assert shown.bounds == (-0.5, -0.5, 15.5, 15.5)
    assert shown.context(0).all() and shown.context(4).all(), "labels are known up to the edges of a crop"
    np.testing.assert_array_equal(example.labels, outlined().labels)
    np.testing.assert_array_equal(example.image, outlined().image)


@settings(max_examples=40)
@given(seeds, st.floats(0, 1))
def test_picture_and_labels_take_every_change_together(seed, mix):
    config = AugmentationConfig(blur=None, rotation=45, shift=0.3, shear=20, scale=(0.7, 1.4), mix=mix)
    shown = augment(outlined(), 32, config, np.random.default_rng(seed))
    plain = np.abs(shown.image[0] - np.round(shown.image[0])) < 1e-3
    agree = np.abs(shown.image[0] - shown.labels) < 1e-2
    assert agree.mean() > 0.6 and (agree | ~plain).mean() > 0.93
    assert set(np.unique(shown.labels)) <= set(range(1, 21))


def test_light_changes_the_picture_and_not_the_labels():
    config = STILL.model_copy(update={"brightness": 5.0, "gain": 0.5, "noise": 1.0})
    shown = augment(outlined(), 40, config, np.random.default_rng(0))
    still = augment(outlined(), 40, STILL, np.random.default_rng(0))
    np.testing.assert_array_equal(shown.labels, still.labels)
    assert np.abs(shown.image - still.image).mean() > 0.1


def orientation(example: Example, config: AugmentationConfig, crop: int, number: int) -> list[np.ndarray]:
    """Linear maps of a crop, read off where three marks have gone; only those with all three in view."""
    found = []
    for seed in range(number):
        labels = augment(example, crop, config, np.random.default_rng(seed)).labels
        if all((labels == name).sum() > 3 for name in (1, 2, 3)):
            origin, down, along = (np.argwhere(labels == name).mean(axis=0) for name in (1, 2, 3))
            found.append(np.stack([(down - origin) / 12, (along - origin) / 12], axis=1))
    return found


def three_marks() -> Example:
    """Blocks at a corner, 12 pixels below it, and 12 to its right, in the middle of a wide field."""
    labels = np.zeros((96, 96), np.uint16)
    for name, (y, x) in enumerate([(42, 42), (54, 42), (42, 54)], start=1):
        labels[y - 1 : y + 2, x - 1 : x + 2] = name
    return dataclasses.replace(whole(labels[None].astype(np.float32)), labels=labels)


def test_each_setting_moves_what_it_says_as_far_as_it_says():
    example = three_marks()
    turned = orientation(example, STILL.model_copy(update={"rotation": 30.0}), 96, 60)
    angles = np.array([np.rad2deg(np.arctan2(each[1, 0], each[0, 0])) for each in turned])
    assert len(angles) == 60 and angles.min() < -15 and angles.max() > 15 and np.abs(angles).max() < 33
    assert np.allclose([np.linalg.det(each) for each in turned], 1, atol=0.15)
    leant = orientation(example, STILL.model_copy(update={"shear": 20.0}), 96, 60)
    slopes = np.array([np.rad2deg(np.arctan(each[1, 0])) for each in leant])
    assert slopes.min() < -8 and slopes.max() > 8 and np.abs(slopes).max() < 23
    assert np.allclose([each[0, 0] for each in leant], 1, atol=0.1), "rows stay rows"
    assert np.allclose([each[:, 1] for each in leant], [0, 1], atol=0.1)
    sized = orientation(example, STILL.model_copy(update={"scale": (0.5, 1.5)}), 96, 60)
    factors = np.array([each[0, 0] for each in sized])
    assert factors.min() < 0.7 and factors.max() > 1.2
    assert np.allclose([each[1, 1] for each in sized], factors, atol=0.1)
    still = orientation(example, STILL, 96, 5)
    assert np.allclose(still, np.eye(2), atol=1e-9)


def test_a_shift_is_a_share_of_the_crop():
    labels = np.zeros((200, 64), np.uint16)
    labels[::] = np.arange(1, 201)[:, None]
    example = dataclasses.replace(whole(labels[None].astype(np.float32)), labels=labels)
    moved = []
    for seed in range(80):
        middles = [
            augment(example, 64, STILL.model_copy(update={"shift": shift}), np.random.default_rng(seed)).image[
                0, 32, 32
            ]
            for shift in (0.0, 0.25)
        ]
        moved.append(middles[1] - middles[0])
    inside = np.abs(moved)[np.abs(moved) <= 16 + 1e-3]
    assert len(inside) > 60 and inside.max() > 10 and min(moved) < 0 < max(moved)


@pytest.mark.parametrize(("mix", "fewest", "most"), [(0.0, 0, 0), (0.25, 15, 37), (1.0, 90, 100)])
def test_the_mix_is_the_share_of_crops_that_each_change_is_applied_to(mix, fewest, most):
    example, config = three_marks(), STILL.model_copy(update={"rotation": 45.0, "mix": mix})
    crops = [augment(example, 96, config, np.random.default_rng(seed)).labels for seed in range(100)]
    assert fewest <= sum(not np.array_equal(each, example.labels) for each in crops) <= most


def test_quarter_turns_and_flips_of_labelled_pictures_are_all_drawn():
    labels = np.array([[1, 2], [3, 4]], np.uint16)
    example = dataclasses.replace(whole(labels[None].astype(np.float32)), labels=labels)
    rng = np.random.default_rng(0)
    shown = [augment(example, 2, MOVED, rng) for _ in range(200)]
    assert len({each.labels.tobytes() for each in shown}) == 8
    assert all(np.allclose(each.image[0], each.labels, atol=1e-5) for each in shown)
    assert {augment(example, 2, STILL, rng).labels.tobytes() for _ in range(20)} == {labels.tobytes()}


@pytest.mark.parametrize("setting", [{"shift": 0.6}, {"shift": -0.1}, {"shear": 46}, {"mix": 1.1}, {"rotation": 181}])
def test_impossible_settings_of_labelled_pictures_are_refused(setting):
    with pytest.raises(ValidationError, match=next(iter(setting))):
        AugmentationConfig(**setting)
