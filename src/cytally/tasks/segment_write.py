"""The files of one segmented volume, written slice by slice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cytally.files import whole_file

LARGEST_16_BIT = np.iinfo(np.uint16).max
"""Labels above it need 32 bits."""

LARGEST_CLASSIC_TIFF = 2**32 - 2**25
"""Bytes above which a file is a BigTIFF, with some room for its tags."""


def label_type(objects: int) -> np.dtype[Any]:
    """16 bits for up to 65,535 objects, else 32.

    Examples
    --------
    >>> label_type(65535), label_type(65536)
    (dtype('uint16'), dtype('uint32'))
    """
    return np.dtype(np.uint16 if objects <= LARGEST_16_BIT else np.uint32)


def write_label_slices(
    path: Path,
    slices: Iterable[NDArray[np.integer[Any]]],
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    pixel_size: float | None = None,
    z_spacing: float | None = None,
) -> None:
    """Write a label volume as OME-TIFF, whole or not at all, holding one slice at a time.

    Parameters
    ----------
    path
        Where to, ending in ``.tif``.
    slices
        Its slices (Y, X), in order.
    shape
        Z, Y, X.
    dtype
        Type of the labels in the file.
    pixel_size, z_spacing
        Micrometres; left out of the metadata where None.
    """
    import tifffile

    metadata: dict[str, Any] = {"axes": "ZYX"}
    if pixel_size is not None:
        for axis in "YX":
            metadata |= {f"PhysicalSize{axis}": pixel_size, f"PhysicalSize{axis}Unit": "µm"}
    if z_spacing is not None:
        metadata |= {"PhysicalSizeZ": z_spacing, "PhysicalSizeZUnit": "µm"}
    large = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize > LARGEST_CLASSIC_TIFF
    with whole_file(path) as temporary, tifffile.TiffWriter(temporary, ome=True, bigtiff=large) as file:
        file.write(
            (np.ascontiguousarray(labels, dtype) for labels in slices),
            shape=shape,
            dtype=dtype,
            photometric="minisblack",
            compression="zlib",
            metadata=metadata,
            resolution=None if pixel_size is None else (1e4 / pixel_size, 1e4 / pixel_size),
            resolutionunit=None if pixel_size is None else "CENTIMETER",
        )


def write_objects(path: Path, table: pd.DataFrame) -> None:
    """Write objects/STEM.csv, whole or not at all."""
    with whole_file(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.7g")
