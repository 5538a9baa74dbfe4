"""The diameter of nuclei, found without a setting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

from cytally.images import scale
from cytally.images.normalise import normalise
from cytally.images.scale import bright_part, distance_inside, estimate_diameter, flood, otsu

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"


def drawn(
    diameter: float, cells: int, size: int, *, closest: float = 1.0, noise: float = 0.1, seed: int = 0
) -> np.ndarray:
    """Blurred ellipses of various brightness, no nearer than `closest` diameters to each other: (Y, X)."""
    rng = np.random.default_rng(seed)
    image = np.zeros((size, size))
    centres: list[tuple[float, float]] = []
    y, x = np.mgrid[:size, :size]
    for _ in range(30 * cells):
        row, column = rng.uniform(0, size, 2)
        if len(centres) == cells or any(np.hypot(row - a, column - b) < closest * diameter for a, b in centres):
            continue
        centres.append((row, column))
        turn, stretch, reach = rng.uniform(0, np.pi), rng.uniform(0.85, 1.15), int(diameter)
        near = np.s_[max(0, int(row) - reach) : int(row) + reach, max(0, int(column) - reach) : int(column) + reach]
        u = (y[near] - row) * np.cos(turn) + (x[near] - column) * np.sin(turn)
        v = (x[near] - column) * np.cos(turn) - (y[near] - row) * np.sin(turn)
        inside = (u * stretch) ** 2 + (v / stretch) ** 2 <= diameter**2 / 4
        image[near] = np.maximum(image[near], inside * rng.uniform(0.6, 1.4))
    return ndimage.gaussian_filter(image, max(0.6, diameter / 15)) + rng.normal(0, noise, image.shape)


def octaves(image: np.ndarray, truth: float) -> float:
    """log2 of estimate over truth."""
    diameter = estimate_diameter(normalise(image[None])[0])
    assert diameter is not None
    return float(np.log2(diameter / truth))


@pytest.mark.parametrize("noise", [0.02, 0.25])
@pytest.mark.parametrize("diameter", [6, 8, 12, 20, 40, 80])
def test_drawn_nuclei_of_every_size(diameter: float, noise: float) -> None:
    size = int(max(100, 6 * diameter))
    image = drawn(diameter, 18, size, noise=noise)
    assert abs(octaves(image, diameter)) < (0.5 if diameter < 8 else 0.25)


@pytest.mark.parametrize("diameter", [7, 12, 20])
def test_dense_touching_nuclei(diameter: float) -> None:
    image = drawn(diameter, 160, int(12 * diameter), closest=0.85)
    assert abs(octaves(image, diameter)) < (0.5 if diameter < 8 else 0.25)


@settings(max_examples=6, deadline=None)
@given(diameter=st.floats(6, 40), cells=st.integers(8, 40), seed=st.integers(0, 10_000))
def test_any_field_is_within_half_an_octave(diameter: float, cells: int, seed: int) -> None:
    image = drawn(diameter, cells, int(10 * diameter), seed=seed)
    assert abs(octaves(image, diameter)) < 0.5


def test_uneven_background_does_not_count_as_a_nucleus() -> None:
    image = drawn(14, 60, 256)
    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    assert abs(octaves(image + 0.8 * x - 0.6 * (y**2 + x**2), 14)) < 0.25


def test_texture_inside_large_nuclei_does_not_count_as_nuclei() -> None:
    rng = np.random.default_rng(0)
    texture = ndimage.gaussian_filter(rng.normal(size=(400, 400)), 2.5)
    image = drawn(50, 20, 400, noise=0.02)
    assert abs(octaves(image * (1 + 0.3 * texture / texture.std()), 50)) < 0.25


def test_twice_the_size_is_twice_the_diameter() -> None:
    image = normalise(drawn(12, 60, 256)[None])[0]
    once, twice = estimate_diameter(image), estimate_diameter(ndimage.zoom(image, 2, order=1))
    assert once is not None
    assert twice == pytest.approx(2 * once, rel=0.1)


def test_turned_and_flipped_images_give_nearly_the_same() -> None:
    image = normalise(drawn(15, 60, 250)[None])[0]
    reference = estimate_diameter(image)
    assert estimate_diameter(image) == reference
    for turned in (image[::-1], image.T):
        assert estimate_diameter(turned) == pytest.approx(reference, rel=0.05)


@pytest.mark.parametrize("side", [1, 7, 64, 300])
def test_nothing_in_an_empty_image(side: int) -> None:
    noise = np.random.default_rng(side).normal(100, 5, (1, side, side))
    assert estimate_diameter(np.zeros((side, side))) is None
    assert estimate_diameter(np.full((side, side), 5.0)) is None
    if side >= 64:
        assert estimate_diameter(normalise(noise)[0]) is None
        assert estimate_diameter(normalise(noise.round().astype(np.uint8))[0]) is None


@settings(max_examples=15, deadline=None)
@given(rows=st.integers(1, 60), columns=st.integers(1, 400), seed=st.integers(0, 100))
def test_any_shape_gives_a_diameter_or_none(rows: int, columns: int, seed: int) -> None:
    plane = np.random.default_rng(seed).normal(0, 2, (rows, columns)).cumsum(axis=1)
    diameter = estimate_diameter(plane.clip(-4, 8))
    assert diameter is None or 0 < diameter < 2 * columns + 10


def test_large_images_are_judged_by_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """All nuclei lie in one corner of a dark image; the windows have to find them."""
    image = np.random.default_rng(0).normal(0, 0.1, (700, 900))
    image[450:650, 650:850] = drawn(14, 40, 200)
    monkeypatch.setattr(scale, "MOST_PIXELS", 100_000)
    monkeypatch.setattr(scale, "WINDOW", 128)
    plane = normalise(image[None])[0]
    assert scale.choose_windows(plane).size <= scale.WINDOWS * 128**2
    assert abs(octaves(image, 14)) < 0.3


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.02, 0.9), rows=st.integers(1, 60), grain=st.floats(0.7, 4))
def test_patches_by_themselves_are_flooded_as_in_the_whole(seed: int, share: float, rows: int, grain: float) -> None:
    """Of smooth noise, cut at a level: patches with no peak, one, and many."""
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.random((rows, 70)), grain)
    mask = noise > np.quantile(noise, 1 - share)
    distance = distance_inside(mask)
    if not mask.all():
        assert np.allclose(distance, ndimage.distance_transform_edt(mask), rtol=1e-6)
    ridge = ndimage.gaussian_filter(distance.astype(float), 1) + 1e-9 * rng.random(mask.shape)  # nothing by chance
    peaks = (ridge == ndimage.maximum_filter(ridge, 5)) & mask
    seeds = np.zeros(mask.shape, np.int32)
    seeds[peaks] = np.arange(1, peaks.sum() + 1)
    parts = flood(ridge, peaks, mask)
    assert np.array_equal(parts[peaks], seeds[peaks])
    # a pixel at a pass may be reached from below before the summit above it is
    assert np.count_nonzero(parts != watershed(-ridge, seeds, mask=mask)) <= 0.01 * mask.sum() + 1


def test_a_mirrored_image_is_taken_apart_alike() -> None:
    """Equally high peaks stay equally high: an image that is its own mirror image has as many on either side."""
    half = drawn(9, 30, 120, noise=0)
    plane = normalise(np.concatenate([half, half[:, ::-1]], axis=1)[None])[0]
    assert estimate_diameter(plane[:, ::-1]) == estimate_diameter(plane) == estimate_diameter(plane[::-1])


@pytest.mark.parametrize("values", [[3, 3, 3], [-2, 2, 5], [0, 0, 1, 9, 10], [0.1, 0.2, 0.15, 7]], ids=str)
def test_otsus_threshold_is_that_of_scikit_image(values: list[float]) -> None:
    plane = np.array([values], np.float32)
    assert otsu(plane) == pytest.approx(threshold_otsu(plane), abs=1.1 * float(np.ptp(plane)) / 256)


def test_otsus_threshold_of_noise_and_nuclei() -> None:
    plane = drawn(12, 30, 200).astype(np.float32).clip(0, 2)
    assert otsu(plane) == pytest.approx(threshold_otsu(plane), abs=1.1 * float(np.ptp(plane)) / 256)


def test_noise_that_is_louder_than_otsus_threshold_is_not_bright() -> None:
    noise = np.random.default_rng(0).normal(0, 0.2, (100, 100)).astype(np.float32)
    assert otsu(noise.clip(0, 2)) < 0.5
    assert bright_part(noise).mean() < 0.001


@pytest.mark.skipif(not (DATA / "dsb2018_fluo").exists(), reason="needs the development images")
def test_real_nuclei() -> None:
    from skimage.io import imread

    errors = []
    for path in sorted((DATA / "dsb2018_fluo" / "images").iterdir())[1:80:16]:
        labels = imread(DATA / "dsb2018_fluo" / "labels" / f"{path.stem}.tif")
        areas = np.bincount(labels.ravel())[1:]
        errors.append(octaves(imread(path), float(np.median(2 * np.sqrt(areas[areas > 15] / np.pi)))))
    assert abs(np.median(errors)) < 0.2
    assert np.mean(np.abs(errors) < 0.5) >= 0.8


@pytest.mark.skipif(not (DATA / "vgg_cells").exists(), reason="needs the development images")
def test_dense_images_of_one_kind_agree() -> None:
    from skimage.io import imread

    paths = sorted((DATA / "vgg_cells" / "images").iterdir())[::25]
    found = [estimate_diameter(normalise(imread(path)[None, ..., 2])[0]) for path in paths]
    assert min(d for d in found if d) > 9
    assert max(d for d in found if d) < 14
