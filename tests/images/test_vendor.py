"""Vendors' formats, with a stand-in for bioio (an extra that need not be installed), and one real CZI where it is."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cytally.errors import ImageError
from cytally.images.read import read

SCENES = np.random.default_rng(0).integers(0, 60000, (2, 1, 2, 3, 10, 12)).astype(np.uint16)


class FakeBioImage:
    """As much of bioio.BioImage as is used: two scenes of two channels and three slices."""

    scenes = ("A1", "A1")
    physical_pixel_sizes = SimpleNamespace(Z=2.0, Y=0.5, X=0.5)
    channel_names = ("DAPI", "GFP")

    def __init__(self, path: Path, reader: Any = None) -> None:
        if path.read_bytes() != b"whole":
            raise ValueError(f"'{path}' is no image. You may need to install an extra format dependency.")
        self.reader = reader
        self.dims = SimpleNamespace(order="TCZYX")

    def set_scene(self, index: int) -> None:
        self.data = SCENES[index]


@pytest.fixture
def bioio(monkeypatch: pytest.MonkeyPatch) -> None:
    module, plugin = ModuleType("bioio"), ModuleType("bioio_nd2")
    module.BioImage, plugin.Reader = FakeBioImage, object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bioio", module)
    monkeypatch.setitem(sys.modules, "bioio_nd2", plugin)
    monkeypatch.setitem(sys.modules, "bioio_czi", None)


@pytest.mark.usefixtures("bioio")
def test_every_scene_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.nd2"
    path.write_bytes(b"whole")
    images = read(path)
    assert [(image.scene, image.scenes) for image in images] == [(0, 2), (1, 2)]
    assert np.array_equal(images[1].data, SCENES[1])
    assert (images[0].channels, images[0].pixel_size, images[0].z_spacing) == (("DAPI", "GFP"), 0.5, 2.0)


@pytest.mark.usefixtures("bioio")
def test_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.moveaxis(SCENES[:, :, :1, 0, :, :, None].repeat(3, -1), 0, 0)
    monkeypatch.setattr(
        FakeBioImage, "set_scene", lambda self, index: vars(self).update(data=pixels[index][:, :, None])
    )
    monkeypatch.setattr(FakeBioImage, "__init__", lambda self, path, reader=None: None)
    monkeypatch.setattr(FakeBioImage, "dims", SimpleNamespace(order="TCZYXS"), raising=False)
    path = tmp_path / "a.nd2"
    path.write_bytes(b"whole")
    image = read(path)[0]
    assert image.channels == ("red", "green", "blue")
    assert image.data.shape == (1, 3, 1, 10, 12)
    assert np.array_equal(image.data[0, 2, 0], SCENES[0, 0, 0, 0])


@pytest.mark.usefixtures("bioio")
def test_a_refusal_says_why(tmp_path: Path) -> None:
    for name, cure in (
        ("a.nd2", "copy it again or export"),
        ("a.vsi", r"install bioio's plugin for \.vsi files, or export"),
    ):
        path = tmp_path / name
        path.write_bytes(b"broken")
        with pytest.raises(ImageError, match=rf"{name}: could not be read by bioio \('{name}' is no image\); {cure}"):
            read(path)


@pytest.mark.usefixtures("bioio")
def test_a_missing_plugin_names_the_extra(tmp_path: Path) -> None:
    path = tmp_path / "a.czi"
    path.write_bytes(b"whole")
    with pytest.raises(ImageError, match=r"a\.czi: needs bioio .*; install it: pip install 'cytally\[vendor\]'$"):
        read(path)


@pytest.mark.parametrize("ending", ["nd2", "CZI", "lif", "oib"])
def test_missing_bioio_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setitem(sys.modules, "bioio", None)
    path = tmp_path / f"a.{ending}"
    path.write_bytes(b"whole")
    with pytest.raises(ImageError, match=rf"a\.{ending}: needs bioio .*; install it: pip install 'cytally\[vendor\]'$"):
        read(path)


def test_a_real_czi(tmp_path: Path) -> None:
    pytest.importorskip("bioio_czi", exc_type=ImportError)
    czi = pytest.importorskip("pylibCZIrw.czi", exc_type=ImportError)
    path = tmp_path / "a.czi"
    with czi.create_czi(str(path)) as file:
        for channel in range(2):
            for depth in range(3):
                file.write(SCENES[0, 0, channel, depth, ..., None], plane={"T": 0, "C": channel, "Z": depth})
        file.write_metadata("a", channel_names={0: "DAPI", 1: "GFP"}, scale_x=5e-7, scale_y=5e-7, scale_z=2e-6)
    (image,) = read(path)
    assert np.array_equal(image.data, SCENES[0])
    assert image.channels == ("DAPI", "GFP")
    assert (image.pixel_size, image.z_spacing) == (pytest.approx(0.5), pytest.approx(2.0))
