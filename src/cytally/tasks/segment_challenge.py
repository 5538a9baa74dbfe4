"""Result folders of the Cell Tracking Challenge, from the label volumes that a segmentation wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import DataError, ImageError, UsageError
from cytally.tasks import challenge_result
from cytally.tasks.challenge_result import find_sequence, write_result
from cytally.tasks.output import writing
from cytally.tasks.segment_files import SegmentFiles
from cytally.tasks.watch import Watch

Slice = NDArray[np.integer[Any]]


class Sequences:
    """The sequences of the challenge that a run was given.

    Parameters
    ----------
    inputs
        Folders as ``DATA/01``; none where no results are asked for.

    Raises
    ------
    UsageError
        When one is no sequence, or two have the same number.
    DataError
        When one lacks frames.
    """

    def __init__(self, inputs: Sequence[str | Path]) -> None:
        self._sequences: dict[str, challenge_result.Sequence] = {}
        for given in inputs:
            sequence = find_sequence(given)
            if sequence is None:
                raise UsageError(
                    "is no sequence of the Cell Tracking Challenge",
                    file=given,
                    cure="name folders as DATA/01 that hold t000.tif, t001.tif, …, or leave --challenge out",
                )
            if sequence.name in self._sequences:
                raise UsageError(
                    f"is a second sequence {sequence.name}, whose results would have the same name",
                    file=given,
                    cure="segment it in a run of its own",
                )
            self._sequences[sequence.name] = sequence

    def write(self, files: SegmentFiles, watch: Watch, axes: str | None = None) -> tuple[Path, ...]:
        """Write the result folder of every sequence into the output folder; one that cannot be written is noted.

        Parameters
        ----------
        files
            Which frames are segmented, and where their labels are.
        watch
            Told of failures.
        axes
            One letter per axis of the frames, where the files do not tell.

        Raises
        ------
        OutputError
            When the output folder can no longer be written to.
        """
        results = []
        for name, sequence in self._sequences.items():
            try:
                with writing(files.folder):
                    results.append(write_result(sequence, files.folder, _labels(sequence, files), axes=axes))
            except (DataError, ImageError) as error:
                line = error.line()
                files.fail(f"{name}_RES", line)
                watch.on_failure(f"{name}_RES", line)
        return tuple(results)


def missing_frames(inputs: Sequence[str | Path]) -> list[str]:
    """A sentence for each input folder that is a sequence of the challenge with frames missing."""
    notes = []
    for given in inputs:
        try:
            if Path(given).is_dir():
                find_sequence(given)
        except DataError as error:
            notes.append(error.line())
    return notes


def _labels(sequence: challenge_result.Sequence, files: SegmentFiles) -> Iterator[Iterator[Slice]]:
    """The label slices of every frame, up to the first that was not segmented."""
    for frame in sequence.frames:
        image = files.inputs.name(frame)
        if image not in files.volumes[frame]:
            return
        path = files.folder / "labels" / f"{files.stem(image)}.tif"
        if not path.is_file():
            raise DataError("is gone since it was written", file=path, cure="segment anew with --overwrite")
        yield _slices(path)


def _slices(path: Path) -> Iterator[Slice]:
    """The slices of a label volume that `cytally.tasks.segment_write` wrote, one at a time."""
    import tifffile

    with tifffile.TiffFile(path) as file:
        for page in file.pages:
            labels: Slice = page.asarray()
            yield labels
