import numpy as np
import pytest

from cytally.errors import ImageError
from cytally.slides import overview as module
from cytally.slides.array_slide import ArraySlide
from cytally.slides.overview import look_over
from cytally.slides.slide import Piece


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


class Spoiled(ArraySlide):
    """Some rows of some levels cannot be decoded."""

    def __init__(self, pixels, factors, rows):
        super().__init__(pixels, factors=factors)
        self.rows = rows

    def read(self, level, window, channels=None):
        piece = super().read(level, window, channels)
        bad = np.zeros(piece.pixels.shape[1:], bool)
        bad[(np.arange(window[0].start, window[0].stop) < self.rows.get(level, 0))] = True
        return Piece(np.where(bad, 0, piece.pixels), bad if bad.any() else None)


def test_damage_is_told(caplog):
    look_over(Spoiled(np.ones((1, 256, 128), np.uint8), (), {0: 64}))
    assert [
        record.getMessage().endswith(": 25 % of its pixels are damaged and left out") for record in caplog.records
    ] == [True]
    caplog.clear()
    look_over(Spoiled(np.ones((1, 256, 128), np.uint8), (), {}))
    assert not caplog.records


def test_of_a_level_that_is_damaged_all_over_the_next_finer_one_is_taken():
    pixels = np.full((1, 512, 512), 7, np.uint8)
    assert (look_over(Spoiled(pixels, (2, 8), {2: 64})).pixels == 7).all()


def test_a_slide_that_is_damaged_all_over_is_refused():
    pixels = np.full((1, 512, 512), 7, np.uint8)
    with pytest.raises(ImageError, match="is damaged all over; copy or export it again"):
        look_over(Spoiled(pixels, (2, 8), {0: 512, 1: 256, 2: 64}))
