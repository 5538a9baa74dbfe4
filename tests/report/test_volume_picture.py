"""The drawing of a few slices with coloured outlines."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.report.volume_picture import COLOURS, GAP, LETTERS, DrawnSlice, choose_slices, draw_slices, outline

HEAD = LETTERS + GAP


def test_an_outline_lies_inside_its_object_and_has_its_colour() -> None:
    labels = np.zeros((9, 12), int)
    labels[1:6, 1:6], labels[1:6, 6:11] = 1, 2 + len(COLOURS)
    picture = np.zeros((9, 12, 3), np.uint8)
    outline(picture, labels)
    drawn = picture.any(axis=2)
    expected = labels > 0
    expected[2:5, 2:5] = expected[2:5, 7:10] = False
    assert (drawn == expected).all()
    assert (picture[1, 1] == COLOURS[0]).all() and (picture[1, 7] == COLOURS[1]).all()


def test_labels_of_another_size_are_outlined_where_they_are() -> None:
    labels = np.zeros((4, 4), int)
    labels[1:3, 1:3] = 3
    picture = np.zeros((16, 16, 3), np.uint8)
    outline(picture, labels)
    rows, columns = np.nonzero(picture.any(axis=2))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 11, 4, 11)
    assert not picture[6:10, 6:10].any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(20, 30), (1, 1), (900, 1500)])
def test_slices_stand_side_by_side(dtype: type, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    pixels = (255 * rng.random((3, *shape))).astype(dtype)
    slices = [DrawnSlice(z, pixels[z], np.zeros(shape, np.uint16)) for z in range(3)]
    picture = draw_slices(slices, 12)
    factor = min(640 / max(shape), 4) if max(shape) < 640 else 640 / max(shape)
    height, width = (max(1, round(side * factor)) for side in shape)
    assert picture.shape == (HEAD + height, 3 * (width + GAP) - GAP, 3) and picture.dtype == np.uint8


def test_slices_share_one_contrast() -> None:
    """A dim slice beside a bright one stays dim."""
    ramp = np.tile(np.linspace(0, 100, 40), (40, 1))
    slices = [DrawnSlice(z, scale * ramp, np.zeros((40, 40), int)) for z, scale in enumerate((1.0, 10.0))]
    picture = draw_slices(slices, 2)[HEAD:]
    half = (picture.shape[1] - GAP) // 2
    assert picture[:, :half].max() < 0.2 * picture[:, -half:].max()


def test_the_slices_that_show_objects() -> None:
    assert choose_slices(100, 10, 90) == [10, 30, 50, 70, 90]
    assert choose_slices(100, 10, 11) == [10, 11]
    assert choose_slices(1) == [0] and choose_slices(2, 1, 1) == [1]
    assert choose_slices(100) == [0, 25, 50, 74, 99]
