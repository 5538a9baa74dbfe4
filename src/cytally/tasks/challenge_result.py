"""A result folder as the Cell Tracking Challenge wants it: 01_RES with mask000.tif, ... and res_track.txt.

Source: "Naming and file content conventions", http://celltrackingchallenge.net.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.datasets.challenge import Sequence, find_sequence
from cytally.errors import DataError
from cytally.files import whole_folder, write_text
from cytally.images.volume import open_volumes

__all__ = ["MOST_OBJECTS", "Sequence", "find_sequence", "write_result"]

MOST_OBJECTS = int(np.iinfo(np.uint16).max)
"""Masks have 16 bits."""

Labels = NDArray[np.integer[Any]]


def write_result(
    sequence: Sequence,
    out: Path,
    frames: Iterable[Iterable[Labels]],
    *,
    axes: str | None = None,
    on_frame: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the result folder of a sequence, whole or not at all; one that is there already is replaced.

    Nothing is said of which objects of two frames are the same cell: every object is a track of one frame, and has a
    number that no object of another frame has.

    Parameters
    ----------
    sequence
        The frames, as `find_sequence` found them.
    out
        Where to put the folder, which is named after the sequence (``01_RES``).
    frames
        The label slices (Y, X) of every frame, in order: any whole numbers, 0 being background. One slice is held at a
        time.
    axes
        One letter per axis of the frames, where the files do not tell.
    on_frame
        Called with how many frames are written, and how many there are.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    DataError
        When there are more than 65,535 objects in the sequence, or the labels of a frame are missing, or have another
        shape than the frame.
    ImageError
        When a frame cannot be read.
    """
    folder = out / f"{sequence.name}_RES"
    with whole_folder(folder) as unfinished:
        tracks: list[str] = []
        written = 0
        for frame, labels in enumerate(frames):
            if frame >= len(sequence.frames):
                raise DataError(f"has more labels than its {len(sequence.frames)} frames", file=sequence.folder)
            before = len(tracks)
            objects = _write_mask(
                unfinished / f"mask{sequence.number(frame)}.tif", sequence, frame, labels, before, axes
            )
            tracks += [f"{label} {frame} {frame} 0\n" for label in range(before + 1, before + objects + 1)]
            written = frame + 1
            if on_frame is not None:
                on_frame(written, len(sequence.frames))
        if written < len(sequence.frames):
            raise DataError(
                "was not segmented, and a result needs every frame",
                file=sequence.frames[written],
                cure="mend the frame, then go on with --resume",
            )
        write_text(unfinished / "res_track.txt", "".join(tracks))
    return folder


def _write_mask(
    path: Path, sequence: Sequence, frame: int, labels: Iterable[Labels], before: int, axes: str | None
) -> int:
    """Write the mask of one frame, its objects numbered from `before` + 1; return how many there are."""
    import tifffile

    source = sequence.frames[frame]
    shape = open_volumes(source, axes=axes)[0].shape
    numbers: dict[int, int] = {}
    sections = iter(labels)
    with tifffile.TiffWriter(path, bigtiff=int(np.prod(shape)) * 2 > 2**32 - 2**25) as file:
        file.write(
            _renumbered(_fitting(sections, shape, source), numbers, before, sequence),
            shape=shape,
            dtype=np.uint16,
            photometric="minisblack",
            compression="zlib",
            metadata=None,
        )
    if next(sections, None) is not None:  # the writer takes no more than it needs
        raise _misfit(source, shape, "more slices")
    return len(numbers)


def _fitting(labels: Iterable[Labels], shape: tuple[int, int, int], source: Path) -> Iterator[Labels]:
    """The slices, seen to be as many and as large as those of the frame."""
    number = 0
    for section in labels:
        if section.shape != shape[1:]:
            raise _misfit(source, shape, f"a slice of {section.shape}")
        number += 1
        yield section
    if number < shape[0]:
        raise _misfit(source, shape, f"{number} slices")


def _misfit(source: Path, shape: tuple[int, int, int], found: str) -> DataError:
    return DataError(
        f"has the shape {shape} (slices, rows, columns), but its labels have {found}",
        file=source,
        cure="segment it again, with --overwrite",
    )


def _renumbered(
    labels: Iterable[Labels], numbers: dict[int, int], before: int, sequence: Sequence
) -> Iterator[NDArray[np.uint16]]:
    """The slices with objects numbered from `before` + 1 in the order in which they come; fills `numbers`."""
    for section in labels:
        inside = section > 0
        values, places = np.unique(section[inside], return_inverse=True)
        for value in values.tolist():
            numbers.setdefault(value, before + len(numbers) + 1)
        if before + len(numbers) > MOST_OBJECTS:
            raise DataError(
                f"holds more than {MOST_OBJECTS:,} objects, and the 16-bit masks of the Cell Tracking Challenge can "
                "number no more in a sequence",
                file=sequence.folder,
                cure="use the label volumes in labels/, which have them all, or submit fewer frames",
            )
        mask = np.zeros(section.shape, np.uint16)
        mask[inside] = np.array([numbers[value] for value in values.tolist()], np.uint16)[places]
        yield mask
