"""Which axis is time."""

from __future__ import annotations

from pathlib import Path

import pytest

from cytally.errors import ImageError
from cytally.images.frame_axes import find_time

PATH = Path("a.tif")


@pytest.mark.parametrize(
    ("told", "shape", "axes", "expected"),
    [
        ("QYX", (5, 16, 20), None, "TYX"),
        ("IYXS", (5, 16, 20, 3), None, "TYXS"),
        ("QQYX", (1, 5, 16, 20), None, "_TYX"),
        ("TCZYXS", (5, 1, 1, 16, 20, 3), None, "T_ZYXS"),
        ("ZYX", (5, 16, 20), None, "ZYX"),
        ("ZYX", (5, 16, 20), "TYX", "TYX"),
        ("ZYX", (5, 16, 20), "tyx", "TYX"),
        ("TCZYX", (5, 1, 1, 16, 20), "TYX", "T__YX"),
        ("YX", (16, 20), "TYX", "YX"),
        ("QYX", (2, 16, 20), "TCYX", "CYX"),
    ],
)
def test_axes(told: str, shape: tuple[int, ...], axes: str | None, expected: str) -> None:
    assert find_time(told, shape, PATH, axes) == expected


def test_refusals() -> None:
    with pytest.raises(ImageError, match=r"a\.tif: has shape \(5, 2, 16, 20\), and nothing in it tells .*--axes ZTYX"):
        find_time("QQYX", (5, 2, 16, 20), PATH)
    with pytest.raises(ImageError, match=r"--axes TZYX or --axes TCYX"):
        find_time("TQYX", (5, 2, 16, 20), PATH)
    for axes in ("TTYX", "TCZY", "YX", "ABYX"):
        with pytest.raises(ImageError, match=rf"has shape \(5, 2, 16, 20\), which the axes '{axes}' do not fit"):
            find_time("TCYX", (5, 2, 16, 20), PATH, axes)
    with pytest.raises(ImageError, match="both channels and colours"):
        find_time("TCYXS", (5, 2, 16, 20, 3), PATH)
