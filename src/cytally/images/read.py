"""Reading an image file of any supported format."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from cytally.errors import ImageError, UsageError
from cytally.images.assemble import Scene, assemble
from cytally.images.checks import checked
from cytally.images.formats import OPENSLIDE, RASTER, SLIDE, TIFF, VENDOR, is_zarr, supported_ending
from cytally.images.image import Image

LONGEST_MAGIC = 16
"""Bytes at the start of a file that tell its format."""


def read(path: str | Path, *, axes: str | None = None, pixel_size: float | None = None) -> list[Image]:
    """Read an image file: one `Image` per scene.

    Parameters
    ----------
    path
        PNG, JPEG, BMP, TIFF (plain, BigTIFF, OME, ImageJ), an OME-Zarr folder, or a vendor's format.
    axes
        One letter per axis out of T, C, Z, Y, X and S (colour samples), where the file tells none or wrong ones.
    pixel_size
        Micrometres per pixel, where the file tells none or a wrong one.

    Returns
    -------
    list of Image
        Pixels (T, C, Z, Y, X) in the type of the file. Transparency is left out.

    Raises
    ------
    ImageError
        When the file is missing, empty, cut off, damaged, of an unsupported format, without known axes, narrower than
        8 pixels, or has pixels that are not finite real numbers.
    UsageError
        When `pixel_size` is not a positive number.
    """
    path = Path(path)
    if pixel_size is not None and not (math.isfinite(pixel_size) and pixel_size > 0):
        raise UsageError(f"the pixel size is {pixel_size}", cure="give it in micrometres, above 0")
    try:
        scenes = _scenes(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ImageError(f"could not be opened ({reason})", file=path, cure="check its permissions") from error
    images = [checked(image) for image in assemble(scenes, path, axes)]
    return images if pixel_size is None else [replace(image, pixel_size=pixel_size) for image in images]


def _scenes(path: Path) -> list[Scene]:
    """Choose the reader by what the file holds; each is imported only when needed, as their libraries load slowly."""
    if not path.exists():
        raise ImageError("does not exist", file=path, cure="check the path")
    if is_zarr(path):
        from cytally.images.ome_zarr import read_ome_zarr

        return read_ome_zarr(path)
    if path.is_dir():
        raise ImageError("is a folder and no OME-Zarr", file=path, cure="name the images in it")
    ending = supported_ending(path)
    with path.open("rb") as file:
        head = file.read(LONGEST_MAGIC)
    if not head:
        raise ImageError("is empty (0 bytes)", file=path, cure="copy or export it again")
    if ending in VENDOR:
        from cytally.images.vendor import read_vendor

        return read_vendor(path)
    if ending in OPENSLIDE:
        raise ImageError(
            "is a slide, which is read region by region",
            file=path,
            cure="count it with the command 'cytally count', or open it with cytally.slides.slide.open_slides",
        )
    from cytally.images.raster import format_of, read_raster
    from cytally.images.tiff import is_tiff, read_tiff

    if is_tiff(head):
        return read_tiff(path)
    if format_of(head):
        return read_raster(path)
    kind = "TIFF" if ending in (*TIFF, *SLIDE) else "PNG, JPEG or BMP" if ending in RASTER else "an OME-Zarr folder"
    raise ImageError(f"is not {kind}, whatever its ending says", file=path, cure="export the image again")
