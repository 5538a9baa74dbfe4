"""What files tell of time."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given
from hypothesis import strategies as st

from cytally.images.frame_files import look
from cytally.images.frame_times import from_dates, growing, minutes, ome_times, parse_date

imwrite = partial(tifffile.imwrite, photometric="minisblack")
STACK = np.random.default_rng(0).integers(0, 255, (4, 16, 20)).astype(np.uint8)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(60, "s", 1), (20, "min", 20), (2, "h", 120), (30000, "ms", 0.5), (1, "day", 1440), (90, "\\u00B5s", 1.5e-6)],
)
def test_minutes(value: float, unit: str, expected: float) -> None:
    assert minutes(value, unit) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "soon", None])
def test_no_minutes(value: Any) -> None:
    assert minutes(value, "s") is None
    assert minutes(1, "pixel") is None


@given(st.lists(st.integers(60, 10_000), min_size=2))
def test_dates_become_minutes(seconds: list[int]) -> None:
    dates = [datetime(2024, 2, 28) + timedelta(seconds=sum(seconds[:place])) for place in range(len(seconds))]
    expected = [sum(seconds[:place]) / 60 for place in range(len(seconds))]
    assert from_dates(dates) == pytest.approx(expected)


def test_dates_that_tell_nothing() -> None:
    noon = datetime(2024, 1, 1, 12)
    late = noon + timedelta(minutes=5)
    assert from_dates([noon, None, late]) is None
    assert from_dates([noon, noon]) is None
    assert from_dates([late, noon]) is None
    assert from_dates([noon]) is None
    # Saved all at once: ten frames in two seconds.
    assert from_dates([noon] * 9 + [noon + timedelta(seconds=2)]) is None
    assert from_dates([noon, noon, late]) == (0, 2.5, 5)
    assert growing((0.0, 1.0, 1.0)) is None
    assert parse_date("2024:13:01 00:00:00") is None


def test_imagej(tmp_path: Path) -> None:
    cases = {("sec", 90): 1.5, ("min", 20): 20, ("hour", 1): 60, ("sec", 0): None}
    for (unit, interval), expected in cases.items():
        path = tmp_path / "a.tif"
        imwrite(path, STACK, imagej=True, metadata={"axes": "TYX", "finterval": interval, "tunit": unit})
        (scene,) = look(path)
        assert scene.told.interval == expected
        assert (scene.times, scene.shape, scene.channels) == (4, (16, 20), ("",))


def test_ome(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    about: dict[str, Any] = {"axes": "TYX", "TimeIncrement": 20.0, "TimeIncrementUnit": "min"}
    imwrite(path, STACK, metadata=about)
    assert (look(path)[0].told.interval, look(path)[0].told.times) == (20, None)
    planes = {"DeltaT": [10.0, 70.0, 140.0, 190.0], "DeltaTUnit": ["s"] * 4}
    imwrite(path, STACK, metadata={**about, "Plane": planes})
    assert look(path)[0].told.times == pytest.approx((0, 1, 130 / 60, 3))
    # Times that do not grow are none.
    imwrite(path, STACK, metadata={**about, "Plane": {"DeltaT": [0.0] * 4}})
    assert (look(path)[0].told.interval, look(path)[0].told.times) == (20, None)


def test_ome_xml() -> None:
    def told(inside: str, attributes: str = "") -> Any:
        xml = f'<OME><Image><Pixels SizeT="2" {attributes}>{inside}</Pixels></Image></OME>'
        return ome_times(xml)[0]

    # Of channels and slices the first counts; seconds by default.
    planes = '<Plane TheT="0" DeltaT="9"/><Plane TheT="0" DeltaT="3"/><Plane TheT="1" DeltaT="63"/>'
    assert told(planes).times == (0, 1)
    assert told('<Plane TheT="0" DeltaT="0"/>').times is None
    assert told('<Plane TheT="0" DeltaT="x"/><Plane TheT="1" DeltaT="9" DeltaTUnit="reference frame"/>').times is None
    assert told("", 'TimeIncrement="30"').interval == 0.5
    assert ome_times("<OME") == ome_times(None) == []


def test_dates_of_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        for place, frame in enumerate(STACK):
            file.write(frame, metadata=None, datetime=f"2024:01:31 23:{50 + place}:00")
    (scene,) = look(path)
    assert scene.told.dates == tuple(datetime(2024, 1, 31, 23, 50 + place) for place in range(4))


@pytest.mark.parametrize(("unit", "step", "expected"), [("minute", 20, 20), ("second", 90, 1.5), (None, 1, None)])
def test_zarr(tmp_path: Path, unit: str | None, step: float, expected: float | None) -> None:
    axes = [{"name": "t", "type": "time", **({"unit": unit} if unit else {})}, {"name": "y"}, {"name": "x"}]
    datasets = [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [step, 1.0, 1.0]}]}]
    about = {"ome": {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}}
    group = zarr.open_group(tmp_path / "a.ome.zarr", mode="w", attributes=about)
    group.create_array("0", data=STACK, chunks=(1, 16, 20))
    (scene,) = look(tmp_path / "a.ome.zarr")
    assert (scene.told.interval, scene.times) == (expected, 4)
