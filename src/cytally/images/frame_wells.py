"""Time-lapses of several wells, tiles and channels, told apart by a pattern of the files' names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cytally.errors import ImageError
from cytally.images.frame_order import Numbering, enumerated, natural_key, numbering
from cytally.images.frame_scene import FrameScene, sequences
from cytally.images.frame_series import Label, Moment, Part
from cytally.images.frame_tiles import Layout, lay_out
from cytally.images.name_pattern import NamePattern
from cytally.images.timelapse import missing_frames, note

Opened = dict[Path, list[FrameScene] | ImageError]
"""What each file holds, or why it cannot be read."""


class Well(NamedTuple):
    """What tells wells apart."""

    folder: Path
    plate: str
    well: str


class Lane(NamedTuple):
    """The pictures of one channel of one tile of a well follow each other in time."""

    well: Well
    tile: str
    channel: str


def by_pattern(
    opened: Opened, pattern: NamePattern, grid: tuple[int, int] | None
) -> tuple[list[tuple[Label, list[Moment]]], list[ImageError]]:
    """Sort files into wells, tiles, channels and times.

    Parameters
    ----------
    opened
        What the files hold: one frame, or several that follow each other.
    pattern
        What the names tell. Wells of different folders and plates are different. Without a time, files of the same
        well, tile and channel are frames in natural order.
    grid
        Rows and columns of the tiles.

    Returns
    -------
    tuple
        The label and the moments of each well, and the errors of files that do not fit.

    Raises
    ------
    UsageError
        When the pattern fits no file, or the grid has too few places.
    """
    fields, misfits = pattern.parse_all(list(opened))
    errors = list(misfits.values())
    lanes: defaultdict[Lane, list[Path]] = defaultdict(list)
    for path, found in fields.items():
        well = Well(path.parent, found.get("plate", ""), found.get("well", ""))
        lanes[Lane(well, found.get("tile", ""), found.get("channel", ""))].append(path)
    layout = lay_out([lane.tile for lane in lanes], grid)
    times = {path: found["time"] for path, found in fields.items() if "time" in found}
    numbers = None
    if times and all(len(_frames(opened[path], path)) == 1 for path in fields):
        numbers = _numbers(times)
        errors += _taken_twice(lanes, times)
    wells: defaultdict[Well, dict[Lane, dict[float, Part]]] = defaultdict(dict)
    for lane, paths in lanes.items():
        paths.sort(key=lambda path: (natural_key(times.get(path, "")), natural_key(path.name)))
        parts = [(path, part) for path in paths for part in _frames(opened[path], path)]
        # Of files with the same time the first stays.
        placed = [
            (numbers.place[times[path]] if numbers else float(place), part) for place, (path, part) in enumerate(parts)
        ]
        wells[lane.well][lane] = dict(reversed(placed))
    left_out = {well: list[str]() for well in wells}
    for lane, paths in lanes.items():
        left_out[lane.well] += [line for path in paths for line in _scenes_left_out(opened[path], path)]
    series = [_series(well, wells[well], layout, numbers, left_out[well]) for well in sorted(wells, key=_order)]
    return series, errors


class _Times(NamedTuple):
    place: dict[str, float]
    numbers: Numbering


def _order(well: Well) -> tuple[object, ...]:
    return natural_key(well.folder), natural_key(well.plate), natural_key(well.well)


def _numbers(times: dict[Path, str]) -> _Times:
    names = sorted(set(times.values()), key=natural_key)
    # 1 and 01 are the same time.
    alike = {name: natural_key(name)[0] for name in names}
    different = list(dict.fromkeys(alike.values()))
    numbers = numbering([next(name for name in names if alike[name] == key) for key in different])
    place = dict(zip(different, numbers.places, strict=True))
    return _Times({name: place[alike[name]] for name in names}, numbers)


def _taken_twice(lanes: dict[Lane, list[Path]], times: dict[Path, str]) -> list[ImageError]:
    errors = []
    for paths in lanes.values():
        first: dict[object, Path] = {}
        for path in sorted(paths, key=lambda path: natural_key(path.name)):
            other = first.setdefault(natural_key(times[path])[0], path)
            if other != path:
                message = f"is the same frame as '{other.name}' by the pattern, and is left out"
                errors.append(ImageError(message, file=path, cure="rename it, or tell them apart by the pattern"))
    return errors


def _frames(opened: list[FrameScene] | ImageError, path: Path) -> list[Part]:
    """The frames of a file; of several scenes the first."""
    if isinstance(opened, ImageError):
        return [Part(path, error=opened)]
    return [Part(path, scene, time) for scene, time in sequences(opened)[0]]


def _scenes_left_out(opened: list[FrameScene] | ImageError, path: Path) -> Iterator[str]:
    """A sentence where a file holds more scenes than the one that is taken."""
    scenes = 1 if isinstance(opened, ImageError) else len(sequences(opened))
    if scenes > 1:
        message = f"has {scenes} scenes, of which a pattern takes the first; the others are left out"
        yield note(path, message, "split its scenes into files of their own")


def _series(
    well: Well, lanes: dict[Lane, dict[float, Part]], layout: Layout, times: _Times | None, notes: list[str]
) -> tuple[Label, list[Moment]]:
    name = "_".join(filter(None, (well.plate, well.well))) or well.folder.resolve().name
    channels = sorted({lane.channel for lane in lanes}, key=natural_key)
    tiles = sorted({lane.tile for lane in lanes}, key=natural_key)
    places = sorted({place for parts in lanes.values() for place in parts})
    moments = []
    for place in places:
        whole: list[tuple[Part, ...]] = [()] * (layout.grid[0] * layout.grid[1])
        lacking = []
        for tile in tiles:
            parts = [lanes.get(Lane(well, tile, channel), {}).get(place) for channel in channels]
            whole[layout.places[tile]] = tuple(part for part in parts if part is not None)
            lacking += [_words(tile, channel) for channel, part in zip(channels, parts, strict=True) if part is None]
        error = None
        if lacking:
            error = ImageError(
                f"lacks {enumerated(lacking)} of frame {_called(place, times)} of {name}, which is left out",
                file=well.folder,
                cure="add the files that are missing",
            )
        there = [part for tile in whole for part in tile]
        moments.append(Moment(_frame_name(there, name, place), place, tuple(whole), error))
    named = tuple(channels) if all(channels) else ()
    notes = [*_notes(well, name, layout, tiles, places, times), *notes]
    return Label(name, name, well.folder, tuple(notes), named, layout.grid), moments


def _words(tile: str, channel: str) -> str:
    return " in ".join(filter(None, (f"tile {tile}" if tile else "", f"channel {channel}" if channel else "")))


def _called(place: float, times: _Times | None) -> str:
    if times is None:
        return f"{place:g}"
    return next(name for name, where in times.place.items() if where == place)


def _frame_name(parts: list[Part], name: str, place: float) -> str:
    one = parts[0]
    if len(parts) > 1:
        return f"{name}#0,{place:g}"
    several = one.scene is not None and (one.scene.times > 1 or one.scene.scenes > 1)
    return f"{one.path.name}#{one.scene.number},{one.time}" if several and one.scene else one.path.name


def _notes(
    well: Well, name: str, layout: Layout, tiles: list[str], places: list[float], times: _Times | None
) -> Iterator[str]:
    rows, columns = layout.grid
    if layout.guessed and len(layout.places) > 1:
        message = (
            f"{name} has {len(layout.places)} tiles, taken as a grid of {rows}x{columns}, row by row from the top left"
        )
        yield note(well.folder, message, "give rows and columns with --grid if they lie otherwise")
    empty = [tile for tile in layout.places if tile not in tiles]
    vacant = rows * columns - len(layout.places)
    if empty or vacant:
        which = f"tile {enumerated(empty)}" if empty else f"{vacant} of {rows * columns} tiles"
        yield note(
            well.folder,
            f"{name} lacks {which} at all times, whose place is left black",
            "add the files that are missing",
        )
    missing = times.numbers.missing(places) if times else []
    if missing and times:
        yield missing_frames(well.folder, missing, times.numbers.step, name)
