"""OME-Zarr (NGFF) 0.4 and 0.5: the highest resolution of each image in a zarr folder."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.images.assemble import Scene
from cytally.images.units import micrometres, square
from cytally.images.volume_scene import SlicedScene

DAMAGE = (ValueError, RuntimeError, OSError, LookupError, TypeError, AttributeError, EOFError, zlib.error)
"""What zarr and its codecs raise on broken metadata and chunks."""

MOST_KEPT = 512 * 2**20
"""Bytes of decoded slices that are kept of one volume, unless a chunk's depth of one slice is more."""


def read_ome_zarr(path: Path) -> list[Scene]:
    """Read every image of an OME-Zarr folder, axes and pixel size from its metadata.

    Several images lie in numbered groups, as bioformats2raw writes them; each is a scene.

    Raises
    ------
    ImageError
        When it has no multiscales metadata, is a whole plate, is damaged, or does not fit into memory.

    Notes
    -----
    Source: Next-generation file formats specification, https://ngff.openmicroscopy.org, versions 0.4 and 0.5.
    """
    scenes = open_ome_zarr(path)
    return [Scene(np.asarray(one.pixels[...]), one.axes, one.channels, one.pixel_size, one.z_spacing) for one in scenes]


def open_ome_zarr(path: Path) -> list[SlicedScene]:
    """As `read_ome_zarr`, without reading the pixels.

    Raises
    ------
    ImageError
        When it has no multiscales metadata, is a whole plate or is damaged.
    """
    import zarr

    with zarr_damage(path):
        node = zarr.open(path, mode="r")
        if not isinstance(node, zarr.Group):
            raise ImageError("is a bare zarr array without axes", file=path, cure="save it as OME-Zarr")
        about = ome_metadata(node)
        if "multiscales" in about:
            return [_scene(node, about, path)]
        if "plate" in about or "well" in about:
            raise ImageError(
                "is a plate of many fields", file=path, cure=f"name its fields one by one, as in {path / 'A/1/0'}"
            )
        groups = [node[name] for name in sorted((n for n in node.group_keys() if n.isdecimal()), key=int)]
        found = [(group, ome_metadata(group)) for group in groups]
        scenes = [_scene(group, metadata, path) for group, metadata in found if "multiscales" in metadata]
    if not scenes:
        raise ImageError("has no OME-Zarr metadata (multiscales)", file=path, cure="save it as OME-Zarr 0.4 or 0.5")
    return scenes


@contextmanager
def zarr_damage(path: Path) -> Iterator[None]:
    """Turn what zarr and its codecs raise on a damaged folder into an ImageError."""
    try:
        yield
    except MemoryError as error:
        raise ImageError("does not fit into memory", file=path, cure="cut it into smaller images") from error
    except DAMAGE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ImageError(f"is a damaged zarr ({reason})", file=path, cure="copy or export it again") from error


class ZarrPixels:
    """A zarr array that is read picture by picture.

    Where chunks are several slices deep, the chunks around the slice asked for are kept, so that none is decoded once
    per slice.

    Parameters
    ----------
    array
        The array of zarr.
    axes
        One letter per axis.
    path
        The OME-Zarr folder.
    """

    def __init__(self, array: Any, axes: str, path: Path) -> None:
        self.shape: tuple[int, ...] = tuple(array.shape)
        self.dtype: np.dtype[Any] = array.dtype
        self._array, self._path = array, path
        self._z = axes.find("Z")
        depth = array.chunks[self._z] if self._z >= 0 else 1
        while depth > 1 and depth * math.prod(self.shape[-2:]) * self.dtype.itemsize > MOST_KEPT:
            depth = (depth + 1) // 2
        self._depth = depth
        self._kept: tuple[Any, NDArray[Any]] | None = None

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Read the part that `index` tells, as an array of NumPy's is indexed.

        Raises
        ------
        ImageError
            When a chunk is damaged.
        """
        with zarr_damage(self._path):
            if index is ... or self._depth == 1 or not isinstance(index[self._z], int):
                return np.asarray(self._array[index])
            first = index[self._z] // self._depth * self._depth
            slab = (*index[: self._z], slice(first, first + self._depth), *index[self._z + 1 :])
            if self._kept is None or self._kept[0] != slab:
                self._kept = None
                self._kept = (slab, np.asarray(self._array[slab]))
            # Numbers take their axes away, so that Z comes after the whole axes before it.
            place = sum(isinstance(one, slice) for one in index[: self._z])
            picture: NDArray[Any] = self._kept[1].take(index[self._z] - first, axis=place)
            return picture


def ome_metadata(group: Any) -> Mapping[str, Any]:
    """The OME part of the attributes: under ``ome`` from version 0.5 on."""
    attributes: Mapping[str, Any] = group.attrs.asdict()
    inner: Mapping[str, Any] = attributes.get("ome", attributes)
    return inner


def _scene(group: Any, about: Mapping[str, Any], root: Path) -> SlicedScene:
    multiscale = about["multiscales"][0]
    level = multiscale["datasets"][0]
    # Version 0.3 has names where later ones have mappings.
    axes = [axis if isinstance(axis, Mapping) else {"name": axis} for axis in multiscale["axes"]]
    scale = ome_scale(level, len(axes)) * ome_scale(multiscale, len(axes))
    size = {
        str(axis["name"]).lower(): micrometres(float(step), axis.get("unit"))
        for axis, step in zip(axes, scale, strict=True)
    }
    channels = tuple(str(channel.get("label", "")) for channel in about.get("omero", {}).get("channels", ()))
    pixels = group[level["path"]]
    if _is_cut(pixels, root / pixels.path):
        raise ValueError("a chunk is cut off")
    letters = "".join(str(axis["name"])[0].upper() for axis in axes)
    return SlicedScene(
        pixels=ZarrPixels(pixels, letters, root),
        axes=letters,
        channels=channels if any(channels) else (),
        pixel_size=square(size.get("y"), size.get("x")),
        z_spacing=size.get("z"),
    )


def ome_scale(holder: Mapping[str, Any], count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The product of the scale transformations in `holder`."""
    scale = np.ones(count)
    for transformation in holder.get("coordinateTransformations", ()):
        if transformation.get("type") == "scale":
            scale = scale * np.asarray(transformation["scale"], dtype=np.float64)
    return scale


def _is_cut(pixels: Any, folder: Path) -> bool:
    """Whether a chunk packed by Blosc is shorter than it says: the decoder would fill it with what lies in memory.

    Other codecs notice by themselves. Source: Blosc chunk format, bytes 12 to 15 are the compressed size.
    """
    if (
        pixels.shards is not None
        or not pixels.compressors
        or "blosc" not in type(pixels.compressors[-1]).__name__.lower()
    ):
        return False
    for chunk in folder.rglob("*"):
        if chunk.is_file() and not chunk.name.startswith(".") and chunk.name != "zarr.json":
            with chunk.open("rb") as file:
                said = int.from_bytes(file.read(16)[12:], "little")
            if said != chunk.stat().st_size:
                return True
    return False
