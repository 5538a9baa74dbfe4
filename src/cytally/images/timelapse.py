"""A time-lapse: frames of one size in the order of time, read one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import CytallyError, ImageError
from cytally.images.checks import checked
from cytally.images.frame_files import OpenFiles, Picture
from cytally.images.frame_order import enumerated, listed
from cytally.images.image import Image, Plane

BLACK, DUPLICATE, SIZE, UNREADABLE = "black", "duplicate", "size", "unreadable"
MARKS = {
    BLACK: ("black (all pixels alike)", "leave them out, or look after the lamp and the shutter"),
    DUPLICATE: ("the same as the frame before, pixel by pixel", "leave them out if the camera stalled"),
    SIZE: ("of another size or number of channels than the others", "crop or resize them"),
    UNREADABLE: ("unreadable", "copy or export them again"),
}
"""What may be wrong with a frame, in words, and the cure. What is black, of another size or unreadable has no count."""


@dataclass(frozen=True)
class FrameSource:
    """Where one frame lies.

    Parameters
    ----------
    name
        What it is called in results.
    tiles
        For each place of the grid, row by row, the pictures whose channels make up the tile; none where no tile is.
    error
        Why it cannot be read, where that is known beforehand.
    mark
        `SIZE` or `UNREADABLE` where there is an error.
    """

    name: str
    tiles: tuple[tuple[Picture, ...], ...]
    error: ImageError | None = None
    mark: str = UNREADABLE


@dataclass(frozen=True)
class Frame:
    """One frame as it was read.

    Parameters
    ----------
    index, name
        Its place among the frames of the time-lapse, and what it is called in results.
    plane
        The pixels (C, Y, X), or None where it could not be read.
    marks
        What is wrong with it, out of `MARKS`.
    error
        Why it could not be read, or None.
    """

    index: int
    name: str
    plane: Plane | None
    marks: tuple[str, ...] = ()
    error: ImageError | None = None


@dataclass(frozen=True, eq=False)
class TimeLapse:
    """Frames of one field of view. Of its pixels no more than one frame is held; it travels to other processes.

    Parameters
    ----------
    name, stem
        What it is called in results, and in the names of files.
    shape
        Rows and columns (Y, X) of a frame, its tiles stitched.
    channels
        One name per channel; empty where the files tell none.
    pixel_size
        Micrometres per pixel, or None where unknown.
    interval
        Minutes between frames (the median where they differ), or None where unknown.
    times
        Minutes (T,) from the first frame on, or None where unknown. Missing frames leave gaps.
    places
        (T,) where frames stand in the order of time: 0, 1, 2, ..., with gaps where frames are missing.
    frame_names
        One per frame.
    notes
        Sentences about trouble that was found without reading pixels, each with its cure.
    source
        The file or the folder it is read from.
    """

    name: str
    stem: str
    shape: tuple[int, int]
    channels: tuple[str, ...]
    pixel_size: float | None
    interval: float | None
    times: NDArray[np.float64] | None
    places: NDArray[np.float64]
    notes: tuple[str, ...]
    source: Path
    _sources: tuple[FrameSource, ...] = field(kw_only=True, repr=False)
    _files: OpenFiles = field(kw_only=True, repr=False)
    _grid: tuple[int, int] = field(default=(1, 1), kw_only=True, repr=False)
    _seen: dict[int, bytes] = field(default_factory=dict, kw_only=True, repr=False)

    def __len__(self) -> int:
        return len(self._sources)

    @property
    def frame_names(self) -> tuple[str, ...]:
        """One per frame: the file's name, followed by ``#scene,time`` where the file holds several."""
        return tuple(source.name for source in self._sources)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that its frames lie in, each once, in the order of time."""
        pictures = (picture for source in self._sources for tile in source.tiles for picture in tile)
        return tuple(dict.fromkeys(picture.path for picture in pictures))

    def read(self, index: int) -> Plane:
        """Read one frame (C, Y, X), depth projected by its maximum, its tiles stitched edge to edge.

        Raises
        ------
        ImageError
            When it is damaged, incomplete, of another size than the others, or has NaN or infinite pixels.
        IndexError
            When there is no such frame.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"there is no frame {index} in a time-lapse of {len(self)}")
        source = self._sources[index]
        if source.error is not None:
            raise ImageError(source.error.message, file=source.error.file, cure=source.error.cure)
        file = next(pictures[0].path for pictures in source.tiles if pictures)
        image = Image(self._stitched(source)[None, :, None], source.name, self.channels, source=file)
        return Plane(checked(image).data[0, :, 0], source.name, self.channels, self.pixel_size, file)

    def _stitched(self, source: FrameSource) -> NDArray[Any]:
        rows, columns = self._grid
        height, width = self.shape[0] // rows, self.shape[1] // columns
        whole: NDArray[Any] | None = None
        for place, pictures in enumerate(source.tiles):
            if not pictures:
                continue
            tile = np.concatenate([self._files.read(picture) for picture in pictures])
            if tile.shape != (len(self.channels), height, width):
                raise other_size(pictures[0].path, tile.shape, (len(self.channels), height, width))
            if len(source.tiles) == 1:
                return tile
            if whole is None:
                whole = np.zeros((len(tile), *self.shape), tile.dtype)
            # Tiles may differ in type: the widest holds the values of all.
            whole = whole.astype(np.result_type(whole, tile), copy=False)
            top, left = place // columns * height, place % columns * width
            whole[:, top : top + height, left : left + width] = tile
        assert whole is not None
        return whole

    def check(self, index: int, plane: Plane) -> tuple[str, ...]:
        """What is wrong with the pixels of a frame: `BLACK` where all are alike, `DUPLICATE` of the frame before.

        Frames are compared with the nearest one before that was checked, so that no second pass over the file is
        needed. Give the channel that is counted alone where others do not matter; the same ones for all frames.
        """
        pixels = np.ascontiguousarray(plane.data)
        digest = hashlib.blake2b(pixels.data, digest_size=16).digest()
        self._seen[index] = digest
        if all(channel.min() == channel.max() for channel in pixels):
            return (BLACK,)
        before = next((self._seen[place] for place in range(index - 1, -1, -1) if place in self._seen), None)
        return (DUPLICATE,) if digest == before else ()

    def frames(self) -> Iterator[Frame]:
        """All frames in order, each read and checked; those that cannot be read are told and the rest goes on."""
        self._seen.clear()
        for index, source in enumerate(self._sources):
            try:
                plane = self.read(index)
            except ImageError as error:
                yield Frame(index, source.name, None, (source.mark,), error)
            else:
                yield Frame(index, source.name, plane, self.check(index, plane))

    def describe(self, marks: Mapping[int, Sequence[str]]) -> list[str]:
        """One sentence for each kind of trouble found while reading: which frames, and the cure."""
        return [
            describe(self.source, mark, [self._sources[index].name for index in sorted(marks) if mark in marks[index]])
            for mark in MARKS
            if any(mark in found for found in marks.values())
        ]


def describe(file: Path, mark: str, names: Sequence[str]) -> str:
    """A sentence that says which frames have a mark."""
    words, cure = MARKS[mark]
    return note(file, f"{_frames(len(names))} {words}: {enumerated(names)}", cure)


def note(file: str | Path, message: str, cure: str) -> str:
    """A sentence in the form of an error: the file, what is found, the cure."""
    return CytallyError(message, file=file, cure=cure).line()


def missing_frames(file: Path, numbers: Sequence[int], step: int, of: str = "") -> str:
    """A sentence that says which frames are missing from the numbering."""
    which = f"frame{'s' * (len(numbers) > 1)} {listed(numbers, step)}{' of ' * bool(of)}{of}"
    return note(
        file,
        f"{which} {'is' if len(numbers) == 1 else 'are'} missing by the numbers in the names; time goes on meanwhile",
        "add them, or rename the files if none is missing",
    )


def other_size(path: Path, found: Iterable[int], expected: Iterable[int]) -> ImageError:
    """The error of a picture (C, Y, X) that is not like the others."""
    (channels, height, width), (others, rows, columns) = found, expected
    if (height, width) == (rows, columns):
        what, like = f"{channels} channel{'s' * (channels > 1)}", str(others)
    else:
        what, like = f"{height} x {width} pixels (Y x X)", f"{rows} x {columns}"
    return ImageError(
        f"has {what}, and the other frames have {like}", file=path, cure="crop, resize or export it again"
    )


def _frames(number: int) -> str:
    return "1 frame is" if number == 1 else f"{number} frames are"
