"""Which scenes a TIFF file holds, and at which resolutions."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cytally.errors import ImageError
from cytally.images.ome_xml import parse_ome
from cytally.images.tiff import SCENE_KINDS, damage, refuse_unreadable, scene_about
from cytally.images.tiff_structure import MAGIC, directories, is_enough
from cytally.images.units import LARGEST_PIXEL, micrometres, square
from cytally.slides.pyramid import find_levels

SCANNERS = ("svs", "ndpi", "scn", "bif", "philips")
"""Dialects of slide scanners, whose metadata tiffslide knows."""


@dataclass(frozen=True, eq=False)
class TiffScene:
    """One scene of a TIFF file.

    Parameters
    ----------
    levels
        Series of tifffile's, the largest first.
    channels
        Channel names, empty where the file tells none.
    pixel_size
        Micrometres per pixel of the largest, or None where unknown.
    """

    levels: Sequence[Any]
    channels: Sequence[str]
    pixel_size: float | None


@contextmanager
def find_scenes(path: Path) -> Iterator[list[TiffScene]]:
    """The scenes of a TIFF file, which is open meanwhile. No pixels are read.

    Strips and tiles may lie behind the end of a file that was cut off: they are damaged when they are read.

    Raises
    ------
    ImageError
        When the directories are damaged, planes are missing, or it has the colours of print.
    """
    import tifffile

    # In NDPI, offsets are of another length than in TIFF; tifffile alone knows.
    if path.suffix.lower() != ".ndpi" and not _has_whole_directories(path):
        raise ImageError("is a TIFF file that is cut off or damaged", file=path, cure="copy or export it again")
    with damage(path), tifffile.TiffFile(path) as file:
        yield _scanner_scenes(file, path) if file.series[0].kind in SCANNERS else _scenes(file, path)


def _has_whole_directories(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            order, big = MAGIC[file.read(4)]
            return all(is_enough(values) for values in directories(file, order, big))
        except (KeyError, EOFError):
            return False


def _scenes(file: Any, path: Path) -> list[TiffScene]:
    groups = _join_pyramids(file.series)
    whole = [group for group in groups if not group[0].keyframe.is_reduced] or groups
    if file.series[0].kind not in SCENE_KINDS:
        whole = whole[:1]
    ome = parse_ome(file.ome_metadata)
    if len(ome) != len(whole):
        ome = [None] * len(whole)
    scenes = []
    for levels, about in zip(whole, ome, strict=True):
        for series in levels:
            refuse_unreadable(series, path)
        names, pixel_size, _ = scene_about(file, levels[0], about)
        scenes.append(TiffScene(levels, names, pixel_size))
    return scenes


def _join_pyramids(series: Sequence[Any]) -> list[list[Any]]:
    """The resolutions of each series, those among them that tifffile takes for scenes: it wants them in equal steps.

    Series that are not marked as reduced belong to a larger one where both sides are the same whole number of times
    shorter.
    """
    groups = [list(one.levels) for one in series]
    if series[0].kind != "generic":
        return groups
    joined: list[list[Any]] = []
    for group in groups:
        first = joined[0] if joined else None
        if first is not None and first[0].axes == group[0].axes and first[0].dtype == group[0].dtype:
            found = find_levels([plane_shape(first[0]), plane_shape(group[0])])
            exact = len(found) > 1 and found[1][1][0] == found[1][1][1] == int(found[1][1][0])
            if exact or (len(found) > 1 and group[0].keyframe.is_reduced):
                first.extend(group)
                continue
        joined.append(group)
    joined[0].sort(key=lambda one: -plane_shape(one)[1])
    return joined


def plane_shape(series: Any) -> tuple[int, int]:
    """Rows and columns of a series of tifffile's."""
    return series.shape[series.axes.index("Y")], series.shape[series.axes.index("X")]


def _scanner_scenes(file: Any, path: Path) -> list[TiffScene]:
    """The slide without its label and overviews, and its pixel size, as tiffslide tells them."""
    about = _properties(path)
    areas = about.get("tiffslide.series-composition")
    if areas is not None:
        chosen = [file.series[number] for number in sorted(areas["located_series"])]
    else:
        chosen = [max(file.series, key=lambda one: plane_shape(one)[0] * plane_shape(one)[1])]
    for series in chosen:
        refuse_unreadable(series, path)
    sides = [micrometres(float(about.get(f"tiffslide.mpp-{side}") or 0), "um") for side in "yx"]
    pixel_size = square(*sides)
    # Without a pixel size of the scanner's, tiffslide takes the resolution that was meant for a printer.
    known = pixel_size if pixel_size is not None and pixel_size <= LARGEST_PIXEL else None
    return [TiffScene(list(series.levels), (), known) for series in chosen]


def _properties(path: Path) -> dict[str, Any]:
    """What tiffslide tells of the slide; nothing where it does not understand it."""
    import tiffslide

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tiffslide says which formats it knows in part
        try:
            with tiffslide.TiffSlide(path) as slide:
                return dict(slide.properties)
        except (NotImplementedError, ValueError, LookupError, TypeError, AssertionError):
            return {}
