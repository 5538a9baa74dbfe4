import numpy as np
import pytest

from cytally.slides import overview as module
from cytally.slides.array_slide import ArraySlide
from cytally.slides.overview import look_over


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(module, "LONGEST", 64)
    monkeypatch.setattr(module, "STRIP_BYTES", 4000)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.int32])
def test_a_slide_without_levels_is_read_once_and_shrunk_by_means(dtype):
    pixels = (np.random.default_rng(0).random((2, 200, 130)) * 200).astype(dtype)
    shares = []
    seen = look_over(ArraySlide(pixels), shares.append)
    assert seen.pixels.shape == (2, 50, 33)  # squares of 4
    assert seen.pixels.dtype == dtype
    expected = pixels[:, :200, :128].reshape(2, 50, 4, 32, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(seen.pixels[:, :, :32], expected, atol=1 if np.dtype(dtype).kind in "ui" else 1e-3)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert seen.step == (4.0, 130 / 33)


def test_the_coarsest_level_that_shows_enough_is_taken():
    pixels = np.zeros((1, 512, 512), np.uint8)
    slide = ArraySlide(pixels, factors=(2, 8, 32))
    assert look_over(slide).pixels.shape == (1, 64, 64)
    read = []
    slide.read = lambda level, window, channels=None: read.append(level) or ArraySlide.read(slide, level, window)
    look_over(slide)
    assert set(read) == {2}
