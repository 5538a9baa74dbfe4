"""Volumes: whatever way a file stores its slices, each comes out as it went in, and no more than it is read."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from numcodecs import GZip
from skimage.io import imsave

from cytally.errors import ImageError, UsageError
from cytally.images.volume import Volume, open_volumes

DATA = Path(__file__).parents[3] / "shared" / "data"
STACK = np.random.default_rng(0).integers(0, 60000, (5, 16, 20)).astype(np.uint16)
MANY = np.random.default_rng(1).integers(0, 250, (2, 3, 5, 16, 20)).astype(np.uint8)  # TCZYX


def pixels(volume: Volume) -> np.ndarray:
    return np.stack(list(volume.slices()))


def write(folder: Path, array: np.ndarray, **options: object) -> Path:
    tifffile.imwrite(folder / "a.tif", array, **options)
    return folder / "a.tif"


@settings(max_examples=60, deadline=None)
@given(
    axes=st.sampled_from(["ZYX", "TZYX", "CZYX", "ZCYX", "TZCYX", "TCZYX"]),
    dtype=st.sampled_from(["uint8", "uint16", "int16", "float32"]),
    compression=st.sampled_from([None, "lzw", "zlib"]),
    byteorder=st.sampled_from("<>"),
    bigtiff=st.booleans(),
    dialect=st.sampled_from(["shaped", "imagej", "ome"]),
)
def test_every_layout(tmp_path_factory, axes, dtype, compression, byteorder, bigtiff, dialect) -> None:
    stored = np.moveaxis(MANY, ["TCZYX".index(a) for a in axes if a in "TCZYX"], range(len(axes)))
    stored = stored[(..., *(0 for a in "TCZYX" if a not in axes))] if len(axes) < 5 else stored
    stored = stored.astype(dtype)
    path = tmp_path_factory.mktemp("tiff") / "a.tif"
    options: dict[str, object] = {"shaped": {"bigtiff": bigtiff}, "ome": {"ome": True, "bigtiff": bigtiff}}.get(
        dialect, {"imagej": True}
    )
    if dialect == "imagej":  # its order of axes and its types are fixed
        axes, stored = "TZCYX", np.moveaxis(MANY, 1, 2)
        byteorder = ">"
    tifffile.imwrite(
        path,
        stored,
        photometric="minisblack",
        metadata={"axes": axes},
        compression=compression,
        byteorder=byteorder,
        **options,
    )
    channels = 3 if "C" in axes else 1
    for channel in range(channels):
        volumes = open_volumes(path, channel=str(channel))
        assert len(volumes) == (2 if "T" in axes else 1)
        for time, volume in enumerate(volumes):
            expected = stored
            for letter, place in (("T", time), ("C", channel)):
                if letter in axes:
                    at = axes.index(letter) - (letter == "C" and "T" in axes and axes.index("T") < axes.index("C"))
                    expected = np.take(expected, place, axis=at)
            assert np.array_equal(pixels(volume), expected)
            assert volume.shape == (5, 16, 20)
            assert volume.dtype.isnative
            assert volume.name == (f"a.tif#0,{time}" if "T" in axes else "a.tif")
            assert volume.channels_in_file == channels


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"metadata": None},
        {"compression": "zlib"},
        {"compression": "zlib", "metadata": None},
        {"metadata": None, "rowsperstrip": 4},
        {"tile": (16, 16), "compression": "lzw"},
        {"volumetric": True, "tile": (1, 16, 16)},
        {"bigtiff": True},
    ],
)
def test_three_axes_of_which_nothing_is_told_are_zyx(tmp_path: Path, options: dict[str, object]) -> None:
    (volume,) = open_volumes(write(tmp_path, STACK, **options))
    assert np.array_equal(pixels(volume), STACK)
    assert (volume.name, volume.source, volume.channel) == ("a.tif", tmp_path / "a.tif", "")
    assert volume.pixel_size is volume.z_spacing is volume.anisotropy is None


@pytest.mark.filterwarnings("ignore:.*stored as RGB:DeprecationWarning")
@pytest.mark.parametrize("slices", [1, 2, 3, 4])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_few_slices(tmp_path: Path, slices: int, compression: str | None) -> None:
    """Three or four are what tifffile takes for colours."""
    (volume,) = open_volumes(write(tmp_path, STACK[:slices], compression=compression))
    assert np.array_equal(pixels(volume), STACK[:slices])
    assert volume.channels_in_file == 1


def test_one_slice_that_the_axes_or_the_spacing_tell(tmp_path: Path) -> None:
    path = write(tmp_path, STACK[0])
    assert np.array_equal(pixels(open_volumes(path, axes="ZYX")[0]), STACK[:1])
    path = write(tmp_path, STACK[0], ome=True, metadata={"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeZ": 2})
    assert open_volumes(path)[0].shape == (1, 16, 20)
    path = write(tmp_path, STACK[:1], imagej=True, metadata={"axes": "ZYX", "spacing": 3, "unit": "um"})
    assert open_volumes(path)[0].shape == (1, 16, 20)


def test_a_hyperstack_that_lists_its_first_slice_alone(tmp_path: Path) -> None:
    """ImageJ writes large files so: one directory, and all pixels after it."""
    path = write(tmp_path, STACK, imagej=True, metadata={"axes": "ZYX"}, contiguous=True)
    with tifffile.TiffFile(path) as file:
        first, entry = file.pages[0], file.pages[0].offset
    bytes_, kind = bytearray(path.read_bytes()), ">" if first.parent.byteorder == ">" else "<"
    order = "big" if kind == ">" else "little"
    number = int.from_bytes(bytes_[entry : entry + 2], order)
    after = entry + 2 + 12 * number
    bytes_[after : after + 4] = bytes(4)
    path.write_bytes(bytes_)
    with tifffile.TiffFile(path) as file:
        assert len(file.pages) == 1
    (volume,) = open_volumes(path)
    assert np.array_equal(pixels(volume), STACK)
    path.write_bytes(bytes_[: first.dataoffsets[0] + STACK[0].nbytes + 10])
    with pytest.raises(ImageError, match=r"a\.tif: "):
        open_volumes(path)


def test_sizes_from_imagej_ome_and_the_user(tmp_path: Path) -> None:
    about = {"axes": "ZYX", "spacing": 6.0, "unit": "um"}
    path = write(tmp_path, STACK, imagej=True, resolution=(1 / 1.242, 1 / 1.242), metadata=about)
    (volume,) = open_volumes(path)
    assert volume.pixel_size == pytest.approx(1.242, rel=1e-4)
    assert volume.anisotropy == pytest.approx(6 / 1.242, rel=1e-4)
    sizes = {"PhysicalSizeX": 500, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 500, "PhysicalSizeYUnit": "nm"}
    path = write(tmp_path, STACK, ome=True, metadata={"axes": "ZYX", **sizes, "PhysicalSizeZ": 2.0})
    (volume,) = open_volumes(path)
    assert (volume.pixel_size, volume.z_spacing, volume.anisotropy) == (0.5, 2, 4)
    (volume,) = open_volumes(path, pixel_size=1, z_spacing=5)
    assert (volume.pixel_size, volume.z_spacing, volume.anisotropy) == (1, 5, 5)


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf")])
def test_sizes_that_are_none(tmp_path: Path, wrong: float) -> None:
    path = write(tmp_path, STACK)
    with pytest.raises(UsageError, match="pixel size"):
        open_volumes(path, pixel_size=wrong)
    with pytest.raises(UsageError, match="spacing between slices"):
        open_volumes(path, z_spacing=wrong)


def test_channel_by_name_by_number_or_the_one_that_varies_most(tmp_path: Path) -> None:
    many = np.stack([np.full_like(STACK, 9), STACK // 2, STACK // 50], 1)  # ZCYX
    path = write(tmp_path, many, ome=True, metadata={"axes": "ZCYX", "Channel": {"Name": ["empty", "DAPI", "GFP"]}})
    (volume,) = open_volumes(path)
    assert (volume.channel, volume.channels_in_file) == ("DAPI", 3)
    assert np.array_equal(pixels(volume), STACK // 2)
    assert np.array_equal(pixels(open_volumes(path, channel="gfp")[0]), STACK // 50)
    assert open_volumes(path, channel="0")[0].slice(3).tolist() == many[3, 0].tolist()
    with pytest.raises(ImageError, match=r"a\.tif: has no channel 'RFP'; choose from: 0 \(empty\), 1 \(DAPI\)"):
        open_volumes(path, channel="RFP")


@pytest.mark.parametrize("metadata", [None, {"axes": "ZYXS"}])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_slices_in_colour(tmp_path: Path, metadata: dict[str, str] | None, compression: str | None) -> None:
    colours = np.stack([STACK // 9, STACK // 3, STACK // 5], -1)
    path = write(tmp_path, colours, photometric="rgb", metadata=metadata, compression=compression)
    (volume,) = open_volumes(path)
    assert volume.channel == "green"
    assert np.array_equal(pixels(volume), STACK // 3)


def test_transparency_is_left_out_of_colour_slices(tmp_path: Path) -> None:
    clear = np.random.default_rng(2).integers(0, 65535, STACK.shape).astype(np.uint16)
    colours = np.stack([STACK // 9, STACK // 9, STACK // 5, clear], -1)
    path = write(tmp_path, colours, photometric="rgb", extrasamples=["unassalpha"])
    (volume,) = open_volumes(path)
    assert (volume.channel, volume.channels_in_file) == ("blue", 3)


def test_white_is_zero_is_turned_round(tmp_path: Path) -> None:
    path = write(tmp_path, STACK, photometric="miniswhite", metadata=None)
    for axes in (None, "ZYX"):
        assert np.array_equal(pixels(open_volumes(path, axes=axes)[0]), 65535 - STACK)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_axes_of_the_user(tmp_path: Path, compression: str | None) -> None:
    path = write(tmp_path, STACK, metadata={"axes": "TYX"}, compression=compression)
    assert np.array_equal(pixels(open_volumes(path, axes="zyx")[0]), STACK)
    path = write(tmp_path, np.moveaxis(STACK, 1, 0), photometric="minisblack", compression=compression)
    assert np.array_equal(pixels(open_volumes(path, axes="YZX")[0]), STACK)
    path = write(tmp_path, np.ascontiguousarray(STACK.T), photometric="minisblack", compression=compression)
    assert np.array_equal(pixels(open_volumes(path, axes="XYZ")[0]), STACK)
    path = write(tmp_path, MANY[0], imagej=True, metadata={"axes": "ZCYX"}, compression=compression)
    assert np.array_equal(pixels(open_volumes(path, axes="CZYX", channel="1")[0]), MANY[0, 1])


@pytest.mark.parametrize(
    ("array", "options", "axes", "message"),
    [
        (STACK[0], {}, None, r"is one picture, not a volume; count it with cytally count, or join the slices into one"),
        (STACK[0], {"metadata": None, "compression": "zlib"}, None, "is one picture, not a volume"),
        (STACK[0], {"ome": True, "metadata": {"axes": "YX"}}, None, "is one picture, not a volume"),
        (
            STACK,
            {"metadata": {"axes": "TYX"}},
            None,
            r"is a time-lapse of single pictures \(5 times\), not a volume; give --axes ZYX if the first axis is depth",
        ),
        (STACK, {"imagej": True, "metadata": {"axes": "TYX"}}, None, "is a time-lapse of single pictures"),
        (STACK, {"ome": True, "metadata": {"axes": "CYX"}}, None, "is one picture of 5 channels, not a volume.*ZYX"),
        (STACK, {}, "CYX", "is one picture of 5 channels, not a volume"),
        (STACK, {}, "TYX", "is a time-lapse"),
        (STACK, {}, "ZZX", "which the axes 'ZZX' do not fit"),
        (STACK, {}, "TCZYX", "which the axes 'TCZYX' do not fit"),
        (STACK, {}, "QYX", "which the axes 'QYX' do not fit"),
        (MANY[:, :, 0], {"photometric": "minisblack"}, None, "nothing in it tells what its axes are"),
        (MANY[:, 0], {"photometric": "minisblack", "metadata": {"axes": "QQYX"}}, None, "--axes"),
        (STACK[:, :7], {}, None, r"slices of 7 x 20 pixels \(Y x X\), and needs at least 8 x 8"),
        (STACK.astype(np.complex64), {}, None, "complex numbers"),
    ],
)
def test_what_is_no_volume(
    tmp_path: Path, array: np.ndarray, options: dict[str, object], axes: str | None, message: str
) -> None:
    path = write(tmp_path, array, **options)
    with pytest.raises(ImageError, match=message) as caught:
        open_volumes(path, axes=axes)
    assert str(caught.value).startswith(f"{path}: ")
    assert caught.value.cure


def test_a_picture_of_another_format(tmp_path: Path) -> None:
    imsave(tmp_path / "a.png", STACK[0], check_contrast=False)
    with pytest.raises(ImageError, match=r"a\.png: is one picture, not a volume"):
        open_volumes(tmp_path / "a.png")
    assert open_volumes(tmp_path / "a.png", axes="ZYX")[0].shape == (1, 16, 20)
    (tmp_path / "a.tif").write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"a\.tif: is not TIFF"):
        open_volumes(tmp_path / "a.tif")
    (tmp_path / "a.tif").write_bytes(b"")
    with pytest.raises(ImageError, match=r"a\.tif: is empty"):
        open_volumes(tmp_path / "a.tif")
    with pytest.raises(ImageError, match=r"b\.tif: does not exist"):
        open_volumes(tmp_path / "b.tif")


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_nan_is_found_in_its_slice(tmp_path: Path, wrong: float) -> None:
    stack = STACK.astype(np.float32)
    stack[3, 4, 5] = wrong
    (volume,) = open_volumes(write(tmp_path, stack))
    assert volume.slice(2).dtype == np.float32
    with pytest.raises(ImageError, match=r"a\.tif: has 1 pixel that is NaN or infinite, in slice 3 \(from 0\)"):
        volume.slice(3)
    colours = np.stack([stack, stack / 3], 1)
    colours[2, 0, 4, 5] = wrong
    (volume,) = open_volumes(write(tmp_path, colours, photometric="minisblack", metadata={"axes": "ZCYX"}))
    with pytest.raises(ImageError, match="in slice 2"):
        volume.slice(2)


def test_a_file_cut_off(tmp_path: Path) -> None:
    for options in ({}, {"compression": "zlib"}, {"imagej": True, "metadata": {"axes": "ZYX"}}):
        path = write(tmp_path, STACK, **options)
        path.write_bytes(path.read_bytes()[:-1000])
        with pytest.raises(ImageError, match=r"a\.tif: "):
            pixels(open_volumes(path)[0])


def test_a_damaged_page_is_an_error_of_the_slice(tmp_path: Path) -> None:
    path = write(tmp_path, STACK, compression="zlib")
    with tifffile.TiffFile(path) as file:
        place, length = file.pages[3].dataoffsets[0], file.pages[3].databytecounts[0]
    damaged = bytearray(path.read_bytes())
    damaged[place : place + length] = b"\xff" * length
    path.write_bytes(damaged)
    (volume,) = open_volumes(path)
    assert np.array_equal(volume.slice(2), STACK[2])
    with pytest.raises(ImageError, match=r"a\.tif: is a damaged TIFF file"):
        volume.slice(3)


def test_several_scenes(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as file:
        file.write(STACK, metadata={"axes": "ZYX"})
        file.write(STACK[:2] // 2, metadata={"axes": "ZYX"})
    first, second = open_volumes(tmp_path / "a.ome.tif")
    assert (first.name, second.name) == ("a.ome.tif#0,0", "a.ome.tif#1,0")
    assert np.array_equal(pixels(second), STACK[:2] // 2)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_the_file_is_closed_between_slices(tmp_path: Path, compression: str | None) -> None:
    """A sequence of a thousand frames must not run out of open files."""
    path = write(tmp_path, STACK, compression=compression)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, most[1]))
    try:
        volumes = [open_volumes(path)[0] for _ in range(80)]
        assert all(np.array_equal(volume.slice(4), STACK[4]) for volume in volumes)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)


LARGE = """
import resource, sys
from cytally.images.volume import open_volumes
(volume,) = open_volumes(sys.argv[1])
volume.slice(0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
total = sum(int(pixels[0, 0]) for pixels in volume.slices())
print(total, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_large_file_is_never_read_whole(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "large.tif"
    with tifffile.TiffWriter(path) as file:
        for z in range(100):  # 200 MiB
            file.write(np.full((1024, 1024), z, np.uint16), compression=compression, metadata=None)
    done = subprocess.run([sys.executable, "-c", LARGE, path], capture_output=True, text=True, check=True)
    total, mebibytes = map(int, done.stdout.split())
    assert total == 4950
    assert mebibytes < 30


def ome_zarr(folder: Path, axes: str, array: np.ndarray, chunks: tuple[int, ...], **about: object) -> Path:
    spaces = {"t": "time", "c": "channel"}
    named = [
        {"name": a, "type": spaces.get(a, "space"), **({"unit": "micrometer"} if a in "zyx" else {})} for a in axes
    ]
    scale = [{"type": "scale", "scale": [{"z": 2.0, "y": 0.5, "x": 0.5}.get(a, 1.0) for a in axes]}]
    multiscales = [{"version": "0.4", "axes": named, "datasets": [{"path": "0", "coordinateTransformations": scale}]}]
    group = zarr.open_group(folder, mode="w", zarr_format=2, attributes={"multiscales": multiscales, **about})
    group.create_array("0", data=array, chunks=chunks, compressors=GZip())
    return folder


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("axes", ["tczyx", "zyx", "czyx", "zyxc"])
def test_ome_zarr(tmp_path: Path, axes: str, depth: int) -> None:
    array = (
        np.moveaxis(MANY[0], 0, -1) if axes == "zyxc" else MANY[tuple(slice(None) if a in axes else 0 for a in "tczyx")]
    )
    chunks = tuple(depth if a == "z" else 16 if a in "yx" else 1 for a in axes)
    path = ome_zarr(tmp_path / "a.ome.zarr", axes, array, chunks)
    volumes = open_volumes(path, channel="2" if "c" in axes else None)
    assert len(volumes) == (2 if "t" in axes else 1)
    for time, volume in enumerate(volumes):
        assert np.array_equal(pixels(volume), MANY[time, 2 if "c" in axes else 0])
        assert (volume.pixel_size, volume.z_spacing, volume.anisotropy) == (0.5, 2, 4)


def test_ome_zarr_reads_what_is_asked_for(tmp_path: Path) -> None:
    path = ome_zarr(tmp_path / "a.zarr", "zyx", STACK, (1, 16, 20))
    (path / "0/3.0.0").write_bytes(b"broken")
    (volume,) = open_volumes(path)
    assert np.array_equal(volume.slice(2), STACK[2])
    with pytest.raises(ImageError, match=r"a\.zarr: "):
        volume.slice(3)


def test_ome_zarr_without_depth(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"a\.zarr: is one picture, not a volume"):
        open_volumes(ome_zarr(tmp_path / "a.zarr", "yx", STACK[0], (16, 20)))


def test_from_array() -> None:
    volume = Volume.from_array(STACK > 30000, pixel_size=1.242, z_spacing=6.0, name="mine")
    assert (volume.name, volume.shape, volume.dtype, volume.source) == ("mine", (5, 16, 20), np.uint8, None)
    assert np.array_equal(pixels(volume), STACK > 30000)
    assert volume.anisotropy == pytest.approx(4.8309, abs=1e-4)
    for wrong in (-1, 5):
        with pytest.raises(IndexError):
            volume.slice(wrong)
    swapped = STACK.astype(">u2")
    assert Volume.from_array(swapped).slice(1).dtype.isnative
    with pytest.raises(ImageError, match="array: is one picture, not a volume"):
        Volume.from_array(STACK[0])
    with pytest.raises(ImageError, match="shape"):
        Volume.from_array(MANY)
    with pytest.raises(ImageError, match="7 x 20"):
        Volume.from_array(STACK[:, :7])
    with pytest.raises(ImageError, match="no pixels"):
        Volume.from_array(STACK[:0])


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared images are not here")
def test_the_real_volume() -> None:
    path = DATA / "volume" / "nuclei.tif"
    (volume,) = open_volumes(path)
    assert volume.shape == (31, 61, 57)
    assert np.array_equal(pixels(volume), tifffile.imread(path))
