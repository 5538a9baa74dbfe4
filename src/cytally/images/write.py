"""Writing density maps and label images that other programs open, with their pixel size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.files import whole_file, whole_folder

LARGEST_TIFF = 100_000_000
"""Pixels above which a density map becomes a chunked zarr, of which viewers load what they show."""

CHUNK = 1024

EMPTY = 0.25
"""Share of zeros from which a density map is compressed; the digits of other values hardly can be."""


def write_density(
    path: Path, density: NDArray[np.floating[Any]], pixel_size: float | None = None, *, largest: int = LARGEST_TIFF
) -> Path:
    """Write a density map as float32, without loss.

    Parameters
    ----------
    path
        Where to, ending in ``.tif``.
    density
        Cells per pixel (Y, X). What is read back sums, in float64, to the same count.
    pixel_size
        Micrometres per pixel.
    largest
        Pixels above which an OME-Zarr folder is written, ending in ``.zarr`` instead.

    Returns
    -------
    Path
        What was written.
    """
    density = np.asarray(density, dtype=np.float32)
    if density.size > largest:
        path = path.with_suffix(".zarr")
        _write_zarr(path, density, pixel_size)
    else:
        sparse = np.count_nonzero(density) <= (1 - EMPTY) * density.size
        _write_tiff(path, density, pixel_size, compress=bool(sparse))
    return path


def write_labels(path: Path, labels: NDArray[np.integer[Any]], pixel_size: float | None = None) -> Path:
    """Write a label image (Y, X) or volume (Z, Y, X); 0 is background.

    Returns
    -------
    Path
        What was written: a TIFF of uint16, or of uint32 where a label is above 65535.

    Raises
    ------
    ValueError
        When a label is negative or above the range of uint32.
    """
    labels = np.asarray(labels)
    lowest, highest = (int(labels.min()), int(labels.max())) if labels.size else (0, 0)
    if lowest < 0 or highest > np.iinfo(np.uint32).max:
        raise ValueError(f"labels run from {lowest} to {highest}, and must fit into 32 bits without a sign")
    dtype = np.uint16 if highest <= np.iinfo(np.uint16).max else np.uint32
    _write_tiff(path, labels.astype(dtype, copy=False), pixel_size)
    return path


def _write_tiff(path: Path, array: NDArray[Any], pixel_size: float | None, *, compress: bool = True) -> None:
    import tifffile

    with whole_file(path) as temporary:
        tifffile.imwrite(
            temporary,
            array,
            photometric="minisblack",
            compression="zlib" if compress else None,
            metadata={"axes": "YX" if array.ndim == 2 else "ZYX"},
            resolution=None if pixel_size is None else (1e4 / pixel_size, 1e4 / pixel_size),
            resolutionunit=None if pixel_size is None else "CENTIMETER",
        )


def _write_zarr(path: Path, density: NDArray[np.float32], pixel_size: float | None) -> None:
    import zarr

    axes: list[dict[str, str]] = [{"name": name, "type": "space"} for name in "yx"]
    if pixel_size is not None:
        axes = [{**axis, "unit": "micrometer"} for axis in axes]
    scale = {"type": "scale", "scale": [pixel_size or 1.0] * 2}
    datasets = [{"path": "0", "coordinateTransformations": [scale]}]
    metadata: dict[str, Any] = {
        "version": "0.5",
        "multiscales": [{"name": path.stem, "axes": axes, "datasets": datasets}],
    }
    with whole_folder(path) as temporary:
        group = zarr.open_group(temporary, mode="w", zarr_format=3, attributes={"ome": metadata})
        group.create_array("0", data=density, chunks=(CHUNK, CHUNK), dimension_names=("y", "x"))
