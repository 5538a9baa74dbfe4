"""A slide that is an array."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from cytally.slides.array_slide import ArraySlide


def test_levels_are_means_over_squares() -> None:
    pixels = np.zeros((2, 9, 12), np.uint16)
    pixels[1, :2, :2] = [[1, 2], [3, 5]]
    slide = ArraySlide(pixels, factors=(2, 4), pixel_size=0.5, channels=("a", "b"))
    assert [level.shape for level in slide.levels] == [(9, 12), (4, 6), (2, 3)]
    assert slide.levels[2].downsample == (4.0, 4.0)
    piece = slide.read(1, (slice(0, 1), slice(0, 2)), [1])
    assert piece.pixels.dtype == np.uint16
    assert piece.pixels.tolist() == [[[3, 0]]]  # 2.75, rounded
    assert piece.damaged is None


def test_damage_is_told_at_every_level() -> None:
    bad = np.zeros((8, 8), bool)
    bad[5, 2] = True
    slide = ArraySlide(np.full((1, 8, 8), 9.0), factors=(2,), damaged=bad)
    whole = slide.read(0, (slice(None), slice(None)))
    assert whole.damaged is not None
    assert whole.damaged.sum() == 1
    assert whole.pixels.sum() == 63 * 9
    half = slide.read(1, (slice(2, 3), slice(0, 2)))
    assert half.damaged is not None
    assert half.damaged.tolist() == [[False, True]]
    assert half.pixels.tolist() == [[[9.0, 0.0]]]
    assert slide.read(1, (slice(0, 2), slice(0, 2))).damaged is None


def test_what_is_not_finite_is_damaged() -> None:
    pixels = np.ones((2, 8, 8), np.float32)
    pixels[1, 3, 4] = np.nan
    piece = ArraySlide(pixels).read(0, (slice(3, 4), slice(3, 6)))
    assert piece.damaged is not None
    assert piece.damaged.tolist() == [[False, True, False]]
    assert piece.pixels.tolist() == [[[1, 0, 1]], [[1, 0, 1]]]


def test_windows_and_channels_must_exist() -> None:
    slide = ArraySlide(np.zeros((1, 8, 8)))
    for level, window, channels in (
        (1, (slice(0, 1), slice(0, 1)), None),
        (0, (slice(0, 9), slice(0, 1)), None),
        (0, (slice(-1, 2), slice(0, 1)), None),
        (0, (slice(0, 8, 2), slice(0, 1)), None),
        (0, (slice(0, 1), slice(0, 1)), [1]),
    ):
        with pytest.raises(IndexError, match="array"):
            slide.read(level, window, channels)


def test_pickled() -> None:
    slide = pickle.loads(pickle.dumps(ArraySlide(np.ones((1, 8, 8)), factors=(2,))))
    with slide:
        assert slide.read(1, (slice(None), slice(None))).pixels.sum() == 16
