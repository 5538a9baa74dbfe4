"""Opening time-lapses: stacks, folders of frames, and wells of tiles by a pattern of names."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cytally.errors import ImageError, UsageError
from cytally.images.frame_files import look
from cytally.images.frame_folders import by_folder
from cytally.images.frame_scene import FrameScene
from cytally.images.frame_series import Settings, build
from cytally.images.frame_wells import by_pattern
from cytally.images.name_pattern import NamePattern
from cytally.images.sources import find_images
from cytally.images.timelapse import MARKS, Frame, TimeLapse

__all__ = ["MARKS", "Frame", "TimeLapse", "find_timelapses", "open_timelapses"]

log = logging.getLogger(__name__)


def open_timelapses(
    inputs: Sequence[str | Path],
    *,
    axes: str | None = None,
    pattern: str | None = None,
    grid: tuple[int, int] | None = None,
    interval: float | None = None,
    pixel_size: float | None = None,
) -> list[TimeLapse]:
    """Open time-lapses; see `find_timelapses`. What cannot be used is logged as a warning.

    Raises
    ------
    ImageError
        When none could be opened.
    UsageError
        As `find_timelapses`.
    """
    found, errors = find_timelapses(
        inputs, axes=axes, pattern=pattern, grid=grid, interval=interval, pixel_size=pixel_size
    )
    if not found and errors:
        raise errors[0]
    for error in errors:
        log.warning("%s", error)
    return found


def find_timelapses(
    inputs: Sequence[str | Path],
    *,
    axes: str | None = None,
    pattern: str | None = None,
    grid: tuple[int, int] | None = None,
    interval: float | None = None,
    pixel_size: float | None = None,
) -> tuple[list[TimeLapse], list[ImageError]]:
    """Open time-lapses, and tell what could not be used. No pixels are read.

    Parameters
    ----------
    inputs
        Files, folders and glob patterns. A file of several frames is a time-lapse by itself (each scene of it, where it
        has several; TIFF pages that were written one by one belong together). Files of one frame are a time-lapse
        together with the others of their folder, in natural order.
    axes
        One letter per axis out of T, C, Z, Y, X and S (colour samples), where a file tells none or wrong ones. One axis
        of which nothing is told is time. Depth is projected by its maximum.
    pattern
        How names of files tell {plate}, {well}, {tile}, {time} and {channel} (`cytally.images.name_pattern`). Each well
        is a time-lapse.
    grid
        Rows and columns of a well's tiles, which are of one size, lie edge to edge and are numbered row by row, each
        row from left to right. By default the grid nearest to a square, with a note.
    interval
        Minutes between frames; wins over what the files tell.
    pixel_size
        Micrometres per pixel, where the files tell none or a wrong one.

    Returns
    -------
    tuple
        The time-lapses, no two of one stem, and the errors of files and wells that could not be used.

    Raises
    ------
    UsageError
        When an input is missing, the pattern fits no name, the grid has too few places or comes without a pattern that
        tells tiles, or a number is not positive.
    """
    for value, what, unit in ((interval, "interval", "minutes"), (pixel_size, "pixel size", "micrometres")):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise UsageError(f"the {what} is {value}", cure=f"give it in {unit}, above 0")
    names = None if pattern is None else NamePattern(pattern)
    if grid is not None and (names is None or "tile" not in names.fields):
        raise UsageError("a grid is given, and no pattern tells tiles", cure="give one, as --pattern '{well}_{tile}'")
    opened: dict[Path, list[FrameScene] | ImageError] = {}
    for path in find_images(inputs):
        try:
            opened[path] = look(path, axes)
        except ImageError as error:
            opened[path] = error
    series, errors = by_folder(opened, axes) if names is None else by_pattern(opened, names, grid)
    found: list[TimeLapse] = []
    for label, moments in series:
        try:
            found.append(build(label, moments, Settings(axes, interval, pixel_size)))
        except ImageError as error:
            errors.append(error)
    return _apart(found), errors


def _apart(found: Sequence[TimeLapse]) -> list[TimeLapse]:
    """Time-lapses whose stems differ (upper and lower case are alike): a folder comes in front, or a number behind."""
    for again in (_with_folder, _with_number):
        stems = Counter(one.stem.casefold() for one in found)
        found = [again(one, place) if stems[one.stem.casefold()] > 1 else one for place, one in enumerate(found, 1)]
    return list(found)


def _with_folder(one: TimeLapse, place: int) -> TimeLapse:
    folder = one.source.resolve()
    # A well lies in its folder, a sequence is a folder.
    name = folder.name if folder.is_dir() and folder.name != one.stem else folder.parent.name
    return replace(one, stem=f"{name}_{one.stem}", name=f"{name}/{one.name}")


def _with_number(one: TimeLapse, place: int) -> TimeLapse:
    return replace(one, stem=f"{one.stem}_{place}")
