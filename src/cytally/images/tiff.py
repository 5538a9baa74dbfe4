"""TIFF in its dialects: plain, BigTIFF, OME-TIFF, ImageJ, and tifffile's own."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.images.assemble import Scene
from cytally.images.ome_xml import OmeImage, parse_ome
from cytally.images.tiff_structure import MAGIC, is_whole
from cytally.images.units import micrometres, square

# What tifffile complains of is either raised by it, or found by `is_whole`; without a handler it would be printed.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

DAMAGE = (
    ValueError,
    RuntimeError,
    OSError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    struct.error,
)
"""What tifffile and the decoders raise on damaged files (TiffFileError and DecodeErrors are among them)."""

SCENE_KINDS = ("ome", "shaped", "imagej", "generic", "uniform")
"""Dialects in which each series is a scene. In others the first is the image, the rest are previews."""

MINISWHITE, PALETTE, SEPARATED, CIELAB = 0, 3, 5, 8
ALPHA = (1, 2)
RESOLUTION_UNITS = {2: "inch", 3: "cm", 4: "mm", 5: "um"}


def is_tiff(head: bytes) -> bool:
    """Whether a file that starts with these bytes is a TIFF."""
    return head[:4] in MAGIC


def read_tiff(path: Path) -> list[Scene]:
    """Read every scene of a TIFF file.

    Axes come from OME, ImageJ or tifffile metadata. The pixel size comes from OME, from ImageJ's unit with the
    resolution tags, or from the resolution tags alone where they are not a printer's.

    Raises
    ------
    ImageError
        When the file is cut off or damaged, does not fit into memory, lacks planes, or has the colours of print.
    """
    with damage(path):
        return [_scene(file, series, about, path) for file, series, about in scene_series(path)]


@contextmanager
def damage(path: Path) -> Iterator[None]:
    """Turn what tifffile raises on a damaged file into an ImageError."""
    try:
        yield
    except MemoryError as error:
        raise ImageError("does not fit into memory", file=path, cure="cut it into smaller images") from error
    except DAMAGE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ImageError(f"is a damaged TIFF file ({reason})", file=path, cure="copy or export it again") from error


def scene_series(path: Path) -> Iterator[tuple[Any, Any, OmeImage | None]]:
    """The open file, tifffile's series, and what OME tells, of each scene. No pixels are read.

    Raises
    ------
    ImageError
        When the file is cut off or damaged, lacks planes, or has the colours of print.
    """
    import tifffile

    if not is_whole(path):
        raise ImageError("is a TIFF file that is cut off or damaged", file=path, cure="copy or export it again")
    with tifffile.TiffFile(path) as file:
        series = [one for one in file.series if not one.keyframe.is_reduced] or list(file.series)
        if file.series[0].kind not in SCENE_KINDS:
            series = series[:1]
        ome = parse_ome(file.ome_metadata)
        if len(ome) != len(series):
            ome = [None] * len(series)
        for one, about in zip(series, ome, strict=True):
            refuse_unreadable(one, path)
            yield file, one, about


def refuse_unreadable(series: Any, path: Path) -> None:
    page = series.keyframe
    if page.photometric in (SEPARATED, CIELAB):
        raise ImageError(f"has {page.photometric.name} colours", file=path, cure="save it as RGB or grey")
    missing = sum(one is None for one in series.pages)
    if missing:
        raise ImageError(
            f"lacks {missing} of its {len(series.pages)} planes",
            file=path,
            cure="put all files of the series in one folder, or export it again",
        )


def _scene(file: Any, series: Any, ome: OmeImage | None, path: Path) -> Scene:
    array, axes = colours(series.asarray(), series.axes, series.kind, series.keyframe)
    return Scene(array, axes, *scene_about(file, series, ome))


def scene_about(file: Any, series: Any, ome: OmeImage | None) -> tuple[tuple[str, ...], float | None, float | None]:
    """Channel names, pixel size and spacing of slices (micrometres, None where the file tells none)."""
    page = series.keyframe
    pixel_size, z_spacing = _imagej_sizes(file, page) if series.kind == "imagej" else (_tag_size(page), None)
    return ((), pixel_size, z_spacing) if ome is None else (ome.channels, ome.pixel_size or pixel_size, ome.z_spacing)


def colours(array: NDArray[Any], axes: str, kind: str, page: Any) -> tuple[NDArray[Any], str]:
    """Leave out alpha, apply palettes, and turn white-is-zero round.

    Parameters
    ----------
    array
        Pixels as they are stored, one axis per letter of `axes`.
    axes, kind, page
        What tifffile tells of the series: its axes, its dialect and its first page.

    Returns
    -------
    The pixels, and their axes: palettes add S, the colour samples, at the end.
    """
    if "S" in axes:
        place = axes.index("S")
        extra = tuple(page.extrasamples)
        first = array.shape[place] - len(extra)
        keep = [i for i in range(array.shape[place]) if i < first or extra[i - first] not in ALPHA]
        if len(keep) < array.shape[place]:
            array = np.take(array, keep, axis=place)
    # ImageJ's palettes and inversions are how it shows an image; the pixels are the measurement. The same holds for
    # what measuring programs write with their own metadata.
    if kind in ("generic", "uniform", "shaped") and page.photometric == PALETTE and page.colormap is not None:
        palette = np.moveaxis(page.colormap, 0, -1)
        if page.bitspersample <= 8:
            palette = (palette >> 8).astype(np.uint8)
        return palette[array], axes + "S"
    if kind in ("generic", "uniform") and page.photometric == MINISWHITE:
        array = ~array if array.dtype == bool else _invert(array)
    return array, axes


def _invert(array: NDArray[Any]) -> NDArray[Any]:
    return np.iinfo(array.dtype).max - array if array.dtype.kind == "u" else array


def _resolution(page: Any, name: str) -> float | None:
    """Pixels per unit turned into units per pixel."""
    tag = page.tags.get(name)
    if tag is None or not tag.value[0]:
        return None
    return float(tag.value[1]) / float(tag.value[0])


def _side(page: Any, unit: str | None) -> float | None:
    y, x = (micrometres(_resolution(page, name), unit) for name in ("YResolution", "XResolution"))
    return square(y, x)


def _tag_size(page: Any) -> float | None:
    tag = page.tags.get("ResolutionUnit")
    return None if tag is None else _side(page, RESOLUTION_UNITS.get(int(tag.value)))


def _imagej_sizes(file: Any, page: Any) -> tuple[float | None, float | None]:
    about = file.imagej_metadata or {}
    unit = about.get("unit")
    if unit is None:
        return _tag_size(page), None
    spacing = about.get("spacing")
    return _side(page, str(unit)), micrometres(float(spacing), str(unit)) if spacing is not None else None
