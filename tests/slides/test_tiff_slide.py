"""Slides in TIFF files of every kind."""

from __future__ import annotations

import errno
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.slides.file_bytes import FileBytes
from cytally.slides.slide import Piece, Slide, is_slide, open_slides

APERIO = "Aperio Image Library v12\n{} x {} [0,0 {}x{}] (64x64) JPEG/RGB Q=70|AppMag = 20|MPP = 0.5"


def picture(shape: tuple[int, ...], dtype: Any = np.uint8, seed: int = 0) -> NDArray[Any]:
    """Smooth enough for JPEG, and different everywhere."""
    y, x = np.indices(shape[:2])
    noise = np.random.default_rng(seed).integers(0, 20, shape)
    ramp = (y * 3 + x * 2) % 180
    values = noise + (ramp if len(shape) == 2 else ramp[..., None] + 10 * np.arange(shape[2]))
    top = np.iinfo(dtype).max // 256 if np.dtype(dtype).kind == "u" else 1
    return (values * max(top, 1)).astype(dtype)


def whole(slide: Slide, level: int = 0, channels: list[int] | None = None) -> NDArray[Any]:
    piece = slide.read(level, (slice(None), slice(None)), channels)
    assert piece.damaged is None
    return piece.pixels


def channels_first(array: NDArray[Any]) -> NDArray[Any]:
    return np.moveaxis(array, -1, 0)


def write_svs(path: Path, level0: NDArray[Any], mpp: str = "|MPP = 0.5", **options: Any) -> None:
    """Level 0, a thumbnail, two lower levels, a label and a macro image, as Aperio's scanners write them."""
    h, w, _ = level0.shape
    about = f"Aperio Image Library v12\n{w} x {h} [0,0 {w}x{h}] (64x64) JPEG/RGB Q=70|AppMag = 20{mpp}"
    with tifffile.TiffWriter(path) as file:
        tiled = {"tile": (64, 64), "photometric": "rgb", "metadata": None, **options}
        file.write(level0, description=about, **tiled)
        file.write(level0[::8, ::8], photometric="rgb", metadata=None, description="Aperio Image Library v12\nthumb")
        file.write(level0[: h // 4 * 4 : 4, : w // 4 * 4 : 4], description=about + "|level", **tiled)
        file.write(level0[: h // 16 * 16 : 16, : w // 16 * 16 : 16], description=about + "|level", **tiled)
        for kind in (1, 9):
            file.write(
                level0[:50, :200],
                photometric="rgb",
                metadata=None,
                subfiletype=kind,
                description="Aperio Image Library v12\nlabel or macro",
            )


def test_svs(tmp_path: Path) -> None:
    path, level0 = tmp_path / "a.svs", picture((401, 303, 3))
    write_svs(path, level0, compression="zlib")
    (slide,) = open_slides(path)
    assert slide.name == "a.svs"
    assert slide.pixel_size == 0.5
    assert slide.channels == ("red", "green", "blue")
    assert slide.dtype == np.uint8
    assert [(level.shape, level.downsample) for level in slide.levels] == [
        ((401, 303), (1.0, 1.0)),
        ((100, 75), (4.0, 4.0)),
        ((25, 18), (16.0, 16.0)),
    ]
    assert slide.levels[0].tile == (64, 64)
    assert np.array_equal(whole(slide), channels_first(level0))
    assert np.array_equal(whole(slide, 1), channels_first(level0[:400:4, :300:4]))
    assert np.array_equal(whole(slide, 2, [2, 0]), channels_first(level0[:400:16, :288:16])[[2, 0]])


def test_svs_agrees_with_tiffslide(tmp_path: Path) -> None:
    import tiffslide

    path, level0 = tmp_path / "a.svs", picture((401, 303, 3))
    write_svs(path, level0, compression="jpeg")
    (slide,) = open_slides(path)
    with tiffslide.TiffSlide(path) as other:
        assert slide.pixel_size == other.properties["tiffslide.mpp-x"]
        assert [level.shape[::-1] for level in slide.levels] == list(other.level_dimensions)
        assert [level.downsample[0] for level in slide.levels] == pytest.approx(other.level_downsamples, rel=0.03)
        there = other.read_region((37, 50), 0, (200, 300), as_array=True)
    assert np.array_equal(slide.read(0, (slice(50, 350), slice(37, 237))).pixels, channels_first(there))


def test_without_pixel_size(tmp_path: Path) -> None:
    # Without MPP, the resolution tags tell that of a printer.
    write_svs(tmp_path / "a.svs", picture((401, 303, 3)), mpp="", resolution=(72, 72), resolutionunit="INCH")
    assert open_slides(tmp_path / "a.svs")[0].pixel_size is None
    assert open_slides(tmp_path / "a.svs", pixel_size=0.25)[0].pixel_size == 0.25
    tifffile.imwrite(tmp_path / "b.tif", picture((64, 80)), tile=(16, 16), metadata=None)
    assert open_slides(tmp_path / "b.tif")[0].pixel_size is None


def test_generic_pyramid_of_pages(tmp_path: Path) -> None:
    # The step from the second to the third level is not that from the first to the second.
    path, level0 = tmp_path / "a.tif", picture((400, 640, 3))
    resolution = {"resolution": (20000, 20000), "resolutionunit": "CENTIMETER"}
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for step, kind in ((1, 0), (2, 1), (16, 1)):
            tiles = {"tile": (32, 48), "compression": "lzw", "predictor": True, "metadata": None}
            file.write(level0[::step, ::step], subfiletype=kind, photometric="rgb", **resolution, **tiles)
    (slide,) = open_slides(path)
    assert [level.downsample for level in slide.levels] == [(1, 1), (2, 2), (16, 16)]
    assert slide.pixel_size == 0.5
    for level, step in enumerate((1, 2, 16)):
        assert np.array_equal(whole(slide, level), channels_first(level0[::step, ::step]))


def test_pages_that_are_not_marked_as_reduced(tmp_path: Path) -> None:
    path, level0 = tmp_path / "a.tif", picture((400, 640))
    with tifffile.TiffWriter(path) as file:
        for step in (1, 8, 16):
            file.write(level0[::step, ::step], tile=(32, 32), metadata=None)
        file.write(picture((300, 100)), metadata=None)
    slides = open_slides(path)
    assert [slide.name for slide in slides] == ["a.tif#0,0", "a.tif#1,0"]
    assert [level.downsample[0] for level in slides[0].levels] == [1, 8, 16]
    assert np.array_equal(whole(slides[1]), picture((300, 100))[None])


def write_ome(path: Path, level0: NDArray[Any], axes: str, names: list[str], **options: Any) -> None:
    with tifffile.TiffWriter(path, ome=True) as file:
        about = {"axes": axes, "PhysicalSizeX": 0.325, "PhysicalSizeY": 0.325, "Channel": {"Name": names}}
        file.write(level0, subifds=2, metadata=about, **options)
        for step in (2, 4):
            file.write(level0[..., ::step, ::step], subfiletype=1, **options)


@pytest.mark.parametrize("compression", [None, "zlib", "zstd"])
def test_ome_subifds(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "a.ome.tif"
    level0 = np.stack([picture((130, 170), np.uint16, seed) for seed in range(3)])
    write_ome(path, level0, "CYX", ["DAPI", "GFP", "Cy5"], tile=(32, 32), compression=compression)
    (slide,) = open_slides(path)
    assert slide.channels == ("DAPI", "GFP", "Cy5")
    assert slide.pixel_size == 0.325
    assert slide.dtype == np.uint16
    assert [level.downsample[0] for level in slide.levels] == [1, 2, 4]
    for level, step in enumerate((1, 2, 4)):
        assert np.array_equal(whole(slide, level), level0[:, ::step, ::step])
        assert np.array_equal(whole(slide, level, [2]), level0[2:, ::step, ::step])


def test_depth_is_projected(tmp_path: Path) -> None:
    stack = np.random.default_rng(0).integers(0, 60000, (5, 2, 70, 90)).astype(np.uint16)
    write_ome(tmp_path / "a.ome.tif", stack, "ZCYX", ["a", "b"], tile=(32, 32), compression="zlib")
    (slide,) = open_slides(tmp_path / "a.ome.tif")
    assert np.array_equal(whole(slide, 1, [1, 0]), stack[:, ::-1, ::2, ::2].max(0))
    # ImageJ lists its first slice alone.
    tifffile.imwrite(tmp_path / "b.tif", stack, imagej=True, metadata={"axes": "ZCYX"})
    (slide,) = open_slides(tmp_path / "b.tif")
    assert np.array_equal(whole(slide), stack.max(0))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rowsperstrip": 7},
        {"compression": "zlib"},
        {"compression": "zlib", "rowsperstrip": 7},
        {"compression": "lzw", "rowsperstrip": 1, "predictor": True},
        {"tile": (32, 16)},
        {"tile": (32, 16), "compression": "zstd"},
        {"byteorder": ">"},
        {"byteorder": ">", "bigtiff": True, "compression": "zlib", "predictor": True, "tile": (48, 48)},
    ],
)
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_layouts(tmp_path: Path, options: dict[str, Any], planar: str, dtype: Any) -> None:
    level0 = picture((131, 117, 3), dtype)
    stored = level0 if planar == "contig" else channels_first(level0)
    options = {name: value for name, value in options.items() if name != "predictor" or dtype != np.float32}
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planar, metadata=None, **options)
    (slide,) = open_slides(tmp_path / "a.tif")
    assert slide.dtype == dtype
    assert slide.channels == ("red", "green", "blue")
    assert np.array_equal(whole(slide), channels_first(level0))
    part = slide.read(0, (slice(40, 97), slice(30, 117)), [1, 0])
    assert np.array_equal(part.pixels, channels_first(level0)[[1, 0], 40:97, 30:117])
    assert part.pixels.dtype.isnative


def test_jpeg_tiles(tmp_path: Path) -> None:
    level0 = picture((200, 150, 3))
    tifffile.imwrite(
        tmp_path / "a.tif", level0, photometric="ycbcr", tile=(64, 64), compression="jpeg", subsampling=(2, 2)
    )
    (slide,) = open_slides(tmp_path / "a.tif")
    assert np.array_equal(whole(slide), channels_first(tifffile.imread(tmp_path / "a.tif")))
    tifffile.imwrite(tmp_path / "b.tif", level0[..., 0], tile=(64, 64), compression="jpeg")
    assert np.array_equal(whole(open_slides(tmp_path / "b.tif")[0])[0], tifffile.imread(tmp_path / "b.tif"))


def test_alpha_palette_and_white_is_zero(tmp_path: Path) -> None:
    grey = picture((70, 90))
    rgba = np.dstack([picture((70, 90, 3)), np.full((70, 90), 7, np.uint8)])
    tiled = {"tile": (32, 32), "metadata": None, "compression": "zlib"}
    tifffile.imwrite(tmp_path / "a.tif", rgba, photometric="rgb", extrasamples=["unassalpha"], **tiled)
    assert np.array_equal(whole(open_slides(tmp_path / "a.tif")[0]), channels_first(rgba[..., :3]))
    palette = np.random.default_rng(0).integers(0, 65535, (3, 256)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "b.tif", grey, photometric="palette", colormap=palette, **tiled)
    assert np.array_equal(whole(open_slides(tmp_path / "b.tif")[0]), (palette >> 8).astype(np.uint8)[:, grey])
    tifffile.imwrite(tmp_path / "c.tif", grey, photometric="miniswhite", **tiled)
    assert np.array_equal(whole(open_slides(tmp_path / "c.tif")[0]), 255 - grey[None])
    tifffile.imwrite(tmp_path / "d.tif", grey > 80, photometric="minisblack", **tiled)
    assert np.array_equal(whole(open_slides(tmp_path / "d.tif")[0]), (grey > 80)[None].astype(np.uint8))


def test_axes(tmp_path: Path) -> None:
    stack = np.random.default_rng(0).integers(0, 255, (5, 40, 50)).astype(np.uint8)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack, metadata=None, tile=(16, 16))
    with pytest.raises(ImageError, match=r"a\.tif: has shape \(5, 40, 50\), and nothing .* name them: --axes ZYX"):
        open_slides(path)
    assert np.array_equal(whole(open_slides(path, axes="CYX")[0]), stack)
    assert np.array_equal(whole(open_slides(path, axes="zyx")[0]), stack.max(0, keepdims=True))
    with pytest.raises(ImageError, match=r"a\.tif: is a time-lapse of 5 images"):
        open_slides(path, axes="TYX")
    tifffile.imwrite(path, np.moveaxis(stack[:3], 0, -1), photometric="rgb", metadata=None)
    with pytest.raises(ImageError, match=r"a\.tif: is stored with its rows and columns as YXS"):
        open_slides(path, axes="CYX")


def test_narrow_and_odd_levels_are_left_out(tmp_path: Path) -> None:
    level0 = picture((512, 16))
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as file:
        file.write(level0, subifds=3, metadata={"axes": "YX"}, tile=(16, 16))
        file.write(level0[::2, ::2], subfiletype=1, tile=(16, 16))
        file.write(level0[:100, :10], subfiletype=1, tile=(16, 16))
        file.write(level0[::16, ::16], subfiletype=1, tile=(16, 16))
    (slide,) = open_slides(tmp_path / "a.ome.tif")
    assert [level.shape for level in slide.levels] == [(512, 16), (256, 8)]


def place_of_tile(path: Path, number: int, level: int = 0) -> tuple[int, int]:
    """Offset and number of bytes of a tile."""
    with tifffile.TiffFile(path) as file:
        page = file.series[0].levels[level].keyframe
        return page.dataoffsets[number], page.databytecounts[number]


@pytest.mark.parametrize("compression", ["zlib", "lzw", "jpeg", "zstd", "jpeg2000", "webp"])
def test_corrupt_tile(tmp_path: Path, compression: str) -> None:
    path, level0 = tmp_path / "a.tif", picture((150, 200, 3))
    tifffile.imwrite(path, level0, photometric="rgb", tile=(64, 64), compression=compression, metadata=None)
    sound = channels_first(tifffile.imread(path))
    offset, count = place_of_tile(path, 5)  # of 4 columns: row 1, column 1
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * count)
    (slide,) = open_slides(path)
    piece = slide.read(0, (slice(10, 150), slice(0, 190)), [0, 2])
    expected = np.zeros((140, 190), bool)
    expected[54:118, 64:128] = True
    assert piece.damaged is not None
    assert np.array_equal(piece.damaged, expected)
    assert not piece.pixels[:, expected].any()
    assert np.array_equal(piece.pixels[:, ~expected], sound[[0, 2], 10:150, :190][:, ~expected])
    assert slide.read(0, (slice(0, 64), slice(0, 200))).damaged is None


def test_half_a_jpeg_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, picture((128, 128, 3)), photometric="rgb", tile=(64, 64), compression="jpeg")
    offset, count = place_of_tile(path, 3)
    with path.open("r+b") as file:
        file.seek(offset + count // 2)
        file.write(bytes(count - count // 2))
    damaged = open_slides(path)[0].read(0, (slice(0, 128), slice(0, 128))).damaged
    assert damaged is not None
    assert damaged.sum() == 64 * 64
    assert damaged[64:, 64:].all()


@pytest.mark.parametrize("compression", ["zlib", None])
@pytest.mark.parametrize("tile", [(64, 64), None])
def test_cut_off(tmp_path: Path, compression: str | None, tile: tuple[int, int] | None) -> None:
    path, level0 = tmp_path / "a.tif", picture((300, 200))
    layout = {"tile": tile} if tile else {"rowsperstrip": 64}
    tifffile.imwrite(path, level0, compression=compression, metadata=None, **layout)
    with tifffile.TiffFile(path) as file:
        end = file.pages[0].dataoffsets[-1] + file.pages[0].databytecounts[-1]
    with path.open("r+b") as file:
        file.truncate(end - 100)
    piece = open_slides(path)[0].read(0, (slice(0, 300), slice(0, 200)))
    assert piece.damaged is not None
    assert piece.damaged[-1, -1]
    assert not piece.damaged[:128].any()
    assert not piece.pixels[0, piece.damaged].any()
    assert np.array_equal(piece.pixels[0, ~piece.damaged], level0[~piece.damaged])
    with path.open("r+b") as file:
        file.truncate(60)
    with pytest.raises(ImageError, match=r"a\.tif: is a TIFF file that is cut off or damaged; copy or export it again"):
        open_slides(path)
    assert not is_slide(path, largest=100)


def test_sparse_tiles_are_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    level0 = picture((128, 128))
    level0[:64, :64] = 0
    tifffile.imwrite(path, level0, tile=(64, 64), compression="zlib")
    with tifffile.TiffFile(path, mode="r+b") as file:
        for name in ("TileOffsets", "TileByteCounts"):
            tag = file.pages[0].tags[name]
            tag.overwrite((0, *tag.value[1:]))
    assert np.array_equal(whole(open_slides(path)[0])[0], level0)


def test_refusals(tmp_path: Path) -> None:
    def refuse(path: Path, match: str) -> None:
        with pytest.raises(ImageError, match=rf"{path.name}: {match}") as caught:
            open_slides(path)
        assert "\n" not in str(caught.value)

    refuse(tmp_path / "missing.svs", "does not exist; check the path")
    (tmp_path / "empty.svs").touch()
    refuse(tmp_path / "empty.svs", r"is empty \(0 bytes\); copy or export it again")
    (tmp_path / "text.svs").write_text("no slide at all")
    refuse(tmp_path / "text.svs", "is no TIFF and no OME-Zarr")
    (tmp_path / "folder").mkdir()
    refuse(tmp_path / "folder", "is a folder and no OME-Zarr")
    path = tmp_path / "odd.tif"
    tifffile.imwrite(path, picture((64, 64)), compression="zlib", metadata=None)
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.pages[0].tags["Compression"].overwrite(34999)
    refuse(path, r"is compressed in a way that cannot be read \(34999\); save it with deflate")
    tifffile.imwrite(path, picture((64, 4)), metadata=None)
    refuse(path, "has slices of 64 x 4 pixels")
    tifffile.imwrite(path, picture((64, 64, 4)), photometric="separated", metadata=None, tile=(16, 16))
    refuse(path, "has SEPARATED colours; save it as RGB or grey")
    tifffile.imwrite(path, np.zeros((64, 64), np.complex64), metadata=None)
    refuse(path, "holds complex numbers")


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, picture((64, 64)))

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImageError, match=r"a\.tif: could not be opened \(Permission denied\); check its permissions"):
        open_slides(path)


def test_strips_that_are_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cytally.slides.tiled_slide.LARGEST_TILE", 10_000)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, picture((400, 100)), compression="zlib", rowsperstrip=400)
    with pytest.raises(ImageError, match=r"is stored in pieces of 400 x 100 pixels .* save it in tiles of 512 x 512"):
        open_slides(path)


def test_nan_is_damaged(tmp_path: Path) -> None:
    level0 = picture((64, 64), np.float32)
    level0[3, 4] = np.inf
    tifffile.imwrite(tmp_path / "a.tif", level0, tile=(16, 16))
    piece = open_slides(tmp_path / "a.tif")[0].read(0, (slice(0, 8), slice(0, 8)))
    assert piece.damaged is not None
    assert np.argwhere(piece.damaged).tolist() == [[3, 4]]
    assert piece.pixels[0, 3, 4] == 0


@settings(max_examples=60, deadline=None)
@given(
    places=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6), end=st.floats(0, 2)
)
def test_whatever_is_damaged_is_refused_or_told(
    tmp_path_factory: pytest.TempPathFactory, places: list[tuple[float, int]], end: float
) -> None:
    """Bytes changed anywhere, and the file cut anywhere: an ImageError, or a slide that can be read to its end."""
    path = tmp_path_factory.mktemp("harmed") / "a.ome.tif"
    write_ome(path, picture((96, 96))[None], "CYX", ["a"], tile=(32, 32), compression="zlib")
    data = bytearray(path.read_bytes())
    for place, value in places:
        data[int(place * len(data))] = value
    path.write_bytes(data[: int(end * len(data))])
    try:
        slides = open_slides(path)
    except ImageError as error:
        assert "a.ome.tif: " in str(error)
        return
    for slide in slides:
        for level in range(len(slide.levels)):
            slide.read(level, (slice(None), slice(None)))


@pytest.fixture(scope="module")
def pyramid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Slide, list[NDArray[Any]]]:
    path, level0 = tmp_path_factory.mktemp("pyramid") / "a.svs", picture((401, 303, 3))
    write_svs(path, level0, compression="zlib")
    return open_slides(path)[0], [
        channels_first(level0[: 400 if s > 1 else 401 : s, : 303 // s * s : s]) for s in (1, 4, 16)
    ]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_window_is_a_slice_of_the_level(pyramid: tuple[Slide, list[NDArray[Any]]], data: st.DataObject) -> None:
    slide, arrays = pyramid
    level = data.draw(st.integers(0, 2))
    rows, columns = (
        slice(*sorted(data.draw(st.tuples(st.integers(0, size), st.integers(0, size)))))
        for size in slide.levels[level].shape
    )
    channels = data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True))
    piece = slide.read(level, (rows, columns), channels)
    assert piece.damaged is None
    assert np.array_equal(piece.pixels, arrays[level][channels, rows, columns])


def test_pickled_and_reopened(pyramid: tuple[Slide, list[NDArray[Any]]]) -> None:
    slide, arrays = pyramid
    again = pickle.loads(pickle.dumps(slide))
    assert (again.name, again.levels, again.pixel_size) == (slide.name, slide.levels, slide.pixel_size)
    with again:
        assert np.array_equal(whole(again, 1), arrays[1])
    assert np.array_equal(whole(again, 1), arrays[1])  # a closed slide is opened again
    sized = pickle.loads(pickle.dumps(open_slides(slide.path, pixel_size=0.3)[0]))
    assert sized.pixel_size == 0.3


def test_four_threads(pyramid: tuple[Slide, list[NDArray[Any]]]) -> None:
    slide, arrays = pyramid
    windows = [(slice(y, y + 150), slice(x, x + 150)) for y in range(0, 250, 50) for x in range(0, 150, 50)] * 3

    def read(window: tuple[slice, slice]) -> Piece:
        return slide.read(0, window, [1])

    slide.close()
    with ThreadPoolExecutor(4) as pool:
        for window, piece in zip(windows, pool.map(read, windows), strict=True):
            assert np.array_equal(piece.pixels[0], arrays[0][1][window])


def test_tiles_are_decoded_once(pyramid: tuple[Slide, list[NDArray[Any]]], monkeypatch: pytest.MonkeyPatch) -> None:
    slide = open_slides(pyramid[0].path)[0]
    decoded: list[tuple[int, int]] = []
    plain = type(slide)._decode  # type: ignore[attr-defined]

    def counting(self: Slide, level: int, row: int, column: int, channels: tuple[int, ...]) -> Any:
        decoded.append((row, column))
        return plain(self, level, row, column, channels)

    monkeypatch.setattr(type(slide), "_decode", counting)
    slide.read(0, (slice(0, 200), slice(0, 150)))
    assert sorted(decoded) == [(row, column) for row in range(4) for column in range(3)]
    slide.read(0, (slice(100, 200), slice(100, 200)))
    assert len(decoded) == 12 + 3  # one more column of tiles


def test_is_slide(tmp_path: Path) -> None:
    assert is_slide(tmp_path / "missing.svs")
    assert is_slide(tmp_path / "A.NDPI")
    assert not is_slide(tmp_path / "missing.tif")
    assert not is_slide(tmp_path / "a.png")
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, picture((100, 100)))
    assert not is_slide(path)
    assert not is_slide(path, largest=10_000)
    assert is_slide(path, largest=9_999)
    write_ome(tmp_path / "a.ome.tif", picture((100, 100))[None], "CYX", ["a"], tile=(16, 16))
    assert is_slide(tmp_path / "a.ome.tif", largest=39_999)
    assert not is_slide(tmp_path / "a.ome.tif", largest=40_000)
    tifffile.imwrite(path, np.zeros((5, 100, 100), np.uint8), metadata={"axes": "TYX"})
    assert not is_slide(path, largest=100)
    tifffile.imwrite(path, np.zeros((5, 100, 100), np.uint8), metadata={"axes": "ZYX"})
    assert is_slide(path, largest=100)
    tifffile.imwrite(path, np.zeros((5, 100, 100), np.uint8), metadata=None)
    assert not is_slide(path, largest=100)
    assert is_slide(path, largest=100, axes="CYX")


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_file_that_is_gone_is_not_a_damaged_tile(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, picture((300, 200)), compression=compression, rowsperstrip=64)
    (slide,) = open_slides(path)
    path.unlink()
    with pytest.raises(ImageError, match="can no longer be read") as caught:
        slide.read(0, (slice(0, 100), slice(0, 100)))
    assert Path(str(caught.value.file)) == path and "--resume" in caught.value.line()


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (OSError(errno.EIO, "Input/output error"), ImageError),  # a disk that was taken out
        (OSError(errno.ESTALE, "Stale file handle"), ImageError),  # one of another machine
        (OSError(errno.ENOMEM, "Cannot allocate memory"), MemoryError),
        (MemoryError(), MemoryError),
    ],
)
def test_what_the_system_cannot_do_is_not_a_damaged_tile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: Exception, expected: type[Exception]
) -> None:
    def fail(*given: object) -> bytes:
        raise raised

    path = tmp_path / "a.tif"
    tifffile.imwrite(path, picture((300, 200)), compression="zlib", rowsperstrip=64)
    (slide,) = open_slides(path)
    monkeypatch.setattr(FileBytes, "read", fail)
    with pytest.raises(expected) as caught:
        slide.read(0, (slice(0, 100), slice(0, 100)))
    if isinstance(caught.value, ImageError):
        assert caught.value.file == str(path)


@pytest.mark.parametrize("raised", [OSError("cannot decode"), OSError(errno.EINVAL, "Invalid argument")])
def test_what_a_decoder_cannot_do_is_a_damaged_tile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    def fail(*given: object) -> bytes:
        raise raised

    path = tmp_path / "a.tif"
    tifffile.imwrite(path, picture((300, 200)), compression="zlib", rowsperstrip=64)
    (slide,) = open_slides(path)
    monkeypatch.setattr(FileBytes, "read", fail)
    damaged = slide.read(0, (slice(0, 100), slice(0, 100))).damaged
    assert damaged is not None and damaged.all()
