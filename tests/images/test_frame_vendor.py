"""Frames of vendors' formats, with a stand-in for bioio (an extra that need not be installed)."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cytally.errors import ImageError
from cytally.images.frames import open_timelapses

SCENES = np.random.default_rng(0).integers(0, 60000, (2, 5, 2, 3, 10, 12)).astype(np.uint16)
"""Two scenes of five frames, two channels and three slices."""


class Lazy:
    """As much of a dask array as is used: pixels are there when they are computed."""

    read = 0

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels, self.shape, self.dtype = pixels, pixels.shape, pixels.dtype

    def __getitem__(self, index: Any) -> Lazy:
        return Lazy(self.pixels[index])

    def compute(self, scheduler: str) -> np.ndarray:
        Lazy.read += self.pixels.size
        if self.pixels[0, 0] == 0:
            raise KeyError("block")
        return self.pixels


class FakeBioImage:
    scenes = ("A1", "A2")
    physical_pixel_sizes = SimpleNamespace(Z=2.0, Y=0.5, X=0.5)
    channel_names = ("DAPI", "GFP")
    dims = SimpleNamespace(order="TCZYX")
    time_interval: Any = timedelta(minutes=20)

    def __init__(self, path: Path, reader: Any = None) -> None:
        if path.read_bytes() != b"whole":
            raise ValueError("no image")
        self.current_scene_index = 0

    def set_scene(self, index: int) -> None:
        self.current_scene_index = index

    @property
    def dask_data(self) -> Lazy:
        return Lazy(SCENES[self.current_scene_index])


@pytest.fixture(autouse=True)
def bioio(monkeypatch: pytest.MonkeyPatch) -> None:
    module, plugin = ModuleType("bioio"), ModuleType("bioio_nd2")
    module.BioImage, plugin.Reader = FakeBioImage, object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bioio", module)
    monkeypatch.setitem(sys.modules, "bioio_nd2", plugin)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.nd2"
    path.write_bytes(b"whole")
    return path


def test_every_scene_is_a_timelapse(file: Path) -> None:
    Lazy.read = 0
    one, two = open_timelapses([file])
    assert Lazy.read == 0
    assert (one.interval, one.pixel_size, one.channels, two.name) == (20, 0.5, ("DAPI", "GFP"), "a.nd2#1")
    assert np.array_equal(two.read(3).data, SCENES[1, 3].max(axis=1))
    assert np.array_equal(one.read(4).data, SCENES[0, 4].max(axis=1))
    # Two frames were read, no more.
    assert Lazy.read == 2 * SCENES[0, 0].size


@pytest.mark.parametrize(("told", "expected"), [(None, None), (90.0, 1.5), (timedelta(0), None)])
def test_interval(file: Path, monkeypatch: pytest.MonkeyPatch, told: Any, expected: float | None) -> None:
    monkeypatch.setattr(FakeBioImage, "time_interval", told)
    assert open_timelapses([file])[0].interval == expected


def test_a_damaged_frame(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "SCENES", SCENES.copy())
    SCENES[0, 2, 0, 0, 0, 0] = 0
    found = open_timelapses([file])[0]
    assert [frame.marks for frame in found.frames()] == [(), (), ("unreadable",), (), ()]


def test_refusals(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeBioImage, "dims", None)
    with pytest.raises(ImageError, match=r"a\.nd2: could not be read"):
        open_timelapses([file])
    file.write_bytes(b"broken")
    with pytest.raises(ImageError, match=r"a\.nd2: could not be read by bioio \(no image\); copy it again"):
        open_timelapses([file])
    monkeypatch.setitem(sys.modules, "bioio", None)
    with pytest.raises(ImageError, match=r"install it: pip install 'cytally\[vendor\]'"):
        open_timelapses([file])
