"""The density map of a slide: an OME-Zarr pyramid, written region by region, every level of which sums to the count."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.files import flush, whole_file
from cytally.slides.plan import CHUNK, GRAIN, Plan, Region

COARSEST = 2048
"""Levels are added until the longer side is at most this."""
MOST_LEVELS = int(math.log2(GRAIN))
"""As often as a region's side can be halved."""

Floats = NDArray[np.float32]


class DensityMap:
    """A density map on the disk, in cells per pixel of each level.

    Regions fill whole chunks on every level, so that several processes may write regions at the same time, and one that
    is written again replaces itself. What is never written is 0, and takes no room.

    Parameters
    ----------
    path
        The folder, ending in ``.zarr``.
    plan
        How the slide is cut.
    """

    def __init__(self, path: Path, plan: Plan) -> None:
        self.path, self.plan = path, plan
        self._levels: list[Any] | None = None

    @property
    def depth(self) -> int:
        """Number of levels, each half as wide as the one before."""
        halvings = math.ceil(math.log2(max(1, max(self.plan.shape) / COARSEST)))
        return 1 + min(halvings, MOST_LEVELS)

    def create(self, pixel_size: float | None) -> None:
        """Make the empty map in place of what may be there.

        Parameters
        ----------
        pixel_size
            Micrometres per pixel of level 0.
        """
        import zarr
        from zarr.codecs import BloscCodec

        self.path.parent.mkdir(parents=True, exist_ok=True)
        group = zarr.open_group(
            self.path, mode="w", zarr_format=3, attributes={"ome": self._metadata(pixel_size), "cytally": ABOUT}
        )
        for level in range(self.depth):
            side = self.plan.side >> level
            group.create_array(
                str(level),
                shape=tuple(-(-length >> level) for length in self.plan.shape),
                chunks=(_chunk(side),) * 2,
                dtype="float32",
                fill_value=0.0,
                compressors=BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle"),
                dimension_names=("y", "x"),
            )
        self._levels = None

    def write(self, region: Region, density: Floats) -> None:
        """Write a region's density (Y, X), in pixels of level 0, on all levels; it is on the disk afterwards."""
        for level, array in enumerate(self._arrays()):
            if level:
                density = halved(density)
            top, left = region.rows.start >> level, region.columns.start >> level
            rows, columns = slice(top, top + density.shape[0]), slice(left, left + density.shape[1])
            array[rows, columns] = density
            for chunk in self._chunks(level, array, rows, columns):
                with suppress(FileNotFoundError):  # one without a cell takes no room
                    flush(chunk)

    def coarsest(self) -> Floats:
        """The last level (Y, X): small enough to look at, and with the same sum."""
        return np.asarray(self._arrays()[-1][...])

    def write_tiff(self, path: Path, pixel_size: float | None) -> None:
        """Write level 0 as one TIFF, tile by tile.

        Parameters
        ----------
        path
            Where to.
        pixel_size
            Micrometres per pixel.
        """
        import tifffile

        finest = self._arrays()[0]
        rows, columns = self.plan.shape

        def tiles() -> Iterator[Floats]:
            for top in range(0, rows, CHUNK):
                for left in range(0, columns, CHUNK):
                    tile = np.zeros((CHUNK, CHUNK), np.float32)
                    part = np.asarray(finest[top : top + CHUNK, left : left + CHUNK])
                    tile[: part.shape[0], : part.shape[1]] = part
                    yield tile

        with whole_file(path) as temporary:
            tifffile.imwrite(
                temporary,
                tiles(),
                shape=(rows, columns),
                dtype=np.float32,
                tile=(CHUNK, CHUNK),
                photometric="minisblack",
                compression="zlib",
                metadata={"axes": "YX"},
                resolution=None if pixel_size is None else (1e4 / pixel_size, 1e4 / pixel_size),
                resolutionunit=None if pixel_size is None else "CENTIMETER",
            )

    def _chunks(self, level: int, array: Any, rows: slice, columns: slice) -> Iterator[Path]:
        """The files of the chunks in a window of a level."""
        side = array.chunks[0]
        for row in range(rows.start // side, -(-rows.stop // side)):
            for column in range(columns.start // side, -(-columns.stop // side)):
                yield self.path / str(level) / array.metadata.encode_chunk_key((row, column))

    def _arrays(self) -> list[Any]:
        import zarr

        if self._levels is None:
            group = zarr.open_group(self.path, mode="r+")
            self._levels = [group[str(level)] for level in range(self.depth)]
        return self._levels

    def _metadata(self, pixel_size: float | None) -> dict[str, Any]:
        axes: list[dict[str, str]] = [{"name": name, "type": "space"} for name in "yx"]
        if pixel_size is not None:
            axes = [{**axis, "unit": "micrometer"} for axis in axes]
        size = pixel_size or 1.0
        datasets = [
            {
                "path": str(level),
                "coordinateTransformations": [
                    {"type": "scale", "scale": [size * 2**level] * 2},
                    {"type": "translation", "translation": [size * (2**level - 1) / 2] * 2},
                ],
            }
            for level in range(self.depth)
        ]
        name = self.path.stem
        return {"version": "0.5", "multiscales": [{"name": name, "axes": axes, "datasets": datasets, "type": "sum"}]}


ABOUT: dict[str, Any] = {"unit": "cells per pixel of each level", "sums_to_count": True}
"""What the attributes tell besides OME's: pyramids usually hold means, this one sums."""


def halved(density: Floats) -> Floats:
    """Sums over squares of two by two pixels; an odd line at the end stands alone.

    Examples
    --------
    >>> halved(np.array([[1, 2, 3]], np.float32)).tolist()
    [[3.0, 3.0]]
    """
    rows, columns = density.shape
    if rows % 2 or columns % 2:
        density = np.pad(density, ((0, rows % 2), (0, columns % 2)))
    upright = density[::2] + density[1::2]
    summed: Floats = upright[:, ::2] + upright[:, 1::2]
    return summed


def _chunk(side: int) -> int:
    """The largest chunk of at most `CHUNK` pixels that divides a region's side."""
    return next(side // number for number in range(-(-side // CHUNK), side + 1) if side % number == 0)
