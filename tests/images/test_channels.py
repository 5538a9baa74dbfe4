"""Which channel to count in."""

from __future__ import annotations

import numpy as np
import pytest

from cytally.errors import ImageError
from cytally.images.channels import find_channel, most_varying
from cytally.images.image import Plane

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
@pytest.mark.parametrize("signal", [0, 1, 2])
def test_the_channel_with_cells(dtype: type, signal: int) -> None:
    data = RNG.normal(50, 8, (3, 64, 80))
    data[signal, 10:20, 10:20] = 110
    assert most_varying(data.astype(dtype)) == signal


def test_a_bright_flat_channel_does_not_vary() -> None:
    data = np.stack([np.full((20, 20), 250, np.uint8), np.pad(np.full((8, 8), 40, np.uint8), 6)])
    assert most_varying(data) == 1


def test_a_hot_pixel_is_not_cells() -> None:
    data = np.zeros((2, 64, 64), np.uint16)
    data[0, 5, 5] = 1000
    data[1, 20:36, 20:36] = 100
    # The plain standard deviation would be 15.6 against 24.2 here, and 4 hot pixels would already win.
    data[0, [9, 21, 45], [50, 14, 31]] = 1000
    assert data[0].std() > data[1].std()
    assert most_varying(data) == 1


def test_the_first_of_equals_and_odd_sizes() -> None:
    channel = RNG.random((9, 11))
    assert most_varying(np.stack([channel, channel])) == 0
    assert most_varying(np.zeros((3, 8, 8))) == 0
    assert most_varying(np.stack([np.zeros((1, 3)), np.arange(3.0)[None]])) == 1


PLANE = Plane(np.zeros((3, 8, 8)), name="a.tif", channels=("DAPI", "", "Cy 5"))


@pytest.mark.parametrize(("asked", "index"), [("0", 0), ("2", 2), ("dapi", 0), ("DAPI", 0), (" cy 5 ", 2)])
def test_find_channel(asked: str, index: int) -> None:
    assert find_channel(PLANE, asked) == index


@pytest.mark.parametrize("asked", ["3", "-1", "green", "", "²"])
def test_a_channel_that_is_not_there(asked: str) -> None:
    with pytest.raises(ImageError) as caught:
        find_channel(PLANE, asked)
    assert caught.value.line() == f"a.tif: has no channel '{asked}'; choose from: 0 (DAPI), 1, 2 (Cy 5)"


def test_colours_by_name() -> None:
    assert find_channel(Plane(np.zeros((3, 8, 8)), channels=("red", "green", "blue")), "Green") == 1


def test_of_one_channel_nothing_is_computed() -> None:
    class Untouched(np.ndarray):
        def reshape(self, *shape: object, **how: object) -> np.ndarray:
            raise AssertionError("looked at")

    assert most_varying(np.zeros((1, 8, 8)).view(Untouched)) == 0
