"""From an array and its axes to an image, or to the cure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cytally.errors import ImageError
from cytally.images.assemble import Scene, assemble

PATH = Path("a.tif")


@pytest.mark.parametrize(
    ("axes", "cure"),
    [
        ("QYX", "name them: --axes ZYX, --axes TYX or --axes CYX"),
        ("IYXS", "name them: --axes ZYXS or --axes TYXS"),
        ("QCYX", "name them: --axes ZCYX or --axes TCYX"),
        ("QQQYX", "name them: --axes ZTCYX"),
        ("QQQQYX", "name them with --axes, one letter out of TCZYXS for each"),
        ("QQQ", "name them with --axes, one letter out of TCZYXS for each"),
    ],
)
def test_the_cure_names_what_may_be_meant(axes: str, cure: str) -> None:
    with pytest.raises(ImageError) as caught:
        assemble([Scene(np.zeros((2,) * len(axes)), axes)], PATH)
    assert caught.value.cure == cure


def test_single_channels_beside_colours_are_dropped() -> None:
    (image,) = assemble([Scene(np.zeros((1, 9, 8, 3)), "CYXS", ("histology",))], PATH)
    assert image.data.shape == (1, 3, 1, 9, 8)
    assert image.channels == ("red", "green", "blue")
    (image,) = assemble([Scene(np.zeros((2, 9, 8, 1)), "CYXS", ("a", "b"))], PATH)
    assert image.data.shape == (1, 2, 1, 9, 8)
    assert image.channels == ("a", "b")


def test_channels_of_colours_are_refused() -> None:
    with pytest.raises(ImageError, match=r"a\.tif: has both channels and colours .*; save each channel in grey"):
        assemble([Scene(np.zeros((2, 9, 8, 3)), "CYXS")], PATH)


@pytest.mark.parametrize("axes", ["ZY", "ZYX1", "YYX", "ZYQ", ""])
def test_axes_that_do_not_fit(axes: str) -> None:
    with pytest.raises(ImageError, match=rf"has shape \(4, 9, 8\), which the axes '{axes}' do not fit; give --axes 3"):
        assemble([Scene(np.zeros((4, 9, 8)), "ZYX")], PATH, axes)
