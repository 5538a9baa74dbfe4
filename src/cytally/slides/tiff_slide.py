"""Slides in TIFF files: SVS, NDPI, SCN, tiled and striped TIFF, BigTIFF and OME-TIFF with their pyramids."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.images.volume import checked_shape
from cytally.slides.channel_planes import ChannelPlanes, find_planes
from cytally.slides.file_bytes import FileBytes
from cytally.slides.pyramid import find_levels
from cytally.slides.slide import Level
from cytally.slides.tiff_level import TiffLevel
from cytally.slides.tiff_scenes import TiffScene, find_scenes, plane_shape
from cytally.slides.tiled_slide import Opening, TiledSlide


def open_tiff_slides(path: Path, axes: str | None, pixel_size: float | None) -> list[TiffSlide]:
    """Open every scene of a TIFF file.

    Parameters
    ----------
    path
        The file.
    axes, pixel_size
        As the user gives them.

    Raises
    ------
    ImageError
        As `cytally.slides.slide.open_slides` says.
    """
    with find_scenes(path) as scenes:
        return [
            _open(scene, path, Opening(axes, pixel_size, number, len(scenes))) for number, scene in enumerate(scenes)
        ]


class TiffSlide(TiledSlide):
    """One scene of a TIFF file. Its directories are read once; the file is open from the first window on.

    Parameters
    ----------
    path, levels, channels, dtype, pixel_size, opening
        As of `TiledSlide`.
    sources
        Where the pixels of each level are.
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
        files: dict[Path, FileBytes],
    ) -> None:
        super().__init__(path, levels, channels, dtype, pixel_size, opening)
        self._sources, self._files = sources, files

    def _decode(self, level: int, row: int, column: int, channels: tuple[int, ...]) -> NDArray[Any] | None:
        source = self._sources[level]
        return source.pixels.decode(row, column, source.planes.numbers[list(channels)])

    def close(self) -> None:
        super().close()
        for file in self._files.values():
            file.close()


@dataclass(frozen=True, eq=False)
class _Source:
    """The pixels of one level, and which of its pictures belong to which channel."""

    pixels: TiffLevel
    planes: ChannelPlanes


def _open(scene: TiffScene, path: Path, opening: Opening) -> TiffSlide:
    shapes = [plane_shape(series) for series in scene.levels]
    checked_shape((1, *shapes[0]), path)
    files: dict[Path, FileBytes] = {}
    sources: list[_Source] = []
    levels: list[Level] = []
    for number, downsample in find_levels(shapes):
        pixels = TiffLevel(scene.levels[number], path, files)
        source = _Source(
            pixels, find_planes(pixels.whole_shape, pixels.axes, path, said=opening.axes, names=scene.channels)
        )
        if sources and not _is_alike(source, sources[0]):
            continue
        sources.append(source)
        levels.append(Level(shapes[number], downsample, pixels.tile))
    largest = sources[0]
    return TiffSlide(
        path, levels, largest.planes.channels, largest.pixels.dtype, scene.pixel_size, opening, sources, files
    )


def _is_alike(level: _Source, largest: _Source) -> bool:
    """Whether a level has the channels and the type of the largest."""
    return len(level.planes.numbers) == len(largest.planes.numbers) and level.pixels.dtype == largest.pixels.dtype
