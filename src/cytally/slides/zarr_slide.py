"""Slides in OME-Zarr folders, version 0.4 and 0.5, with their pyramids."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.images.ome_zarr import DAMAGE, ome_metadata, ome_scale, zarr_damage
from cytally.images.units import micrometres, square
from cytally.images.volume import checked_shape, checked_type
from cytally.slides.channel_planes import ChannelPlanes, find_planes
from cytally.slides.pyramid import find_levels
from cytally.slides.slide import Level
from cytally.slides.tiled_slide import Opening, TiledSlide, check_tile, reading


def open_zarr_slides(path: Path, axes: str | None, pixel_size: float | None) -> list[ZarrSlide]:
    """Open every image of an OME-Zarr folder. Several lie in numbered groups, as bioformats2raw writes them.

    Parameters
    ----------
    path
        The folder.
    axes, pixel_size
        As the user gives them.

    Raises
    ------
    ImageError
        As `cytally.slides.slide.open_slides` says, and when it is a plate of many fields.

    Notes
    -----
    Source: Next-generation file formats specification, https://ngff.openmicroscopy.org, versions 0.4 and 0.5.
    """
    import zarr

    with zarr_damage(path):
        node = zarr.open(path, mode="r")
        if not isinstance(node, zarr.Group):
            raise ImageError("is a bare zarr array without axes", file=path, cure="save it as OME-Zarr")
        groups: list[Any] = [node]
        if "multiscales" not in ome_metadata(node):
            if {"plate", "well"} & set(ome_metadata(node)):
                raise ImageError("is a plate of many fields", file=path, cure="name its fields one by one")
            numbered = sorted((name for name in node.group_keys() if name.isdecimal()), key=int)
            groups = [group for group in (node[name] for name in numbered) if "multiscales" in ome_metadata(group)]
        if not groups:
            raise ImageError("has no OME-Zarr metadata (multiscales)", file=path, cure="save it as OME-Zarr 0.4 or 0.5")
        return [
            _open(group, path, Opening(axes, pixel_size, number, len(groups))) for number, group in enumerate(groups)
        ]


class ZarrSlide(TiledSlide):
    """One image of an OME-Zarr folder, whose chunks (of a sharded array its inner chunks) are the tiles.

    Parameters
    ----------
    path, levels, channels, dtype, pixel_size, opening
        As of `TiledSlide`.
    sources
        The array of each level.
    """

    def __init__(
        self,
        path: Path,
        levels: list[Level],
        channels: tuple[str, ...],
        dtype: np.dtype[Any],
        pixel_size: float | None,
        opening: Opening,
        sources: list[_Source],
    ) -> None:
        super().__init__(path, levels, channels, dtype, pixel_size, opening)
        self._sources = sources

    def _decode(self, level: int, row: int, column: int, channels: tuple[int, ...]) -> NDArray[Any] | None:
        try:
            with reading(self.path):
                tile = self._sources[level].decode(row, column, list(channels))
        except DAMAGE:
            return None
        if not tile.any() and not self.path.exists():  # zarr takes chunks that are not there for empty ones
            raise ImageError(
                "is no longer there", file=self.path, cure="make it readable again, then go on with --resume"
            )
        return tile


class _Source:
    """The pixels of one level.

    Parameters
    ----------
    array
        Of zarr.
    letters
        Its axes.
    planes
        Which of its pictures belong to which channel.
    path
        The OME-Zarr folder.
    """

    def __init__(self, array: Any, letters: str, planes: ChannelPlanes, path: Path) -> None:
        self.array, self.planes = array, planes
        self._place = (letters.index("Y"), letters.index("X"))
        self._others = [place for place, letter in enumerate(letters) if letter not in "YX"]
        self._folder = path / array.path
        codec = type(array.compressors[-1]).__name__.lower() if array.compressors else ""
        self._is_blosc = "blosc" in codec and array.shards is None
        self.tile = (array.chunks[self._place[0]], array.chunks[self._place[1]])
        check_tile(self.tile, math.prod(array.chunks[place] for place in self._others), array.dtype, path)

    def decode(self, row: int, column: int, channels: list[int]) -> NDArray[Any]:
        """One tile of some channels (C, Y, X), depth projected by its maximum, each chunk decoded once."""
        numbers = self.planes.numbers[channels]
        outer = [self.array.shape[place] for place in self._others] or [1]
        places = np.stack(np.unravel_index(numbers, outer))
        depths = np.array([self.array.chunks[place] for place in self._others] or [1])
        chunks = places // depths[:, None, None]
        highest: list[NDArray[Any] | None] = [None] * len(channels)
        for chunk in np.unique(chunks.reshape(len(outer), -1), axis=1).T:
            inside = (chunks == chunk[:, None, None]).all(axis=0)
            first, last = places[:, inside].min(axis=1), places[:, inside].max(axis=1)
            block = self._block(row, column, chunk, first, last)
            for channel, depth in np.argwhere(inside):
                picture = block[tuple(places[:, channel, depth] - first)]
                so_far = highest[channel]
                highest[channel] = picture if so_far is None else np.maximum(so_far, picture)
        return np.stack([one for one in highest if one is not None])

    def _block(
        self, row: int, column: int, chunk: NDArray[Any], first: NDArray[Any], last: NDArray[Any]
    ) -> NDArray[Any]:
        """What is wanted of one chunk, Y and X last, with an axis before them even where the array has none."""
        index: list[Any] = [None] * self.array.ndim
        number = [0] * self.array.ndim
        for place, tile, length in zip(self._place, (row, column), self.tile, strict=True):
            index[place], number[place] = slice(tile * length, (tile + 1) * length), tile
        for place, one, start, stop in zip(self._others, chunk, first, last, strict=bool(self._others)):
            index[place], number[place] = slice(int(start), int(stop) + 1), int(one)
        if self._is_blosc:
            self._check(self._folder / self.array.metadata.encode_chunk_key(tuple(number)))
        block = np.moveaxis(np.asarray(self.array[tuple(index)]), self._place, (-2, -1))
        return block if self._others else block[None]

    def _check(self, chunk: Path) -> None:
        """ValueError where a chunk packed by Blosc is cut off: its decoder would fill it with what lies in memory.

        Source: Blosc chunk format, bytes 12 to 15 are the compressed size.
        """
        try:
            with chunk.open("rb") as file:
                said = int.from_bytes(file.read(16)[12:], "little")
            if said != chunk.stat().st_size:
                raise ValueError("the chunk is cut off")
        except FileNotFoundError:  # a chunk that is not there is empty
            return


def _open(group: Any, path: Path, opening: Opening) -> ZarrSlide:
    about = ome_metadata(group)
    multiscale = about["multiscales"][0]
    # Version 0.3 has names where later ones have mappings.
    axes = [axis if isinstance(axis, Mapping) else {"name": axis} for axis in multiscale["axes"]]
    letters = "".join(str(axis["name"])[0].upper() for axis in axes)
    scale = ome_scale(multiscale["datasets"][0], len(axes)) * ome_scale(multiscale, len(axes))
    sides = [micrometres(float(scale[place]), axes[place].get("unit")) for place in map(letters.index, "YX")]
    names = [str(channel.get("label", "")) for channel in about.get("omero", {}).get("channels", ())]
    arrays = [group[dataset["path"]] for dataset in multiscale["datasets"]]
    if any(array.ndim != len(axes) for array in arrays):
        raise ValueError("its arrays do not have the axes that are told")
    shapes = [(array.shape[letters.index("Y")], array.shape[letters.index("X")]) for array in arrays]
    checked_shape((1, *shapes[0]), path)
    dtype = checked_type(arrays[0].dtype, path)
    sources: list[_Source] = []
    levels: list[Level] = []
    for number, downsample in find_levels(shapes):
        array = arrays[number]
        planes = find_planes(tuple(array.shape), letters, path, said=opening.axes, names=names if any(names) else ())
        if sources and (len(planes.numbers) != len(sources[0].planes.numbers) or array.dtype != arrays[0].dtype):
            continue
        sources.append(_Source(array, letters, planes, path))
        levels.append(Level(shapes[number], downsample, sources[-1].tile))
    return ZarrSlide(path, levels, sources[0].planes.channels, dtype, square(*sides), opening, sources)
