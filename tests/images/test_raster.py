"""PNG, JPEG and BMP: what is read is what was written, and what is broken is refused."""

from __future__ import annotations

import io
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from cytally.errors import ImageError
from cytally.images.read import read

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (11, 13, 3), dtype=np.uint8)


def encoded(mode: str, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    Pillow.fromarray(COLOURS).convert(mode).save(file, format, **options)
    return file.getvalue()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("samples", [1, 2, 3, 4])
def test_png_keeps_every_pixel_and_drops_alpha(tmp_path: Path, dtype: type, samples: int) -> None:
    pixels = RNG.integers(0, np.iinfo(dtype).max, (9, 12, samples)).astype(dtype)
    path = tmp_path / "a.png"
    path.write_bytes(imagecodecs.png_encode(pixels.squeeze()))
    (image,) = read(path)
    colours = 3 if samples > 2 else 1
    assert image.data.dtype == dtype
    assert np.array_equal(image.data[0, :, 0], np.moveaxis(pixels[..., :colours], -1, 0))
    assert image.channels == (("red", "green", "blue") if colours == 3 else ("",))
    assert (image.name, image.source, image.pixel_size, image.scenes) == ("a.png", path, None, 1)


@pytest.mark.parametrize("transparency", [None, 3])
def test_palette_becomes_colours(tmp_path: Path, transparency: int | None) -> None:
    path = tmp_path / "a.png"
    options = {} if transparency is None else {"transparency": transparency}
    path.write_bytes(encoded("P", "PNG", **options))
    (image,) = read(path)
    expected = np.asarray(Pillow.fromarray(COLOURS).convert("P").convert("RGB"))
    assert np.array_equal(image.data[0, :, 0], np.moveaxis(expected, -1, 0))


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3)])
def test_jpeg_and_bmp(tmp_path: Path, mode: str, channels: int) -> None:
    for format, tolerance in (("JPEG", 12), ("BMP", 0)):
        path = tmp_path / f"a.{format.lower()}"
        flat = Pillow.new(mode, (20, 16), 77 if mode == "L" else (200, 100, 50))
        flat.save(path, format)
        (image,) = read(path)
        assert image.data.shape == (1, channels, 1, 16, 20)
        expected = np.atleast_1d([77] if mode == "L" else [200, 100, 50])
        assert np.abs(image.data[0, :, 0].mean(axis=(1, 2)) - expected).max() <= tolerance


def test_content_wins_over_the_ending(tmp_path: Path) -> None:
    path = tmp_path / "really_a_png.jpg"
    path.write_bytes(encoded("RGB", "PNG"))
    assert np.array_equal(read(path)[0].data[0, :, 0], np.moveaxis(COLOURS, -1, 0))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.96])
def test_cut_off(tmp_path: Path, format: str, share: float) -> None:
    whole = encoded("RGB", format)
    path = tmp_path / f"cut.{format.lower()}"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(
        ImageError, match=rf"cut\.{format.lower()}: is a {format} file that is cut off.*; copy or export"
    ):
        read(path)


def test_cut_jpeg_with_a_whole_thumbnail(tmp_path: Path) -> None:
    thumbnail = encoded("L", "JPEG")
    whole = encoded("RGB", "JPEG")
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    path = tmp_path / "a.jpg"
    path.write_bytes(whole[:2] + segment + whole[2:])
    assert read(path)[0].data.shape == (1, 3, 1, 11, 13)
    path.write_bytes((whole[:2] + segment + whole[2:])[:-30])
    with pytest.raises(ImageError, match="cut off"):
        read(path)


def test_print_colours_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded("CMYK", "JPEG"))
    with pytest.raises(ImageError, match=r"a\.jpg: has the colours of print \(CMYK\); save it as RGB or grey"):
        read(path)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "BMP"]), st.data())
def test_damage_is_an_image_error_or_an_image(
    tmp_path_factory: pytest.TempPathFactory, format: str, data: st.DataObject
) -> None:
    content = bytearray(encoded("RGB", format))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("damage") / f"a.{format.lower()}"
    path.write_bytes(content)
    try:
        assert read(path)[0].data.ndim == 5
    except ImageError as error:
        assert error.file == str(path)
        assert error.cure


@pytest.mark.parametrize("flip", [0x01, 0x40, 0x80, 0xFF])
def test_a_damaged_bmp_header_never_ends_the_process(tmp_path: Path, flip: int) -> None:
    """A size or a depth beyond the file's end must not be believed: a decoder that did ended the whole process."""
    whole = encoded("RGB", "BMP")
    path = tmp_path / "a.bmp"
    for place in range(2, 54):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
        try:
            assert read(path)[0].data.ndim == 5
        except ImageError as error:
            assert error.cure


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_bmp_keeps_every_pixel(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.bmp"
    path.write_bytes(encoded(mode, "BMP"))
    expected = np.asarray(Pillow.fromarray(COLOURS).convert(mode).convert("L" if mode in ("1", "L") else "RGB"))
    expected = expected[None] if expected.ndim == 2 else np.moveaxis(expected, -1, 0)
    assert np.array_equal(read(path)[0].data[0, :, 0], expected)
