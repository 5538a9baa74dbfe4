"""The measures of a picture: by hand, and what must not change them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.calibration.cell_size import cell_size
from cytally.calibration.contrast import contrast, stands_out
from cytally.calibration.measures import measure
from cytally.calibration.scales import ALONG, MOST_PIXELS, WINDOW, noise_of, scales_of, windows
from cytally.calibration.sharpness import sharpness
from cytally.calibration.texture import LENGTH, texture


@pytest.mark.parametrize("sigma", [0.05, 0.3])
def test_noise_is_that_of_the_pixels(discs, sigma: float) -> None:
    assert noise_of(discs(noise=sigma)) == pytest.approx(sigma, rel=0.15)


def test_contrast_is_height_over_noise(discs) -> None:
    assert contrast(scales_of(discs(noise=0.1), 12)) == pytest.approx(1, abs=0.15)
    assert contrast(scales_of(np.zeros((50, 50), np.float32), 12)) == 0


def test_noise_alone_does_not_stand_out(discs) -> None:
    noise = np.random.default_rng(0).normal(0, 1 / 12, (200, 200)).astype(np.float32)
    assert not stands_out(scales_of(noise, 12))
    assert not stands_out(scales_of(noise, 12, has_background=False))
    assert stands_out(scales_of(discs(), 12)) and stands_out(scales_of(-discs(), 12))


def test_the_more_blurred_the_less_sharp(discs) -> None:
    found = [sharpness(scales_of(discs(blur=blur), 12)) for blur in (0.6, 2, 3, 4)]
    assert found == sorted(found, reverse=True) and found[0] > 1.3 * found[-1]


def test_a_step_has_the_sharpness_of_the_docstring() -> None:
    y, x = np.mgrid[:400, :400]
    disc = (np.hypot(y - 200, x - 200) < 100).astype(np.float32)
    edge = 12 / np.sqrt(2 * np.pi)
    assert edge * (1 + 0.4 * 1.7) < sharpness(scales_of(disc, 100)) < edge * (1 + 0.4 * 2)


@given(st.sampled_from([10.0, 16.0, 24.0]), st.integers(0, 5))
def test_sharpness_does_not_depend_on_magnification(discs, diameter: float, seed: int) -> None:
    picture = discs(diameter, 200, noise=0.0, blur=0.15 * diameter, seed=seed)
    assert sharpness(scales_of(picture, diameter)) == pytest.approx(
        sharpness(scales_of(discs(20, 200, noise=0.0, blur=3.0), 20)), rel=0.08
    )


def test_nothing_has_neither_sharpness_nor_size() -> None:
    blank = np.zeros((1, 40, 40), np.float32)
    found = measure(blank, 12)
    assert (found.sharpness, found.cell_size, found.density, found.stands_out) == (None, None, None, False)


@pytest.mark.parametrize("factor", [0.5, 1, 2])
def test_cell_size_tells_how_many_times_larger(discs, factor: float) -> None:
    mask = discs(24 * factor, 300, noise=0.0) > 0.5
    assert cell_size(mask, 24) == pytest.approx(np.log2(factor), abs=0.15)


def test_density_is_per_square_of_a_diameter() -> None:
    assert measure(np.zeros((1, 20, 30), np.float32), 10, 12.0).density == pytest.approx(2)


def test_texture_of_dark_cells_is_skewed_the_other_way(discs) -> None:
    bright, dark = texture(scales_of(discs(), 12)), texture(scales_of(-discs(), 12))
    assert bright.shape == (LENGTH,) and np.isfinite(bright).all()
    assert bright[6] > 0.5 > -0.5 > dark[6]
    assert measure(np.stack([discs(), discs(seed=1)]), 12).texture.shape == (2 * LENGTH,)


@given(st.floats(0.01, 1000), st.floats(-50, 50))
def test_without_a_known_background_brightness_does_not_matter(discs, gain: float, offset: float) -> None:
    picture = discs()
    first = measure(picture[None], 12, has_background=False)
    second = measure((gain * picture + gain * offset)[None], 12, has_background=False)
    assert second.sharpness == pytest.approx(first.sharpness, rel=0.02)
    assert second.texture == pytest.approx(first.texture, abs=0.05)


def test_of_a_large_picture_windows_are_looked_at() -> None:
    large = np.zeros((900, 1000), np.float32)
    assert large.size > MOST_PIXELS and windows(large).shape == (ALONG * WINDOW, ALONG * WINDOW)
    narrow = np.zeros((100, 9000), np.float32)
    assert windows(narrow) is narrow
