"""Slides through openslide, tried on a format that tifffile can write as well."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.slides.openslide_slide import OpenSlideSlide, open_openslide
from cytally.slides.slide import open_slides


@pytest.fixture
def svs(tmp_path: Path) -> Path:
    """An uncompressed slide of two levels, 0.5 micrometres per pixel."""
    level0 = picture()
    about = "Aperio Image Library v12\n1100 x 700 [0,0 1100x700] (256x256)|AppMag = 20|MPP = 0.5"
    with tifffile.TiffWriter(tmp_path / "a.svs") as file:
        for pixels in (level0, level0[::8, ::8], level0[::4, ::4]):
            tiled = {"tile": (256, 256)} if pixels.shape[0] != 88 else {"subfiletype": 0}
            file.write(pixels, description=about, photometric="rgb", metadata=None, **tiled)
    return tmp_path / "a.svs"


def picture() -> NDArray[Any]:
    return np.random.default_rng(0).integers(0, 255, (700, 1100, 3)).astype(np.uint8)


def test_reads_what_tifffile_reads(svs: Path) -> None:
    pytest.importorskip("openslide")
    slide, (other,) = open_openslide(svs, None), open_slides(svs)
    assert (slide.name, slide.channels, slide.pixel_size) == (other.name, other.channels, 0.5)
    assert [level.shape for level in slide.levels] == [level.shape for level in other.levels]
    for level, window in ((0, (slice(300, 700), slice(500, 1100))), (1, (slice(0, 175), slice(30, 270)))):
        piece = slide.read(level, window, [2, 0])
        assert piece.damaged is None
        assert np.array_equal(piece.pixels, other.read(level, window, [2, 0]).pixels)
    assert np.array_equal(slide.read(0, (slice(0, 9), slice(0, 9))).pixels, np.moveaxis(picture()[:9, :9], -1, 0))
    slide.close()
    assert slide.read(0, (slice(0, 9), slice(0, 9))).damaged is None


def test_what_was_not_scanned_is_background(svs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openslide")
    from PIL import Image

    class Handle:
        level_dimensions = ((20, 10),)
        level_downsamples = (1.0,)

        def read_region(self, _corner: Any, _level: int, size: tuple[int, int]) -> Image.Image:
            picture = np.zeros((size[1], size[0], 4), np.uint8)
            picture[:, :5] = (10, 20, 30, 255)
            return Image.fromarray(picture)

    slide = open_openslide(svs, None)
    monkeypatch.setattr(slide, "_handle", Handle())
    row = slide.read(0, (slice(0, 1), slice(3, 7))).pixels[:, 0]
    assert row.T.tolist() == [[10, 20, 30], [10, 20, 30], [255, 255, 255], [255, 255, 255]]


def test_damaged_tile(svs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    openslide = pytest.importorskip("openslide")
    plain = openslide.OpenSlide.read_region

    def read_region(self: Any, corner: tuple[int, int], level: int, size: tuple[int, int]) -> Any:
        if corner == (512, 0):
            raise openslide.OpenSlideError("bad tile")
        return plain(self, corner, level, size)

    monkeypatch.setattr(openslide.OpenSlide, "read_region", read_region)
    piece = open_openslide(svs, None).read(0, (slice(0, 700), slice(0, 1100)))
    assert piece.damaged is not None
    assert piece.damaged[:512, 512:1024].all()
    assert piece.damaged.sum() == 512 * 512
    assert np.array_equal(piece.pixels, np.moveaxis(np.where(piece.damaged[..., None], 0, picture()), -1, 0))


def test_pickled(svs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openslide")
    monkeypatch.setattr("cytally.slides.readers.OPENSLIDE", (".svs",))
    (slide,) = open_slides(svs, pixel_size=0.3)
    again = pickle.loads(pickle.dumps(slide))
    assert isinstance(again, OpenSlideSlide)
    assert again.pixel_size == 0.3
    assert again.read(1, (slice(0, 4), slice(0, 4))).pixels.shape == (3, 4, 4)


def test_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mrxs").write_text("no slide")
    if "openslide" in sys.modules or pytest.importorskip("openslide"):
        with pytest.raises(ImageError, match=r"a\.mrxs: could not be read by openslide \(.*\); copy it again"):
            open_slides(tmp_path / "a.mrxs")
    monkeypatch.setitem(sys.modules, "openslide", None)
    with pytest.raises(
        ImageError, match=r"a\.mrxs: needs openslide .*; install it: pip install 'cytally\[openslide\]'"
    ):
        open_slides(tmp_path / "a.mrxs")
