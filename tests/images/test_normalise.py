"""The same cell gets the same value, however many there are and however the image was taken."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from cytally.errors import ImageError
from cytally.images import normalise as module
from cytally.images.normalise import LIMITS, Statistics, apply, background, normalise, sample, statistics

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"


def field(cells: int, noise: float, *, diameter: int = 12, size: int = 512, seed: int = 0) -> np.ndarray:
    """Discs of height 1 in a square lattice's places, blurred and noisy: (1, Y, X)."""
    rng = np.random.default_rng(seed)
    pitch = 2 * diameter
    places = [(y, x) for y in range(pitch, size - pitch, pitch) for x in range(pitch, size - pitch, pitch)]
    image = np.zeros((size, size))
    y, x = np.mgrid[-diameter : diameter + 1, -diameter : diameter + 1]
    disc = np.hypot(y, x) <= diameter / 2
    for place in rng.permutation(len(places))[:cells]:
        row, column = places[place]
        image[row - diameter : row + diameter + 1, column - diameter : column + diameter + 1] += disc
    return (ndimage.gaussian_filter(image, 1) + rng.normal(0, noise, image.shape))[None]


def value_of_a_cell(image: np.ndarray) -> float:
    """What a cell of height 1 above background becomes, before any noise."""
    found = statistics(image)
    return float((found.offset[0] + 1) / found.scale - found.offset[0] / found.scale)


@pytest.mark.parametrize("noise", [0.01, 0.05, 0.2, 0.4])
@pytest.mark.parametrize("diameter", [6, 12])
def test_three_cells_or_three_hundred_get_the_same_value(noise: float, diameter: int) -> None:
    few, many = (value_of_a_cell(field(cells, noise, diameter=diameter)) for cells in (3, 300))
    # three cells of six pixels under noise of 0.4 are 85 pixels to take a median of
    assert few == pytest.approx(many, rel=0.15 if diameter * noise < 3 and noise > 0.3 else 0.1)
    assert 0.8 < few < 2


@pytest.mark.parametrize(("dtype", "gain"), [(np.uint8, 100), (np.uint16, 100), (np.uint16, 20_000), (np.int32, 1e6)])
def test_number_types_agree(dtype: type, gain: float) -> None:
    image = field(30, 0.05)
    stored = np.round((image + 0.5) * gain).astype(dtype)
    assert gain / statistics(stored).scale == pytest.approx(1 / statistics(image).scale, rel=0.05)
    assert np.abs(normalise(stored) - normalise(image)).max() < 0.1


@settings(max_examples=15, deadline=None)
@given(
    gain=st.floats(1e-3, 1e6),
    shift=st.floats(-1e3, 1e3),
    cells=st.integers(0, 60),
    noise=st.sampled_from([0.0, 0.03, 0.3]),
)
def test_gain_and_offset_of_the_camera_do_not_matter(gain: float, shift: float, cells: int, noise: float) -> None:
    image = field(cells, noise, size=200)
    changed = normalise((image + shift) * gain)
    assert np.allclose(changed, normalise(image), atol=0.02)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), sigma=st.floats(0.05, 30), integer=st.booleans())
def test_noise_stays_small(seed: int, sigma: float, integer: bool) -> None:
    image = np.random.default_rng(seed).normal(100, sigma, (1, 96, 130))
    result = normalise(image.round().astype(np.uint8) if integer else image)
    assert result.std() <= 0.1
    assert abs(result.mean()) <= 0.1


def test_large_noise_images_stay_small_too() -> None:
    image = np.random.default_rng(3).normal(1000, 20, (1, 1500, 1500)).astype(np.uint16)
    assert normalise(image).std() <= 0.1


@pytest.mark.parametrize("kind", ["foreground", "percentile", "standard"])
@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_constant_image_becomes_zeros(kind: str, value: int) -> None:
    result = normalise(np.full((2, 30, 20), value, np.uint8), kind)  # type: ignore[arg-type]
    assert result.dtype == np.float32
    assert not result.any()


def test_dark_cells_on_bright_ground_are_minus_what_bright_ones_are() -> None:
    image = field(100, 0.03)
    assert np.allclose(normalise(5 - image), -normalise(image), atol=0.02)


def test_background_is_found_where_cells_cover_more_than_half() -> None:
    rng = np.random.default_rng(0)
    image = np.where(rng.random((1, 20, 20)) < 0.65, 300.0, 100.0).repeat(12, axis=1).repeat(12, axis=2)
    image += rng.normal(0, 10, image.shape)
    found = statistics(image)
    assert found.offset[0] == pytest.approx(100, abs=5)
    assert found.scale == pytest.approx(200, rel=0.1)


def test_hot_pixels_change_nothing() -> None:
    image = field(5, 0.03)
    hot = image.copy()
    hot[0, 10::40, 10::40] = 100
    assert statistics(hot).scale == pytest.approx(statistics(image).scale, rel=0.02)
    assert normalise(hot).max() == LIMITS[1]


def test_a_few_bright_cells_do_not_dim_the_others() -> None:
    dim, bright = field(200, 0.03), field(4, 0, seed=9)
    assert value_of_a_cell(dim + 5 * bright) == pytest.approx(value_of_a_cell(dim), rel=0.15)


def test_an_empty_channel_is_not_blown_up() -> None:
    cells, empty = field(30, 0.02), field(0, 0.02, seed=1)
    result = normalise(np.concatenate([cells, empty]))
    assert result[0].max() > 1
    assert result[1].std() < 0.05
    assert np.array_equal(result[0], normalise(cells)[0])


def test_sampling_is_what_filtering_the_whole_image_gives() -> None:
    image = np.random.default_rng(0).integers(0, 4000, (61, 47)).astype(np.uint16)
    slow = image.astype(float)
    for axis in (0, 1):
        slow = ndimage.median_filter(slow, size=[3 if a == axis else 1 for a in (0, 1)], mode="nearest")
        slow = ndimage.gaussian_filter1d(slow, 1, axis=axis, radius=3, mode="nearest")
    inner = np.s_[8:-8, 8:-8]
    assert np.allclose(sample(image, 1)[inner], slow[inner], rtol=1e-5)
    assert np.allclose(sample(image, 3)[3:-3, 3:-3], slow[1::3, 1::3][3:-3, 3:-3], rtol=1e-5)


def test_large_images_are_sampled_and_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    image = field(60, 0.05)
    whole = statistics(image)
    monkeypatch.setattr("cytally.images.normalise.SAMPLES", image.size // 9)
    monkeypatch.setattr("cytally.images.normalise.ENOUGH", 100)
    assert statistics(image).scale == pytest.approx(whole.scale, rel=0.05)
    assert statistics(image).offset[0] == pytest.approx(whole.offset[0], abs=0.02)


def test_the_grid_is_finer_where_few_cells_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    """With three small cells every pixel is looked at, with 300 one in nine."""
    few, many = field(3, 0.05, diameter=6), field(300, 0.05, diameter=6)
    whole = statistics(few)
    steps = []
    inner = module.foreground_on_grid
    monkeypatch.setattr(module, "foreground_on_grid", lambda *given: steps.append(given[1]) or inner(*given))
    monkeypatch.setattr(module, "SAMPLES", few[0].size // 8)
    monkeypatch.setattr(module, "ENOUGH", 500)
    assert statistics(few) == whole
    assert steps == [3, 1]
    statistics(many)
    assert steps[2:] == [3]
    monkeypatch.setattr(module, "MOST_SAMPLES", few[0].size // 4)
    statistics(few)
    assert steps[3:] == [3, 2], "memory and time are bounded"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
def test_the_smallest_step_is_found_in_every_type(dtype: type) -> None:
    values = np.array([9, 200, 13, 13, 100, 9], dtype)
    assert module.smallest_difference(values) == 4
    assert module.smallest_difference(values[:1]) == 0


def test_background_of_a_normal_sample() -> None:
    level, spread = background(np.random.default_rng(0).normal(50, 4, 100_000))
    assert level == pytest.approx(50, abs=0.5)
    assert spread == pytest.approx(4, rel=0.1)


def test_statistics_survive_json_and_serve_tiles() -> None:
    image = np.concatenate([field(30, 0.05), field(3, 0.05)])
    found = statistics(image)
    again = json.loads(json.dumps(asdict(found)))
    restored = Statistics(tuple(again["offset"]), again["scale"], tuple(again["limits"]))
    assert restored == found
    assert np.array_equal(apply(image[:, 100:200, 50:90], restored), normalise(image)[:, 100:200, 50:90])


def test_the_usual_normalisations() -> None:
    ramp = np.arange(1001, dtype=np.uint16).reshape(1, 7, 143)
    assert normalise(ramp, "none").max() == 1000
    assert normalise(ramp, "range").max() == pytest.approx(1000 / 65535)
    assert normalise(ramp / 1000, "range").max() == 1
    result = normalise(ramp, "percentile").ravel()
    assert result[10] == pytest.approx(0, abs=1e-6)
    assert result[998] == pytest.approx(1, abs=1e-6)
    result = normalise(ramp, "standard")
    assert result.mean() == pytest.approx(0, abs=1e-6)
    assert result.std() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 300), (2, 3, 1), (1, 3, 5000)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int16, bool])
def test_any_shape_and_type_gives_finite_numbers(shape: tuple[int, ...], dtype: type) -> None:
    image = (np.random.default_rng(0).random(shape) * 100).astype(dtype)
    result = normalise(image)
    assert result.shape == shape
    assert result.dtype == np.float32
    assert np.isfinite(result).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused(bad: float) -> None:
    image = np.zeros((1, 4, 4))
    image[0, 1, 2] = bad
    with pytest.raises(ImageError, match="not finite"):
        normalise(image)


def test_no_pixels_are_refused() -> None:
    with pytest.raises(ImageError, match="shape"):
        normalise(np.zeros((1, 0, 4)))
    with pytest.raises(ImageError, match="shape"):
        normalise(np.zeros((4, 4)))


@pytest.mark.skipif(not (DATA / "dsb2018_fluo").exists(), reason="needs the development images")
def test_real_nuclei_are_about_one() -> None:
    from skimage.io import imread

    inside, outside = [], []
    for path in sorted((DATA / "dsb2018_fluo" / "images").iterdir())[::20]:
        labels = imread(DATA / "dsb2018_fluo" / "labels" / f"{path.stem}.tif")
        result = normalise(imread(path)[None])[0]
        inside.append(np.median(result[labels > 0]))
        outside.append(np.median(result[labels == 0]))
    assert min(inside) > 0.5
    assert max(inside) < 1.6
    assert max(np.abs(outside)) < 0.1
