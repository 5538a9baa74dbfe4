"""From pictures in the order of time to a `TimeLapse`: one size for all, times, and notes of what is amiss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cytally.errors import ImageError
from cytally.images.frame_clock import Clock, find_times
from cytally.images.frame_files import OpenFiles, Picture
from cytally.images.frame_scene import FrameScene
from cytally.images.timelapse import SIZE, UNREADABLE, FrameSource, TimeLapse, describe, note, other_size

Shape = tuple[int, int, int]
"""Numbers of channels, rows and columns."""


@dataclass(frozen=True)
class Settings:
    """What the user says of all time-lapses: axes, minutes between frames, micrometres per pixel."""

    axes: str | None = None
    interval: float | None = None
    pixel_size: float | None = None


@dataclass(frozen=True)
class Label:
    """What a time-lapse is called, and what is known of it beyond its pictures.

    Parameters
    ----------
    name, stem, source
        What it is called in results and in the names of files, and the file or folder where it lies.
    notes
        What is amiss.
    channels
        Names of its channels, where the names of files tell them.
    grid
        Rows and columns of its tiles.
    """

    name: str
    stem: str
    source: Path
    notes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    grid: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Part:
    """One picture of a frame: where it lies, or why it cannot be read."""

    path: Path
    scene: FrameScene | None = None
    time: int = 0
    error: ImageError | None = None


@dataclass(frozen=True)
class Moment:
    """What was taken at one time.

    Parameters
    ----------
    name
        What the frame is called in results.
    place
        Where it stands in the order of time.
    tiles
        For each place of the grid, row by row, the pictures of its channels; none where no tile is.
    error
        Why it cannot be used as a whole.
    """

    name: str
    place: float
    tiles: tuple[tuple[Part, ...], ...]
    error: ImageError | None = None

    @property
    def first_error(self) -> ImageError | None:
        found = (part.error for tile in self.tiles for part in tile)
        return self.error or next((error for error in found if error is not None), None)


def build(label: Label, moments: Sequence[Moment], settings: Settings) -> TimeLapse:
    """Make a time-lapse of what was taken at each time.

    Frames of another size than most (than the first, where several sizes are as common) keep their place in time and
    are marked, as are frames that cannot be read.

    Raises
    ------
    ImageError
        When none of the frames can be read.
    """
    whole = [moment for moment in moments if moment.first_error is None]
    if not whole:
        errors = [moment.first_error for moment in moments if moment.first_error is not None]
        raise errors[0]
    shapes = Counter(_shape(tile) for moment in whole for tile in moment.tiles if tile)
    shape = shapes.most_common(1)[0][0]
    sources = tuple(_source(moment, shape) for moment in moments)
    clock = find_times(_clock(moments, settings), label.source)
    scenes = [part.scene for moment in whole for tile in moment.tiles for part in tile if part.scene is not None]
    return TimeLapse(
        name=label.name,
        stem=label.stem,
        shape=(shape[1] * label.grid[0], shape[2] * label.grid[1]),
        channels=_channels(label, whole, shape),
        pixel_size=settings.pixel_size or next((scene.pixel_size for scene in scenes if scene.pixel_size), None),
        interval=clock.interval,
        times=clock.times,
        places=np.array([moment.place for moment in moments]),
        notes=(*label.notes, *_trouble(label.source, sources), *_depth(label.source, scenes, settings), *clock.notes),
        source=label.source,
        _sources=sources,
        _files=OpenFiles(settings.axes),
        _grid=label.grid,
    )


def _shape(tile: Sequence[Part]) -> Shape:
    scenes = [part.scene for part in tile if part.scene is not None]
    return sum(len(scene.channels) for scene in scenes), *scenes[0].shape


def _source(moment: Moment, shape: Shape) -> FrameSource:
    if moment.first_error is not None:
        return FrameSource(moment.name, (), moment.first_error, UNREADABLE)
    for tile in moment.tiles:
        for part in tile:
            if part.scene is not None and (_shape(tile) != shape or part.scene.shape != shape[1:]):
                found = _shape(tile) if part.scene.shape == shape[1:] else (shape[0], *part.scene.shape)
                return FrameSource(moment.name, (), other_size(part.path, found, shape), SIZE)
    pictures = tuple(
        tuple(Picture(part.path, part.scene.number, part.time) for part in tile if part.scene is not None)
        for tile in moment.tiles
    )
    return FrameSource(moment.name, pictures)


def _channels(label: Label, whole: Sequence[Moment], shape: Shape) -> tuple[str, ...]:
    if len(label.channels) == shape[0]:
        return label.channels
    tile = next(tile for moment in whole for tile in moment.tiles if tile and _shape(tile) == shape)
    return tuple(name for part in tile if part.scene is not None for name in part.scene.channels)


def _trouble(file: Path, sources: Sequence[FrameSource]) -> list[str]:
    marked = {
        mark: [source for source in sources if source.error is not None and source.mark == mark]
        for mark in (SIZE, UNREADABLE)
    }
    notes = [
        describe(file, mark, [source.name for source in found]) for mark, found in marked.items() if len(found) > 1
    ]
    return notes + [found[0].error.line() for found in marked.values() if len(found) == 1 and found[0].error]


def _depth(file: Path, scenes: Sequence[FrameScene], settings: Settings) -> list[str]:
    """Stacks of ImageJ are often told to have slices where they have frames."""
    depth = max(scene.depth for scene in scenes)
    if depth == 1 or settings.axes is not None or any(scene.has_time for scene in scenes):
        return []
    message = f"has {depth} slices in each frame, which are projected by their maximum"
    return [note(file, message, "give --axes TYX if they are frames")]


def _clock(moments: Sequence[Moment], settings: Settings) -> Clock:
    parts = [next((part for tile in moment.tiles for part in tile), None) for moment in moments]
    scenes = [None if part is None else part.scene for part in parts]
    one = scenes[0] if len({id(scene) for scene in scenes}) == 1 else None
    intervals = [scene.told.interval for scene in scenes if scene is not None and scene.told.interval]
    dates = [
        part.scene.told.dates[part.time] if part and part.scene and part.time < len(part.scene.told.dates) else None
        for part in parts
    ]
    return Clock(
        names=[moment.name for moment in moments],
        places=[moment.place for moment in moments],
        readable=[moment.first_error is None for moment in moments],
        said=settings.interval,
        interval=intervals[0] if intervals else None,
        times=one.told.times if one is not None else None,
        dates=dates,
        files=[None if part is None else part.path for part in parts],
    )
