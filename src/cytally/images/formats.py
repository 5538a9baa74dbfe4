"""The file formats that can be read, told apart by their endings."""

from __future__ import annotations

from pathlib import Path

from cytally.errors import ImageError

RASTER = (".png", ".jpg", ".jpeg", ".bmp")
TIFF = (".tif", ".tiff", ".btf")
ZARR = (".zarr",)
VENDOR = (".nd2", ".czi", ".lif", ".lsm", ".dv", ".ims", ".oib", ".oif", ".oir", ".sldy", ".vsi")
"""Formats of microscope makers, read through bioio."""

OPENSLIDE = (".mrxs", ".vms", ".vmu", ".svslide", ".bif")
"""Slide scanners' formats that openslide alone reads, or reads better: the tiles of .bif overlap."""

SLIDE = (".svs", ".ndpi", ".scn", *OPENSLIDE)
"""Slide scanners' formats, read region by region. The first three are TIFF."""

SUPPORTED = RASTER + TIFF + ZARR + VENDOR + SLIDE

ZARR_FILES = ("zarr.json", ".zgroup", ".zattrs")
"""What marks a folder as zarr, whatever its ending."""


def is_zarr(path: Path) -> bool:
    """Whether `path` is a folder that is one image."""
    return path.is_dir() and (path.suffix.lower() in ZARR or any((path / name).exists() for name in ZARR_FILES))


def is_supported(path: Path) -> bool:
    """Whether `path` is named like an image, or is a zarr folder."""
    return is_zarr(path) or (not path.is_dir() and path.suffix.lower() in SUPPORTED)


def supported_ending(path: str | Path) -> str:
    """The ending of a file name, in small letters.

    Raises
    ------
    ImageError
        When no image that can be read is named so.

    Examples
    --------
    >>> supported_ending("Cells.TIF")
    '.tif'
    """
    ending = Path(path).suffix.lower()
    if ending not in SUPPORTED:
        raise ImageError(
            f"has an ending ({ending or 'none'}) that is not supported",
            file=path,
            cure="save it in one of the supported formats: " + " ".join(SUPPORTED),
        )
    return ending
