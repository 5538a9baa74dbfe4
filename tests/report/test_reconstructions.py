"""Pictures side by side."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image as Pillow

from cytally.report.reconstructions import PictureRow, as_colours, draw_rows, shown_range

RNG = np.random.default_rng(0)


def test_original_and_reconstruction_share_black_and_white() -> None:
    """A reconstruction of half the brightness shows as half as bright, though stretched by itself it would not."""
    original = np.zeros((1, 1, 10, 10), np.float32)
    original[..., 5:, :] = 0.2
    shades = []
    for values in (original, original / 2):
        row = PictureRow("", values, original)
        shades.append(float(as_colours(row.pictures[0], *shown_range(row.like)).max()))
    assert shades == [1.0, 0.5]


def test_colours_of_one_two_and_three_channels() -> None:
    picture = RNG.random((3, 4, 5), dtype=np.float32)
    assert np.array_equal(as_colours(picture, 0, 1), np.moveaxis(picture, 0, -1))
    two = as_colours(picture[:2], 0, 1)
    assert two.shape == (4, 5, 3) and np.array_equal(two[..., 1], picture[:2].max(axis=0))


def test_rows_of_different_length_are_drawn() -> None:
    pictures = RNG.random((3, 1, 8, 8), dtype=np.float32)
    short = PictureRow("few", pictures[:1], pictures)
    wide, narrow = (
        Pillow.open(io.BytesIO(draw_rows(rows))).size
        for rows in ([PictureRow("many", pictures, pictures, ["a", "b", "c"]), short], [short])
    )
    assert wide[0] > narrow[0] and wide[1] > narrow[1]
