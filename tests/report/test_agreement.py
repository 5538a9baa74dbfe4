"""Hit, false and missed in colours."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cytally.report.agreement import BLUE, GREEN, OPACITY, RED, WHITE, YELLOW, agreement

SIDE = 900
"""Neither enlarged nor shrunk."""


def labels(*boxes: tuple[int, int, int, int]) -> NDArray[np.uint16]:
    made = np.zeros((SIDE, SIDE), np.uint16)
    for number, (top, bottom, left, right) in enumerate(boxes, start=1):
        made[top:bottom, left:right] = number
    return made


def byte(colour: NDArray[np.float32], opacity: float = 1.0, grey: float = 0.0) -> list[int]:
    return np.rint((grey + (colour - grey) * np.float32(opacity)) * 255).astype(int).tolist()


def test_colours_lie_where_they_belong() -> None:
    rgb = agreement(np.zeros((1, SIDE, SIDE), np.uint8), 0, labels((100, 200, 100, 300)), labels((100, 200, 200, 400)))
    assert rgb.shape == (SIDE, SIDE, 3) and rgb.dtype == np.uint8
    assert rgb[150, 150].tolist() == byte(BLUE, OPACITY), "missed"
    assert rgb[150, 250].tolist() == byte(GREEN, OPACITY), "hit"
    assert rgb[150, 350].tolist() == byte(RED, OPACITY), "false"
    assert rgb[50, 50].tolist() == [0, 0, 0]
    assert rgb[150, 100].tolist() == rgb[150, 299].tolist() == byte(WHITE), "rim of the true one"
    assert rgb[150, 200].tolist() == rgb[150, 399].tolist() == byte(YELLOW), "rim of the predicted one"
    inside = rgb[101:199, 101:199].reshape(-1, 3)
    assert (inside == inside[0]).all(), "lines are one pixel thin"


def test_merged_and_split_objects_show_a_line_within() -> None:
    pair, one = labels((100, 200, 100, 150), (100, 200, 150, 200)), labels((100, 200, 100, 200))
    image = np.zeros((1, SIDE, SIDE))
    assert agreement(image, 0, pair, one)[150, 149:151].tolist() == [byte(WHITE)] * 2
    assert agreement(image, 0, one, pair)[150, 149:151].tolist() == [byte(YELLOW)] * 2


def test_a_line_does_not_hide_the_smallest_objects() -> None:
    rgb = agreement(np.zeros((1, SIDE, SIDE)), 0, labels(), labels((100, 102, 100, 102)))
    assert rgb[101, 101].tolist() == byte(RED, OPACITY)


def test_the_image_shows_through_in_grey() -> None:
    image = np.zeros((3, SIDE, SIDE), np.uint8)
    image[2, :, 450:] = 255
    rgb = agreement(image, None, labels((100, 200, 500, 600)), labels((100, 200, 500, 600)))
    assert rgb[0, 0].tolist() == [0, 0, 0] and rgb[0, 899].tolist() == [85, 85, 85]
    assert rgb[150, 550].tolist() == byte(GREEN, OPACITY, grey=1 / 3)


def test_large_and_small_images() -> None:
    nuclei = np.zeros((100, 4000), np.uint32)
    nuclei[:, 2000:] = 70_000
    rgb = agreement(np.zeros((1, 100, 4000)), 0, nuclei, nuclei)
    assert rgb.shape == (40, 1600, 3)
    assert rgb[20, 1200].tolist() == byte(GREEN, OPACITY) and rgb[20, 400].tolist() == [0, 0, 0]
    assert agreement(np.zeros((1, 30, 20)), 0, nuclei[:30, :20], nuclei[:30, :20]).shape == (120, 80, 3)


def test_labels_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(900, 900\) do not fit .*\(1, 9, 9\)"):
        agreement(np.zeros((1, 9, 9)), 0, labels(), labels())
