"""OME-Zarr 0.4 and 0.5: pixels at full resolution, axes, pixel size, names; what is broken is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

from cytally.errors import ImageError
from cytally.images.read import read

PIXELS = np.random.default_rng(0).integers(0, 60000, (2, 3, 4, 10, 12)).astype(np.uint16)
SPACES = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}


def multiscales(axes: str, unit: str | None = "micrometer") -> list[dict[str, Any]]:
    about = [{"name": a, "type": SPACES[a], **({"unit": unit} if unit and a in "zyx" else {})} for a in axes]
    step = {"t": 1.0, "c": 1.0, "z": 2.0, "y": 0.5, "x": 0.5}
    scales = [[step[a] * (level if a in "yx" else 1) for a in axes] for level in (1, 2)]
    datasets = [
        {"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": scale}]}
        for level, scale in enumerate(scales)
    ]
    return [{"version": "0.4", "axes": about, "datasets": datasets}]


def write(folder: Path, version: str, axes: str, pixels: np.ndarray, codec: Any = "auto", **about: Any) -> Path:
    metadata = {"multiscales": multiscales(axes), **about}
    attributes = metadata if version == "0.4" else {"ome": {"version": "0.5", **metadata}}
    group = zarr.open_group(folder, mode="w", zarr_format=2 if version == "0.4" else 3, attributes=attributes)
    group.create_array("0", data=pixels, compressors=codec)
    group.create_array("1", data=np.ascontiguousarray(pixels[..., ::2, ::2]))
    return folder


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("axes", ["yx", "zyx", "cyx", "tyx", "tczyx"])
def test_round_trip(tmp_path: Path, version: str, axes: str) -> None:
    pixels = PIXELS[tuple(slice(None) if letter in axes else 0 for letter in "tczyx")]
    labels = {"omero": {"channels": [{"label": name} for name in ("DAPI", "GFP", "Cy5")]}} if "c" in axes else {}
    path = write(tmp_path / "a.ome.zarr", version, axes, pixels, **labels)
    (image,) = read(path)
    expected = pixels[tuple(slice(None) if letter in axes else None for letter in "tczyx")]
    assert np.array_equal(image.data, expected)
    assert image.channels == (("DAPI", "GFP", "Cy5") if "c" in axes else ("",))
    assert image.pixel_size == pytest.approx(0.5)
    assert image.z_spacing == (pytest.approx(2.0) if "z" in axes else None)
    assert image.name == "a.ome.zarr"


def test_scale_of_the_whole_pyramid_multiplies(tmp_path: Path) -> None:
    about = multiscales("yx", "nanometer")
    about[0]["coordinateTransformations"] = [{"type": "scale", "scale": [100, 100]}]
    path = write(tmp_path / "a.zarr", "0.4", "yx", PIXELS[0, 0, 0], multiscales=about)
    assert read(path)[0].pixel_size == pytest.approx(0.05)


def test_scale_without_unit_is_no_pixel_size(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zarr", "0.4", "yx", PIXELS[0, 0, 0], multiscales=multiscales("yx", None))
    assert read(path)[0].pixel_size is None
    assert read(path, pixel_size=0.4)[0].pixel_size == 0.4


def test_scenes(tmp_path: Path) -> None:
    root = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2, attributes={"bioformats2raw.layout": 3})
    for name in ("0", "1", "10", "2", "OME"):
        root.create_group(name)
    for name, value in (("0", 0), ("1", 1), ("2", 2), ("10", 10)):
        write(tmp_path / "a.zarr" / name, "0.4", "yx", np.full((9, 9), value, np.uint8))
    images = read(tmp_path / "a.zarr")
    assert [int(image.data.max()) for image in images] == [0, 1, 2, 10]
    assert [next(image.planes()).name for image in images] == [f"a.zarr#{index},0" for index in range(4)]


def test_a_folder_without_the_ending(tmp_path: Path) -> None:
    path = write(tmp_path / "field", "0.5", "yx", PIXELS[0, 0, 0])
    assert read(path)[0].data.shape == (1, 1, 1, 10, 12)


def test_refusals(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "bare.zarr", data=PIXELS[0])
    with pytest.raises(ImageError, match=r"bare\.zarr: is a bare zarr array without axes; save it as OME-Zarr"):
        read(tmp_path / "bare.zarr")
    zarr.open_group(tmp_path / "none.zarr", mode="w")
    with pytest.raises(ImageError, match=r"none\.zarr: has no OME-Zarr metadata.*; save it as OME-Zarr"):
        read(tmp_path / "none.zarr")
    zarr.open_group(tmp_path / "plate.zarr", mode="w", attributes={"ome": {"plate": {"wells": []}}})
    with pytest.raises(ImageError, match=r"plate\.zarr: is a plate of many fields; name its fields"):
        read(tmp_path / "plate.zarr")
    (tmp_path / "empty.zarr").mkdir()
    with pytest.raises(ImageError, match=r"empty\.zarr: is a damaged zarr .*; copy or export it again"):
        read(tmp_path / "empty.zarr")


CODECS = {
    "0.4": {"none": None, "blosc": numcodecs.Blosc(), "zlib": numcodecs.Zlib(), "zstd": numcodecs.Zstd()},
    "0.5": {"none": None, "blosc": BloscCodec(), "gzip": GzipCodec(), "zstd": ZstdCodec()},
}


@pytest.mark.parametrize("share", [0, 0.2, 0.5, 0.95])
@pytest.mark.parametrize(("version", "codec"), [(version, codec) for version in CODECS for codec in CODECS[version]])
def test_a_cut_chunk_is_noticed(tmp_path: Path, version: str, codec: str, share: float) -> None:
    """Blosc's decoder does not notice: it reads on in memory behind the chunk."""
    path = write(tmp_path / "a.zarr", version, "yx", PIXELS[0, 0, 0], CODECS[version][codec])
    assert np.array_equal(read(path)[0].data[0, 0, 0], PIXELS[0, 0, 0])
    chunk = path / ("0/0.0" if version == "0.4" else "0/c/0/0")
    chunk.write_bytes(chunk.read_bytes()[: int(chunk.stat().st_size * share)])
    with pytest.raises(ImageError, match=r"a\.zarr: is a damaged zarr .*; copy or export it again"):
        read(path)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_broken_metadata(tmp_path: Path, version: str) -> None:
    path = write(tmp_path / "a.zarr", version, "yx", PIXELS[0, 0, 0])
    (path / (".zattrs" if version == "0.4" else "zarr.json")).write_text("{half a file")
    with pytest.raises(ImageError, match=r"a\.zarr: is a damaged zarr .*; copy or export it again"):
        read(path)
