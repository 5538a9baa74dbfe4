"""Slides in OME-Zarr folders, version 0.4 and 0.5, with their pyramids."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.images.ome_zarr import DAMAGE, _damage, _metadata, _scale
from cytally.images.units import micrometres, square
from cytally.images.volume import checked_shape, checked_type
from cytally.slides.channel_planes import ChannelPlanes, find_planes
from cytally.slides.pyramid import find_levels
from cytally.slides.slide import Level
from cytally.slides.tiled_slide import Opening, TiledSlide, check_tile


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

    with _damage(path):
        node = zarr.open(path, mode="r")
        if not isinstance(node, zarr.Group):
            raise ImageError("is a bare zarr array without axes", file=path, cure="save it as OME-Zarr")
        groups = [node]
        if "multiscales" not in _metadata(node):
            if {"plate", "well"} & set(_metadata(node)):
                raise ImageError("is a plate of many fields", file=path, cure="name its fields one by one")
            numbered = sorted((name for name in node.group_keys() if name.isdecimal()), key=int)
            groups = [group for group in (node[name] for name in numbered) if "multiscales" in _metadata(group)]
        if not groups:
            raise ImageError(
                "has no OME-Zarr metadata (multiscales)", file=path, cure="save it as OME-Zarr 0.4 or 0.5"
            )
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
        The array of each level, and which of its pictures belong to which channel.
    letters
        The axes of the arrays.
    """

    def __init__(
        self,
        path: Path,
        levels: list[Level],
        channels: tuple[str, ...],
        dtype: np.dtype[Any],
        pixel_size: float | None,
        opening: Opening,
        sources: list[tuple[Any, ChannelPlanes]],
        letters: str,
    ) -> None:
        super().__init__(path, levels, channels, dtype, pixel_size, opening)
        self._sources, self._letters = sources, letters

    def _decode(self, level: int, row: int, column: int, channels: tuple[int, ...]) -> NDArray[Any] | None:
        array, planes = self._sources[level]
        height, width = self.levels[level].tile
        tile = {"Y": slice(row * height, (row + 1) * height), "X": slice(column * width, (column + 1) * width)}
        try:
            return np.stack([self._highest(array, planes.numbers[channel], tile) for channel in channels])
        except (MemoryError, *DAMAGE):
            return None

    def _highest(self, array: Any, numbers: NDArray[np.int64], tile: Mapping[str, slice]) -> NDArray[Any]:
        """The maximum (Y, X) of the pictures with these numbers, each chunk decoded once."""
        raise NotImplementedError


def _open(group: Any, path: Path, opening: Opening) -> ZarrSlide:
    multiscale = _metadata(group)["multiscales"][0]
    raise NotImplementedError
