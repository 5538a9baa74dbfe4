"""Volumes as TIFF files that keep the size of their voxels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from cytally.files import whole_file

LARGEST_IMAGEJ = 2**32 - 2**25
"""Bytes above which ImageJ's own kind of TIFF cannot hold a volume, and OME-TIFF is written."""


def write_volume(path: Path, volume: NDArray[Any], pixel_size: float, z_spacing: float) -> None:
    """Write a volume (Z, Y, X) of 8 or 16 bits, compressed, with the size of its voxels in micrometres.

    A volume of one slice keeps its axes, so that what is read back has three.
    """
    import tifffile

    with whole_file(path) as temporary:
        if volume.nbytes < LARGEST_IMAGEJ:
            tifffile.imwrite(
                temporary,
                volume,
                imagej=True,
                compression="zlib",
                resolution=(1 / pixel_size, 1 / pixel_size),
                metadata={"axes": "ZYX", "spacing": z_spacing, "unit": "um"},
            )
        else:
            sizes = {"PhysicalSizeX": pixel_size, "PhysicalSizeY": pixel_size, "PhysicalSizeZ": z_spacing}
            tifffile.imwrite(
                temporary,
                volume,
                ome=True,
                bigtiff=True,
                compression="zlib",
                photometric="minisblack",
                metadata={"axes": "ZYX", **sizes},
            )
