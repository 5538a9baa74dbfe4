"""TIFF in its dialects: pixels, axes, pixel size and channel names survive; what is broken is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.errors import ImageError
from cytally.images.read import read

RNG = np.random.default_rng(0)
ORDER = "TCZYX"
DATA = Path(__file__).parents[3] / "shared" / "data"


def random(shape: tuple[int, ...], dtype: str = "uint16") -> np.ndarray:
    kind = np.dtype(dtype)
    return (RNG.random(shape) * 200 - (100 if kind.kind in "if" else 0)).astype(kind)


def canonical(pixels: np.ndarray, axes: str) -> np.ndarray:
    """Slowly and plainly: into (T, C, Z, Y, X)."""
    axes = axes.replace("S", "C")
    for letter in ORDER:
        if letter not in axes:
            pixels, axes = pixels[None], letter + axes
    return np.stack([np.moveaxis(pixels, [axes.index(a) for a in ORDER], range(5))])[0]


@settings(max_examples=80, deadline=None)
@given(
    dtype=st.sampled_from(["uint8", "uint16", "uint32", "int8", "int16", "int32", "float16", "float32", "float64"]),
    axes=st.sampled_from(["YX", "ZYX", "TYX", "CYX", "TZYX", "CZYX", "TZCYX"]),
    compression=st.sampled_from([None, "lzw", "zlib", "zstd", "packbits"]),
    bigtiff=st.booleans(),
    byteorder=st.sampled_from("<>"),
    tile=st.sampled_from([None, (16, 16)]),
)
def test_shaped(tmp_path_factory, dtype, axes, compression, bigtiff, byteorder, tile) -> None:
    pixels = random((*(2, 3, 4)[: len(axes) - 2], 9, 21), dtype)
    path = tmp_path_factory.mktemp("tiff") / "a.tif"
    tifffile.imwrite(
        path,
        pixels,
        photometric="minisblack",
        metadata={"axes": axes},
        compression=compression,
        bigtiff=bigtiff,
        byteorder=byteorder,
        tile=tile,
    )
    (image,) = read(path)
    assert np.array_equal(image.data, canonical(pixels, axes))
    assert image.data.dtype == np.dtype(dtype)
    assert image.data.dtype.isnative
    assert image.channels == ("",) * image.data.shape[1]


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("compression", [None, "lzw"])
@pytest.mark.parametrize("alpha", [False, True])
def test_colours(tmp_path: Path, planar: str, dtype: str, compression: str | None, alpha: bool) -> None:
    pixels = random((10, 12, 4 if alpha else 3), dtype)
    path = tmp_path / "a.tif"
    stored = pixels if planar == "contig" else np.moveaxis(pixels, -1, 0)
    tifffile.imwrite(path, stored, photometric="rgb", planarconfig=planar, compression=compression)
    (image,) = read(path)
    assert image.channels == ("red", "green", "blue")
    assert np.array_equal(image.data[0, :, 0], np.moveaxis(pixels[..., :3], -1, 0))


def test_colour_stack_with_axes(tmp_path: Path) -> None:
    pixels = random((4, 10, 12, 3), "uint8")
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", metadata={"axes": "ZYXS"})
    assert np.array_equal(read(path)[0].data, canonical(pixels, "ZYXS"))


def test_interleaved_channels(tmp_path: Path) -> None:
    pixels = random((10, 12, 5))
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, photometric="minisblack", planarconfig="contig")
    (image,) = read(path)
    assert image.channels == ("",) * 5
    assert np.array_equal(image.data[0, :, 0], np.moveaxis(pixels, -1, 0))


def test_grey_with_alpha(tmp_path: Path) -> None:
    pixels = random((10, 12, 2), "uint8")
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, photometric="minisblack", planarconfig="contig", extrasamples=["unassalpha"])
    assert np.array_equal(read(path)[0].data[0, :, 0], pixels[None, ..., 0])


def test_palette(tmp_path: Path) -> None:
    colours = RNG.integers(0, 256, (3, 256)).astype(np.uint16)
    indices = random((10, 12), "uint8")
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, indices, photometric="palette", colormap=colours * 257)
    (image,) = read(path)
    assert image.channels == ("red", "green", "blue")
    assert np.array_equal(image.data[0, :, 0], colours[:, indices])


def test_imagej_palette_is_only_how_it_is_shown(tmp_path: Path) -> None:
    pixels = random((10, 12), "uint8")
    green = np.zeros((3, 256), np.uint8)
    green[1] = np.arange(256)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, imagej=True, colormap=green.astype(np.uint16) * 257)
    (image,) = read(path)
    assert np.array_equal(image.data[0, 0, 0], pixels)


def test_white_is_zero_is_turned_round(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, random((10, 12), "uint8") * 0 + 5, photometric="miniswhite", metadata=None)
    assert (read(path)[0].data == 250).all()


def test_truth_values_become_zero_and_one(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    mask = RNG.random((10, 12)) > 0.7
    tifffile.imwrite(path, mask)
    (image,) = read(path)
    assert image.data.dtype == np.uint8
    assert np.array_equal(image.data[0, 0, 0], mask)


@pytest.mark.parametrize(("unit", "size", "expected"), [("µm", 0.325, 0.325), ("nm", 65, 0.065), ("mm", 0.001, 1.0)])
def test_ome(tmp_path: Path, unit: str, size: float, expected: float) -> None:
    pixels = random((2, 3, 10, 12))
    path = tmp_path / "a.ome.tif"
    about = {"axes": "CZYX", "Channel": {"Name": ["DAPI", "GFP"]}}
    sizes = {f"PhysicalSize{axis}": size * (4 if axis == "Z" else 1) for axis in "XYZ"}
    units = {f"PhysicalSize{axis}Unit": unit for axis in "XYZ"}
    tifffile.imwrite(path, pixels, metadata={**about, **sizes, **units}, photometric="minisblack")
    (image,) = read(path)
    assert np.array_equal(image.data, canonical(pixels, "CZYX"))
    assert image.channels == ("DAPI", "GFP")
    assert image.pixel_size == pytest.approx(expected)
    assert image.z_spacing == pytest.approx(4 * expected)


def test_ome_in_colours(tmp_path: Path) -> None:
    pixels = random((10, 12, 3), "uint8")
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", metadata={"axes": "YXS", "Channel": {"Name": "histology"}})
    (image,) = read(path)
    assert image.channels == ("red", "green", "blue")
    assert np.array_equal(image.data, canonical(pixels, "YXS"))


def test_ome_scenes(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    first, second = random((10, 12)), random((2, 9, 14))
    with tifffile.TiffWriter(path, ome=True) as file:
        file.write(first, metadata={"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5})
        file.write(second, metadata={"axes": "TYX", "PhysicalSizeX": 2.0, "PhysicalSizeY": 2.0})
    images = read(path)
    assert [(image.scene, image.scenes, image.pixel_size) for image in images] == [(0, 2, 0.5), (1, 2, 2.0)]
    assert np.array_equal(images[1].data[:, 0, 0], second)
    assert [plane.name for image in images for plane in image.planes()] == [
        f"a.ome.tif#{at}" for at in ("0,0", "1,0", "1,1")
    ]


def test_ome_that_lacks_planes(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, random((2, 10, 12)), metadata={"axes": "ZYX"}, photometric="minisblack")
    content = path.read_bytes()
    assert content.count(b'SizeZ="2"') == 1
    path.write_bytes(content.replace(b'SizeZ="2"', b'SizeZ="3"').replace(b'PlaneCount="2"', b'PlaneCount="3"'))
    with pytest.raises(ImageError, match=r"a\.ome\.tif: .*; (put all files|copy or export)"):
        read(path)


@pytest.mark.parametrize(
    ("unit", "expected"), [("um", 0.5), ("micron", 0.5), ("\\u00B5m", 0.5), ("nm", 0.0005), ("pixel", None)]
)
def test_imagej(tmp_path: Path, unit: str, expected: float | None) -> None:
    pixels = random((2, 3, 4, 10, 12))
    path = tmp_path / "a.tif"
    about = {"axes": "TZCYX", "unit": unit, "spacing": 1.5}
    tifffile.imwrite(path, pixels, imagej=True, resolution=(2, 2), metadata=about)
    (image,) = read(path)
    assert np.array_equal(image.data, canonical(pixels, "TZCYX"))
    assert image.pixel_size == (None if expected is None else pytest.approx(expected))
    assert image.z_spacing == (None if expected is None else pytest.approx(3 * expected))


@pytest.mark.parametrize(
    ("resolution", "unit", "expected"),
    [
        (20000, "CENTIMETER", 0.5),
        (25400, "INCH", 1.0),
        (1000, "MILLIMETER", 1.0),
        (2, "MICROMETER", 0.5),
        (72, "INCH", None),
        (96, "INCH", None),
        (300, "INCH", None),
        (118.11, "CENTIMETER", None),
        (1, "NONE", None),
    ],
)
def test_resolution_tags(tmp_path: Path, resolution: float, unit: str, expected: float | None) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, random((10, 12)), resolution=(resolution, resolution), resolutionunit=unit)
    size = read(path)[0].pixel_size
    assert size == (None if expected is None else pytest.approx(expected))
    assert read(path, pixel_size=0.7)[0].pixel_size == 0.7


def test_untagged_stack_is_refused_until_its_axes_are_named(tmp_path: Path) -> None:
    pixels = random((5, 10, 12))
    path = tmp_path / "plain.tif"
    tifffile.imwrite(path, pixels, photometric="minisblack", metadata=None)
    with pytest.raises(ImageError) as caught:
        read(path)
    assert caught.value.line() == (
        f"{path}: has shape (5, 10, 12), and nothing in it tells what its axes are; "
        "name them: --axes ZYX, --axes TYX or --axes CYX"
    )
    for axes in ("ZYX", "TYX", "CYX", "zyx"):
        (image,) = read(path, axes=axes)
        assert np.array_equal(image.data, canonical(pixels, axes.upper()))
    with pytest.raises(ImageError, match=r"plain\.tif: has shape \(5, 10, 12\).*'YX' do not fit; give --axes 3"):
        read(path, axes="YX")
    with pytest.raises(ImageError, match="do not fit"):
        read(path, axes="TZYX")


def test_untagged_single_page_is_a_picture(tmp_path: Path) -> None:
    pixels = random((1, 10, 12))
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels)
    assert read(path)[0].data.shape == (1, 1, 1, 10, 12)
    assert read(path, axes="ZYX")[0].data.shape == (1, 1, 1, 10, 12)
    assert read(path, axes="YX")[0].data.shape == (1, 1, 1, 10, 12)


def test_axes_win_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, random((5, 10, 12)), photometric="minisblack", metadata={"axes": "ZYX"})
    assert read(path)[0].data.shape == (1, 1, 5, 10, 12)
    assert read(path, axes="TYX")[0].data.shape == (5, 1, 1, 10, 12)


@pytest.mark.skipif(not (DATA / "volume").is_dir(), reason="the shared data are not here")
def test_real_stacks() -> None:
    assert read(DATA / "volume" / "nuclei.tif")[0].data.shape == (1, 1, 31, 61, 57)
    assert read(DATA / "timelapse" / "drosophila_sequence1.tif")[0].data.shape == (21, 1, 1, 264, 542)


DIALECTS = {
    "shaped": {"metadata": {"axes": "ZYX"}},
    "big": {"metadata": {"axes": "ZYX"}, "bigtiff": True},
    "pages": {"metadata": None, "contiguous": False},
    "lzw": {"metadata": {"axes": "ZYX"}, "compression": "lzw"},
    "deflate": {"metadata": {"axes": "ZYX"}, "compression": "zlib", "tile": (16, 16)},
    "imagej": {"metadata": {"axes": "ZYX"}, "imagej": True},
    "ome": {"metadata": {"axes": "ZYX"}, "ome": True},
}


def written(folder: Path, dialect: str) -> Path:
    path = folder / f"{dialect}.tif"
    pixels = np.random.default_rng(1).integers(0, 60000, (3, 10, 12)).astype(np.uint16)
    options = dict(DIALECTS[dialect])
    contiguous = options.pop("contiguous", None)
    whole = {key: options.pop(key) for key in ("imagej", "ome", "bigtiff") if key in options}
    with tifffile.TiffWriter(path, **whole) as file:
        if contiguous is False:
            for page in pixels:
                file.write(page, contiguous=False, photometric="minisblack", **options)
        else:
            file.write(pixels, photometric="minisblack", **options)
    return path


@settings(max_examples=80, deadline=None)
@given(dialect=st.sampled_from(sorted(DIALECTS)), share=st.floats(0.02, 1, exclude_max=True))
def test_a_cut_file_is_refused_or_lost_nothing(tmp_path_factory, dialect: str, share: float) -> None:
    path = written(tmp_path_factory.mktemp("cut"), dialect)
    whole = read(path, axes="ZYX")[0]
    content = path.read_bytes()
    path.write_bytes(content[: max(8, int(len(content) * share))])
    try:
        cut = read(path, axes="ZYX")[0]
    except ImageError as error:
        assert error.file == str(path)
        assert error.cure == "copy or export it again"
    else:
        assert np.array_equal(cut.data, whole.data)


@settings(max_examples=120, deadline=None)
@given(dialect=st.sampled_from(sorted(DIALECTS)), data=st.data())
def test_damage_is_an_image_error_or_an_image(tmp_path_factory, dialect: str, data: st.DataObject) -> None:
    path = written(tmp_path_factory.mktemp("damage"), dialect)
    content = bytearray(path.read_bytes())
    # The directory, where damage does most, lies near the start.
    place = data.draw(st.integers(0, min(len(content), 600) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        assert all(image.data.ndim == 5 for image in read(path))
    except ImageError as error:
        assert error.file == str(path)
        assert error.cure


def test_missing_last_pages_are_noticed(tmp_path: Path) -> None:
    """A reader that only follows what is left would return two of three pages."""
    path = written(tmp_path, "pages")
    with tifffile.TiffFile(path) as file:
        last = file.pages[2].offset
    path.write_bytes(path.read_bytes()[:last])
    with pytest.raises(
        ImageError, match=r"pages\.tif: is a TIFF file that is cut off or damaged; copy or export it again"
    ):
        read(path, axes="ZYX")


def test_print_colours_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, random((10, 12, 4), "uint8"), photometric="separated", planarconfig="contig")
    with pytest.raises(ImageError, match=r"a\.tif: has SEPARATED colours; save it as RGB or grey"):
        read(path)
