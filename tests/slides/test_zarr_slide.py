"""Slides in OME-Zarr folders."""

from __future__ import annotations

import errno
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.slides.slide import Slide, is_slide, open_slides

TYPES = {"t": "time", "c": "channel"}


def write(
    path: Path,
    level0: NDArray[Any],
    axes: str,
    *,
    steps: tuple[int, ...] = (1, 2, 4),
    version: str = "0.5",
    unit: str = "micrometer",
    names: tuple[str, ...] = (),
    group: str = "",
    **options: Any,
) -> None:
    """Write a pyramid of every second, fourth ... pixel."""
    zarr_format = 2 if version == "0.4" else 3
    root = zarr.open_group(path, mode="a", zarr_format=zarr_format)
    node = root.require_group(group) if group else root
    datasets = []
    for number, step in enumerate(steps):
        pixels = level0[..., ::step, ::step]
        array = node.create_array(str(number), shape=pixels.shape, dtype=pixels.dtype, **options)
        array[...] = pixels
        scale = [0.5 * step if axis in "yx" else 1.0 for axis in axes]
        datasets.append({"path": str(number), "coordinateTransformations": [{"type": "scale", "scale": scale}]})
    described = [
        {"name": axis, "type": TYPES.get(axis, "space"), **({"unit": unit} if axis in "zyx" and unit else {})}
        for axis in axes
    ]
    about: dict[str, Any] = {"multiscales": [{"version": version, "axes": described, "datasets": datasets}]}
    if names:
        about["omero"] = {"channels": [{"label": name} for name in names]}
    node.attrs.update(about if version == "0.4" else {"ome": {"version": version, **about}})


def noise(shape: tuple[int, ...], dtype: Any = np.uint16) -> NDArray[Any]:
    return np.random.default_rng(0).integers(0, 250, shape).astype(dtype)


def whole(slide: Slide, level: int = 0, channels: list[int] | None = None) -> NDArray[Any]:
    piece = slide.read(level, (slice(None), slice(None)), channels)
    assert piece.damaged is None
    return piece.pixels


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize(
    "options",
    [
        {"chunks": (1, 1, 1, 32, 48)},
        {"chunks": (1, 2, 2, 32, 48)},
        {"chunks": (1, 1, 1, 32, 48), "compressors": None},
    ],
)
def test_pyramid(tmp_path: Path, version: str, options: dict[str, Any]) -> None:
    path, level0 = tmp_path / "a.ome.zarr", noise((1, 3, 2, 70, 90))
    write(path, level0, "tczyx", version=version, names=("DAPI", "GFP", "Cy5"), **options)
    (slide,) = open_slides(path)
    assert slide.name == "a.ome.zarr"
    assert slide.channels == ("DAPI", "GFP", "Cy5")
    assert slide.pixel_size == 0.5
    assert [(level.downsample, level.tile) for level in slide.levels] == [((s, s), (32, 48)) for s in (1.0, 2.0, 4.0)]
    for level, step in enumerate((1, 2, 4)):
        assert np.array_equal(whole(slide, level), level0[0, ..., ::step, ::step].max(1))
        assert np.array_equal(whole(slide, level, [2, 0]), level0[0, [2, 0], ..., ::step, ::step].max(1))
    again = pickle.loads(pickle.dumps(slide))
    assert np.array_equal(whole(again), whole(slide))


def test_shards(tmp_path: Path) -> None:
    level0 = noise((2, 128, 128))
    write(tmp_path / "a.zarr", level0, "cyx", chunks=(1, 32, 32), shards=(1, 128, 64))
    (slide,) = open_slides(tmp_path / "a.zarr")
    assert slide.levels[0].tile == (32, 32)
    assert np.array_equal(whole(slide), level0)


def test_plain_picture_without_unit(tmp_path: Path) -> None:
    level0 = noise((64, 80), np.uint8)
    write(tmp_path / "a.zarr", level0, "yx", steps=(1,), chunks=(20, 80), unit="")
    (slide,) = open_slides(tmp_path / "a.zarr")
    assert slide.pixel_size is None
    assert slide.channels == ("",)
    assert np.array_equal(whole(slide), level0[None])


def test_scenes(tmp_path: Path) -> None:
    level0 = noise((2, 64, 64))
    for number in ("0", "1"):
        write(tmp_path / "a.zarr", level0[int(number) :], "cyx", steps=(1,), group=number, chunks=(1, 64, 64))
    slides = open_slides(tmp_path / "a.zarr")
    assert [slide.name for slide in slides] == ["a.zarr#0,0", "a.zarr#1,0"]
    assert np.array_equal(whole(slides[1]), level0[1:])
    assert np.array_equal(whole(pickle.loads(pickle.dumps(slides[1]))), level0[1:])


def test_narrow_and_odd_levels_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "a.zarr", noise((1, 512, 16)), "cyx", steps=(1, 2, 16), chunks=(1, 16, 16))
    (slide,) = open_slides(tmp_path / "a.zarr")
    assert [level.shape for level in slide.levels] == [(512, 16), (256, 8)]


def test_a_folder_that_is_gone_is_neither_damaged_nor_black(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    write(path, noise((1, 96, 100)), "cyx", steps=(1,), chunks=(1, 32, 32))
    (slide,) = open_slides(path)
    path.rename(tmp_path / "b.zarr")
    with pytest.raises(ImageError, match=r"a\.zarr: is no longer there; .*--resume"):
        slide.read(0, (slice(0, 96), slice(0, 100)))


@pytest.mark.parametrize(
    ("raised", "expected"), [(MemoryError(), MemoryError), (OSError(errno.EIO, "Input/output error"), ImageError)]
)
def test_what_the_system_cannot_do_is_not_a_damaged_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: Exception, expected: type[Exception]
) -> None:
    def fail(*given: object) -> None:
        raise raised

    path = tmp_path / "a.zarr"
    write(path, noise((1, 96, 100)), "cyx", steps=(1,), chunks=(1, 32, 32))
    (slide,) = open_slides(path)
    monkeypatch.setattr(zarr.Array, "__getitem__", fail)
    with pytest.raises(expected):
        slide.read(0, (slice(0, 96), slice(0, 100)))


@pytest.mark.parametrize("codec", ["zstd", "gzip", "blosc", None])
@pytest.mark.parametrize("harm", ["scrambled", "cut"])
def test_damaged_chunk(tmp_path: Path, codec: str | None, harm: str) -> None:
    if codec is None and harm == "scrambled":
        pytest.skip("nobody can tell")
    compressors = {
        "zstd": zarr.codecs.ZstdCodec(checksum=True),
        "gzip": zarr.codecs.GzipCodec(),
        "blosc": zarr.codecs.BloscCodec(),
        None: None,
    }[codec]
    path, level0 = tmp_path / "a.zarr", noise((2, 96, 100))
    write(path, level0, "cyx", steps=(1,), chunks=(1, 32, 32), compressors=compressors)
    chunk = path / "0" / "c" / "1" / "2" / "1"
    data = chunk.read_bytes()
    chunk.write_bytes(b"\xff" * len(data) if harm == "scrambled" else data[: len(data) // 2])
    (slide,) = open_slides(path)
    piece = slide.read(0, (slice(40, 96), slice(0, 100)))
    expected = np.zeros((56, 100), bool)
    expected[24:, 32:64] = True
    assert piece.damaged is not None
    assert np.array_equal(piece.damaged, expected)
    assert np.array_equal(piece.pixels, np.where(expected, 0, level0[:, 40:]))
    assert slide.read(0, (slice(0, 96), slice(0, 100)), [0]).damaged is None


def test_chunks_that_are_not_there_are_empty(tmp_path: Path) -> None:
    path, level0 = tmp_path / "a.zarr", noise((1, 64, 64))
    level0[:, :32, :32] = 0
    write(path, level0, "cyx", steps=(1,), chunks=(1, 32, 32), version="0.4", compressors=None)
    (path / "0" / "0.0.0").unlink(missing_ok=True)
    assert np.array_equal(whole(open_slides(path)[0]), level0)


def test_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, match: str, **options: Any) -> None:
        with pytest.raises(ImageError, match=rf"{name}: {match}"):
            open_slides(tmp_path / name, **options)

    write(tmp_path / "t.zarr", noise((3, 64, 64)), "tyx", steps=(1,), chunks=(1, 32, 32))
    refuse("t.zarr", "is a time-lapse of 3 images")
    assert not is_slide(tmp_path / "t.zarr", largest=100)
    zarr.open_group(tmp_path / "none.zarr", mode="w")
    refuse("none.zarr", r"has no OME-Zarr metadata \(multiscales\)")
    zarr.open_group(tmp_path / "plate.zarr", mode="w").attrs["ome"] = {"plate": {}}
    refuse("plate.zarr", "is a plate of many fields")
    zarr.create_array(tmp_path / "bare.zarr", shape=(64, 64), dtype="u1")
    refuse("bare.zarr", "is a bare zarr array")
    (tmp_path / "t.zarr" / "0" / "zarr.json").write_text("{")
    refuse("t.zarr", "is a damaged zarr")
    write(tmp_path / "large.zarr", noise((1, 64, 64)), "cyx", steps=(1,), chunks=(1, 64, 64))
    monkeypatch.setattr("cytally.slides.tiled_slide.LARGEST_TILE", 1000)
    refuse("large.zarr", "is stored in pieces of 64 x 64 pixels")


def test_is_slide(tmp_path: Path) -> None:
    write(tmp_path / "a.zarr", noise((1, 100, 100)), "cyx", steps=(1,), chunks=(1, 50, 50))
    write(tmp_path / "b.zarr", noise((1, 100, 100)), "cyx", chunks=(1, 50, 50))
    assert is_slide(tmp_path / "a.zarr", largest=9_999)
    assert not is_slide(tmp_path / "a.zarr", largest=10_000)
    assert is_slide(tmp_path / "b.zarr", largest=39_999)
    assert not is_slide(tmp_path / "b.zarr", largest=40_000)


@pytest.fixture(scope="module")
def pyramid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Slide, NDArray[Any]]:
    path, level0 = tmp_path_factory.mktemp("pyramid") / "a.zarr", noise((2, 2, 101, 90))
    write(path, level0, "zcyx", chunks=(2, 1, 32, 32))
    return open_slides(path)[0], level0.max(0)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_window_is_a_slice_of_the_level(pyramid: tuple[Slide, NDArray[Any]], data: st.DataObject) -> None:
    slide, level0 = pyramid
    level = data.draw(st.integers(0, 2))
    rows, columns = (
        slice(*sorted(data.draw(st.tuples(st.integers(0, size), st.integers(0, size)))))
        for size in slide.levels[level].shape
    )
    channels = data.draw(st.lists(st.integers(0, 1), min_size=1, max_size=2, unique=True))
    piece = slide.read(level, (rows, columns), channels)
    step = 2**level
    assert piece.damaged is None
    assert np.array_equal(piece.pixels, level0[:, ::step, ::step][channels, rows, columns])
