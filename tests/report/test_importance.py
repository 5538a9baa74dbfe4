"""The picture of what mattered."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from skimage.io import imread

from cytally.report.importance import Tried, importance_picture

ORANGE = (0xD5, 0x5E, 0x00)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(imread(io.BytesIO(png)))[..., :3]


def of_colour(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((picture == colour).all(-1).sum())


def test_the_best_is_marked_and_panels_make_it_grow() -> None:
    tried = Tried("training.learning_rate", [1e-4, 1e-3, 1e-2], [4.0, 1.0, 90.0], [True, True, False], log=True)
    one = pixels(importance_picture({"training.learning_rate": 1.0}, [tried]))
    assert of_colour(one, ORANGE) > 10
    more = pixels(importance_picture({"a": 0.5, "b": 0.5}, [tried] * 4))
    assert more.shape[0] > one.shape[0] and more.shape[1] > one.shape[1]
    nothing = Tried("a", [1.0], [2.0], [False])
    assert of_colour(pixels(importance_picture({"a": 1.0}, [nothing])), ORANGE) == 0


@pytest.mark.parametrize("joined", [True, False])
def test_nothing_to_show_is_no_error(joined: bool) -> None:
    empty = Tried("a", [], [], [], log=True, joined=joined)
    assert pixels(importance_picture({"a": math.nan}, [empty], objective="accuracy", method="range")).size
