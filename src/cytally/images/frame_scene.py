"""One scene of a file as frames, read one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.images.frame_axes import find_time
from cytally.images.frame_times import TimeTold
from cytally.images.image import COLOURS
from cytally.images.told_axes import NOTHING
from cytally.images.volume import checked_shape
from cytally.images.volume_scene import SlicedScene


@dataclass(frozen=True, eq=False)
class FrameScene:
    """One scene of a file: what it holds, and how its pixels are read.

    Parameters
    ----------
    path, number, scenes
        The file, which of its scenes this is (from 0), and how many there are.
    times, depth, shape
        Numbers of frames, of slices, and of rows and columns.
    channels
        One name per channel; empty where the file tells none.
    pixel_size
        Micrometres, or None.
    told
        What the file tells of time.
    has_time
        Whether the file has an axis for time, or was said to have one.
    order
        Where the frames stand among those of all scenes, where the scenes of the file are parts of one sequence.
    read
        Reads one frame (C, Y, X), depth projected by its maximum; ImageError where it is damaged. None where the file
        has been closed.
    """

    path: Path
    number: int
    scenes: int
    times: int
    depth: int
    shape: tuple[int, int]
    channels: tuple[str, ...]
    pixel_size: float | None
    told: TimeTold
    has_time: bool
    order: tuple[int, ...] = ()
    read: Callable[[int], NDArray[Any]] | None = field(default=None, repr=False)


def frame_scene(
    scene: SlicedScene, path: Path, axes: str | None, number: int, scenes: int, told: TimeTold
) -> FrameScene:
    """The frames of a scene whose pixels are read slice by slice.

    Raises
    ------
    ImageError
        When its axes cannot be told, or it is narrower than 8 pixels.
    """
    letters = find_time(scene.axes, scene.pixels.shape, path, axes)
    sizes = dict(zip(letters, scene.pixels.shape, strict=True))
    times, depth = sizes.get("T", 1), sizes.get("Z", 1)
    checked_shape((min(times, depth), sizes["Y"], sizes["X"]), path)
    count = max(sizes.get("C", 1), sizes.get("S", 1))
    names = tuple(scene.channels)
    if len(names) != count:
        names = COLOURS["3"] if "S" in letters and count == len(COLOURS["3"]) else ("",) * count
    return FrameScene(
        path=path,
        number=number,
        scenes=scenes,
        times=times,
        depth=depth,
        shape=(sizes["Y"], sizes["X"]),
        channels=names,
        pixel_size=scene.pixel_size,
        told=told,
        has_time="T" in letters,
        read=partial(_read, scene, letters, count, depth),
    )


def sequences(scenes: Sequence[FrameScene]) -> list[list[tuple[FrameScene, int]]]:
    """The frames of a file as scenes and times in them: one sequence per scene, or one of all where they have an order.

    Examples
    --------
    >>> from cytally.images.frame_times import TimeTold
    >>> facts = dict(path=Path("a.tif"), scenes=2, depth=1, channels=("",), pixel_size=None, told=TimeTold())
    >>> two = FrameScene(number=0, times=2, shape=(64, 64), has_time=True, order=(0, 2), **facts)
    >>> one = FrameScene(number=1, times=1, shape=(32, 32), has_time=False, order=(1,), **facts)
    >>> [(scene.number, time) for scene, time in sequences([two, one])[0]]
    [(0, 0), (1, 0), (0, 1)]
    """
    each = [[(scene, time) for time in range(scene.times)] for scene in scenes]
    if not all(scene.order for scene in scenes):
        return each
    return [sorted((pair for pairs in each for pair in pairs), key=lambda pair: pair[0].order[pair[1]])]


def _read(scene: SlicedScene, letters: str, channels: int, depth: int, time: int) -> NDArray[Any]:
    pictures = [_projected(scene, letters, time, channel, depth) for channel in range(channels)]
    return pictures[0][None] if channels == 1 else np.stack(pictures)


def _projected(scene: SlicedScene, letters: str, time: int, channel: int, depth: int) -> NDArray[Any]:
    """One channel (Y, X) of one frame. Slices are read one by one: only the brightest of each pixel is held."""
    brightest: NDArray[Any] | None = None
    for z in range(depth):
        numbers = {"T": time, "C": channel, "S": channel, "Z": z, NOTHING: 0}
        picture = scene.pixels[tuple(slice(None) if letter in "YX" else numbers[letter] for letter in letters)]
        brightest = picture if brightest is None else np.maximum(brightest, picture)
    assert brightest is not None
    return brightest.T if letters.index("X") < letters.index("Y") else brightest
