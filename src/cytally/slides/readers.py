"""Which reader opens which slide."""

from __future__ import annotations

from pathlib import Path

from cytally.errors import ImageError
from cytally.images.formats import OPENSLIDE, SLIDE, is_zarr
from cytally.slides.slide import ReaderError, Slide


def open_with_reader(path: Path, axes: str | None, pixel_size: float | None) -> list[Slide]:
    """Open an image that exists; see `cytally.slides.slide.open_slides`.

    Each reader is imported only when needed, as their libraries load slowly. A scanner's TIFF that cannot be read in
    parts is tried with openslide.

    Raises
    ------
    ImageError
        As `open_slides` says.
    OSError
        When the file cannot be opened.
    """
    if is_zarr(path):
        from cytally.slides.zarr_slide import open_zarr_slides

        return list(open_zarr_slides(path, axes, pixel_size))
    if path.is_dir():
        raise ImageError("is a folder and no OME-Zarr", file=path, cure="name the images in it")
    if not path.stat().st_size:
        raise ImageError("is empty (0 bytes)", file=path, cure="copy or export it again")
    ending = path.suffix.lower()
    if ending in OPENSLIDE:
        from cytally.slides.openslide_slide import open_openslide

        return [open_openslide(path, pixel_size)]
    from cytally.images.tiff import is_tiff

    with path.open("rb") as file:
        head = file.read(4)
    if not is_tiff(head):
        raise ImageError(
            "is no TIFF and no OME-Zarr, which alone are read region by region",
            file=path,
            cure="copy or export it again",
        )
    from cytally.slides.tiff_slide import open_tiff_slides

    try:
        return list(open_tiff_slides(path, axes, pixel_size))
    except ReaderError as error:
        if ending not in SLIDE:
            raise
        return [_open_otherwise(path, pixel_size, error)]


def _open_otherwise(path: Path, pixel_size: float | None, refusal: ReaderError) -> Slide:
    """Open a scanner's TIFF through openslide."""
    from cytally.slides.openslide_slide import has_openslide, open_openslide

    if not has_openslide():
        raise ImageError(
            refusal.message, file=path, cure="install openslide, which may read it: pip install 'cytally[openslide]'"
        ) from refusal
    try:
        return open_openslide(path, pixel_size)
    except ImageError as error:
        raise refusal from error
