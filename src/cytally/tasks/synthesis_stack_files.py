"""Volumes and time-lapses as TIFF files that keep the size of their voxels, and the time between frames."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from cytally.files import whole_file

LARGEST_IMAGEJ = 2**32 - 2**25
"""Bytes above which ImageJ's own kind of TIFF cannot hold a stack, and OME-TIFF is written."""


def write_volume(path: Path, volume: NDArray[Any], pixel_size: float, z_spacing: float) -> None:
    """Write a volume (Z, Y, X) of 8 or 16 bits, compressed, with the size of its voxels in micrometres.

    A volume of one slice keeps its axes, so that what is read back has three.
    """
    sizes = {"PhysicalSizeX": pixel_size, "PhysicalSizeY": pixel_size, "PhysicalSizeZ": z_spacing}
    _write_stack(path, volume, pixel_size, "ZYX", imagej={"spacing": z_spacing}, ome=sizes)


def write_timelapse(path: Path, frames: NDArray[Any], pixel_size: float, interval: float) -> None:
    """Write frames (T, Y, X) of 8 or 16 bits, compressed, with pixels in micrometres and the interval in minutes."""
    times = {"finterval": 60 * interval, "tunit": "sec"} if interval else {}
    sizes = {"PhysicalSizeX": pixel_size, "PhysicalSizeY": pixel_size, "PhysicalSizeXUnit": "µm"}
    sizes |= {"PhysicalSizeYUnit": "µm", "TimeIncrement": interval, "TimeIncrementUnit": "min"}
    _write_stack(path, frames, pixel_size, "TYX", imagej=times, ome=sizes)


def _write_stack(
    path: Path,
    stack: NDArray[Any],
    pixel_size: float,
    axes: str,
    *,
    imagej: Mapping[str, Any],
    ome: Mapping[str, Any],
) -> None:
    """Write a stack as ImageJ does, or as OME-TIFF where it is too large for that, each with what it tells."""
    import tifffile

    kind: dict[str, Any]
    if stack.nbytes < LARGEST_IMAGEJ:
        kind = {"imagej": True, "resolution": (1 / pixel_size, 1 / pixel_size)}
        kind["metadata"] = {"axes": axes, "unit": "um", **imagej}
    else:
        kind = {"ome": True, "bigtiff": True, "photometric": "minisblack", "metadata": {"axes": axes, **ome}}
    with whole_file(path) as temporary:
        tifffile.imwrite(temporary, stack, compression="zlib", **kind)
