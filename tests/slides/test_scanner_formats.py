"""What slide scanners make of TIFF: NDPI with its one long JPEG, SCN with its collection of images."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import tiffslide
from numpy.typing import NDArray
from PIL import Image

from cytally.errors import ImageError
from cytally.slides.slide import Slide, open_slides

NAMESPACE = "http://www.leica-microsystems.com/scn/2010/10/01"


def picture(height: int, width: int) -> NDArray[np.uint8]:
    y, x = np.indices((height, width))
    return np.stack([(y + x) % 200, (2 * y) % 250, (x // 2) % 230], axis=-1).astype(np.uint8)


def write_ndpi(path: Path, levels: list[NDArray[np.uint8]], *, restarts: bool = True) -> None:
    """Each level is one JPEG, in which a tag tells where decoding may start."""
    with tifffile.TiffWriter(path) as file:
        for number, level in enumerate(levels):
            stream = io.BytesIO()
            Image.fromarray(level).save(stream, "JPEG", quality=95, subsampling=2, restart_marker_blocks=4)
            data = stream.getvalue()
            # The first scan begins after its header, the next ones after a marker FF D0 to FF D7.
            scan = data.index(b"\xff\xda")
            starts = [scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")]
            starts += [
                i + 2 for i in range(starts[0], len(data) - 1) if data[i] == 0xFF and 0xD0 <= data[i + 1] <= 0xD7
            ]
            tags: list[Any] = [
                (65420, "I", 1, 1, True),
                (271, "s", None, "Hamamatsu", True),
                (65421, "f", 1, 20.0 / 4**number, True),
            ]
            if restarts:
                tags.append((65426, "I", len(starts), starts, True))
            file.write(
                iter([data]),
                shape=level.shape,
                dtype=np.uint8,
                compression="jpeg",
                photometric="ycbcr",
                subsampling=(2, 2),
                rowsperstrip=len(level),
                resolution=(40000, 40000),
                resolutionunit="CENTIMETER",
                extratags=tags,
                metadata=None,
            )


def whole(slide: Slide, level: int = 0) -> NDArray[Any]:
    piece = slide.read(level, (slice(None), slice(None)))
    assert piece.damaged is None
    return piece.pixels


@pytest.mark.filterwarnings("ignore:hamamatsu-format")
def test_ndpi(tmp_path: Path) -> None:
    path, level0 = tmp_path / "a.tif", picture(512, 768)
    write_ndpi(path, [level0, np.ascontiguousarray(level0[::4, ::4]), picture(90, 400)])
    with tifffile.TiffFile(path) as file:
        assert file.series[0].kind == "ndpi"
    (slide,) = open_slides(path)
    assert slide.pixel_size == pytest.approx(0.25)
    assert [level.downsample for level in slide.levels] == [(1, 1), (4, 4)]
    assert slide.levels[0].tile == (16, 64)
    # Colours are half as fine as brightness, and smoothed within a tile.
    assert np.abs(whole(slide).astype(int) - np.moveaxis(level0, -1, 0)).mean() < 3
    with tiffslide.TiffSlide(path) as other:
        for level in (0, 1):
            height, width = slide.levels[level].shape
            there = other.read_region((0, 0), level, (width, height), as_array=True)
            assert np.array_equal(whole(slide, level), np.moveaxis(there, -1, 0))
    window = slide.read(0, (slice(100, 203), slice(50, 500)), [1]).pixels[0]
    assert np.array_equal(window, whole(slide)[1, 100:203, 50:500])


def test_ndpi_without_places_to_start_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cytally.slides.tiled_slide.LARGEST_TILE", 100_000)
    monkeypatch.setattr("cytally.slides.readers.SLIDE", (".tif",))
    path = tmp_path / "a.tif"
    write_ndpi(path, [picture(512, 768)], restarts=False)
    with pytest.raises(ImageError, match=r"a\.tif: is stored in pieces of 512 x 768 pixels"):
        open_slides(path)  # openslide, where it is installed, refuses it as well
    monkeypatch.setitem(sys.modules, "openslide", None)
    with pytest.raises(ImageError, match=r"pieces .*; install openslide, .*: pip install 'cytally\[openslide\]'"):
        open_slides(path)


def test_what_tifffile_cannot_read_is_read_by_openslide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openslide")
    path, level0 = tmp_path / "a.svs", picture(512, 768)
    tifffile.imwrite(path, level0, tile=(256, 256), photometric="rgb", metadata=None, description="Aperio |MPP = 0.5")
    monkeypatch.setattr("cytally.slides.tiled_slide.LARGEST_TILE", 10_000)
    monkeypatch.setattr("cytally.slides.tiff_level._contiguous_offset", lambda _: None)
    (slide,) = open_slides(path)
    assert type(slide).__name__ == "OpenSlideSlide"
    assert slide.pixel_size == 0.5
    assert np.array_equal(whole(slide), np.moveaxis(level0, -1, 0))


def test_scn(tmp_path: Path) -> None:
    """A macro image of the whole glass, and two areas of tissue that were scanned."""
    macro, first, second = picture(200, 80), picture(256, 320), picture(384, 192)[::-1]
    pages = [macro, first, first[::4, ::4], second, second[::4, ::4]]

    def image(name: str, area: tuple[int, int, int, int], levels: list[tuple[int, NDArray[Any]]]) -> str:
        x, y, width, height = area
        dimensions = "".join(
            f'<dimension r="{r}" ifd="{ifd}" sizeX="{level.shape[1]}" sizeY="{level.shape[0]}"/>'
            for r, (ifd, level) in enumerate(levels)
        )
        return (
            f'<image name="{name}"><creationDate>2020-01-01</creationDate><device model="m" version="1"/>'
            f'<pixels sizeX="{levels[0][1].shape[1]}" sizeY="{levels[0][1].shape[0]}">{dimensions}</pixels>'
            f'<view sizeX="{width}" sizeY="{height}" offsetX="{x}" offsetY="{y}"/><scanSettings>'
            "<objectiveSettings><objective>20</objective></objectiveSettings><illuminationSettings>"
            "<numericalAperture>0.4</numericalAperture><illuminationSource>brightfield</illuminationSource>"
            "</illuminationSettings></scanSettings></image>"
        )

    step = 500  # nanometres per pixel
    about = (
        f'<?xml version="1.0"?><scn xmlns="{NAMESPACE}"><collection name="c" sizeX="800000" sizeY="2000000">'
        + image("macro", (0, 0, 800000, 2000000), [(0, macro)])
        + image("one", (1000, 9000, 320 * step, 256 * step), [(1, first), (2, pages[2])])
        + image("two", (500000, 9000, 192 * step, 384 * step), [(3, second), (4, pages[4])])
        + "</collection></scn>"
    )
    path = tmp_path / "a.scn"
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for number, page in enumerate(pages):
            text = about if number == 0 else None
            file.write(page, tile=(64, 64), photometric="rgb", metadata=None, description=text, compression="zlib")
    slides = open_slides(path)
    assert [slide.name for slide in slides] == ["a.scn#0,0", "a.scn#1,0"]
    assert [slide.pixel_size for slide in slides] == [0.5, 0.5]
    assert [len(slide.levels) for slide in slides] == [2, 2]
    for slide, expected in zip(slides, (first, second), strict=True):
        assert np.array_equal(whole(slide), np.moveaxis(expected, -1, 0))
        assert np.array_equal(whole(slide, 1), np.moveaxis(expected[::4, ::4], -1, 0))
