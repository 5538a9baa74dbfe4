"""Windows of any resolution."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from cytally.app.picture import Picture, of_array, open_picture, shrunk
from cytally.app.pictures import Pictures


@pytest.mark.parametrize("shape", [(8, 8), (256, 256), (257, 300), (1000, 513), (9, 2100)])
def test_the_tiles_of_every_level_make_up_the_level(shape):
    pixels = np.random.default_rng(0).integers(0, 255, (2, *shape), dtype=np.uint8)
    picture = Picture([of_array(pixels)], ("", ""), pixels.dtype)
    assert picture.levels[-1] == shape and max(picture.levels[0]) <= 256
    for level, (height, width) in enumerate(picture.levels):
        rows, columns = -(-height // 256), -(-width // 256)
        tiles = [[picture.tile(level, column, row, [1]) for column in range(columns)] for row in range(rows)]
        whole = np.concatenate([np.concatenate(row, axis=2) for row in tiles], axis=1)
        assert whole.shape == (1, height, width)
        assert picture.tile(level, columns, 0, [1]) is None and picture.tile(level, 0, rows, [1]) is None
    np.testing.assert_array_equal(whole[0], pixels[1])
    assert picture.tile(len(picture.levels), 0, 0, [0]) is None


def test_means_are_means():
    pixels = np.arange(16, dtype=np.uint16).reshape(1, 4, 4) * 4
    assert shrunk(pixels, (2, 2)).tolist() == [[[10, 18], [42, 50]]]


def test_a_large_image_without_a_pyramid_gets_its_levels_once(tmp_path):
    path = tmp_path / "large.tif"
    pixels = np.random.default_rng(0).integers(0, 255, (5000, 5100), dtype=np.uint8)
    tifffile.imwrite(path, pixels, tile=(256, 256))
    picture = Pictures(tmp_path / "cache").get("id", path, "")
    (kept,) = (tmp_path / "cache" / "levels" / "id").iterdir()
    written = kept.stat().st_mtime_ns
    tile = picture.tile(0, 0, 0, [0])
    assert tile.shape[0] == 1 and abs(float(tile.mean()) - pixels.mean()) < 2
    np.testing.assert_array_equal(picture.tile(len(picture.levels) - 1, 1, 2, [0])[0], pixels[512:768, 256:512])
    Pictures(tmp_path / "cache").get("id", path, "")
    assert kept.stat().st_mtime_ns == written


def test_a_plane_that_is_gone_is_told(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((20, 20), np.uint8))
    with pytest.raises(cytally_error(), match="has no plane #0,3 any more"):
        open_picture(tmp_path / "a.tif", "#0,3")


def cytally_error():
    from cytally.errors import ImageError

    return ImageError
