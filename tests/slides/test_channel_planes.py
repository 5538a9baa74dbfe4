"""Which pictures of a file belong to which channel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cytally.errors import ImageError
from cytally.slides.channel_planes import find_planes

FILE = Path("a.tif")


def test_one_picture() -> None:
    assert find_planes((1000, 2000), "YX", FILE).numbers.tolist() == [[0]]
    planes = find_planes((1000, 2000, 3), "YXS", FILE)
    assert planes.numbers.tolist() == [[0], [1], [2]]
    assert planes.channels == ("red", "green", "blue")


def test_a_picture_larger_than_memory_takes_none() -> None:
    assert find_planes((2, 10**7, 10**7), "CYX", FILE, names=("a", "b")).channels == ("a", "b")


def test_channels_and_depths_in_any_order() -> None:
    shape = {"T": 1, "C": 2, "Z": 3, "Y": 64, "X": 80}
    for axes in ("TCZYX", "ZCYX", "CZYX", "ZYXC"):
        numbers = find_planes(tuple(shape[letter] for letter in axes), axes, FILE).numbers
        outer = [shape[letter] for letter in axes if letter not in "YX"]
        for channel, depth in np.ndindex(2, 3):
            place = {"T": 0, "C": channel, "Z": depth}
            index = tuple(place[letter] for letter in axes if letter not in "YX")
            assert numbers[channel, depth] == np.ravel_multi_index(index, outer)


def test_refusals() -> None:
    with pytest.raises(ImageError, match=r"a\.tif: has shape .* nothing in it tells .* --axes ZYX"):
        find_planes((3, 64, 80), "QYX", FILE)
    with pytest.raises(ImageError, match=r"a\.tif: is a time-lapse of 3 images"):
        find_planes((3, 64, 80), "QYX", FILE, said="TYX")
    with pytest.raises(ImageError, match=r"a\.tif: is stored with its rows and columns as YX"):
        find_planes((64, 64), "YX", FILE, said="XY")
    with pytest.raises(ImageError, match=r"a\.tif: has both channels and colours"):
        find_planes((2, 64, 80, 3), "CYXS", FILE)
