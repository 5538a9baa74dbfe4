"""Counting one input: every plane of one file, and the files of its results."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cytally.images.read import read
from cytally.images.region import Region
from cytally.models.model import Model
from cytally.report.overlays import encode_png, thumbnail
from cytally.report.page import INLINE_IMAGES
from cytally.tasks.area import CountedPlane, count_plane
from cytally.tasks.count_options import CountOptions
from cytally.tasks.count_row import CountRow
from cytally.tasks.output import refusing_long_names, writing
from cytally.tasks.plane_files import write_plane
from cytally.tasks.shared_model import SharedModel

LARGEST_BEHIND = 4_194_304
"""Pixels of a picture up to which its files may be written while the next is counted: two are held then."""


@dataclass(frozen=True)
class Job:
    """One input to count.

    Parameters
    ----------
    path
        Its file.
    name
        What it is called in tables.
    stem
        What the files of its results are called, without ending.
    thumbnails
        Whether the report will show small pictures of it.
    """

    path: Path
    name: str
    stem: str
    thumbnails: bool = True


@dataclass(frozen=True)
class CountedInput:
    """What came of one input.

    Parameters
    ----------
    rows
        One per plane, in order. Its files are written, whole.
    details
        What run.json tells of each image, by its name in tables.
    thumbnails
        Small PNGs for the report, by the same names.
    failures
        The scenes that could not be counted, by their names in tables, and the line that says why.
    """

    rows: tuple[CountRow, ...]
    details: dict[str, dict[str, Any]] = field(default_factory=dict)
    thumbnails: dict[str, bytes] = field(default_factory=dict)
    failures: tuple[tuple[str, str], ...] = ()


def ignore_share(share: float) -> None:
    """Nobody watches how much of an input is done."""


@dataclass(frozen=True)
class InputCounter:
    """`count_input` as a function of a job alone, which workers are sent.

    Parameters
    ----------
    model
        What counts.
    folder
        The output folder.
    region
        Where to count; None is everywhere.
    options
        How to count.
    on_share
        Called with the share of an input that is done.
    """

    model: SharedModel
    folder: Path
    region: Region | None
    options: CountOptions
    on_share: Callable[[float], None] = ignore_share

    def __call__(self, job: Job) -> CountedInput:
        """Count one input."""
        return count_input(self.model.get(), job, self.folder, self.region, self.options, self.on_share)

    def begin(self, job: Job, writer: Executor) -> Callable[[], CountedInput]:
        """Count one input, and leave the files of a small one to a `writer`; call what is returned to wait for them.

        Raises
        ------
        ImageError, OutputError
            As `count_input`; of files that are left to the writer, when they are waited for.
        """
        return begin_input(self.model.get(), job, self.folder, self.region, self.options, self.on_share, writer)


def count_input(
    model: Model,
    job: Job,
    folder: Path,
    region: Region | None,
    options: CountOptions,
    on_share: Callable[[float], None] = ignore_share,
) -> CountedInput:
    """Count every plane of one input and write its files, each whole.

    Whoever does so twice, as two workers may of which one was believed dead, writes the same files again.

    Parameters
    ----------
    model
        What counts.
    job
        The input.
    folder
        The output folder.
    region
        Where to count; None is everywhere.
    options
        How to count.
    on_share
        Called with the share that is done after each plane but the last.

    Returns
    -------
    CountedInput
        What belongs into the tables of the run. `CountRow.model` is the model's own name.

    Raises
    ------
    ImageError
        When the input cannot be read or counted.
    OutputError
        When `folder` can no longer be written to.
    """
    return begin_input(model, job, folder, region, options, on_share)()


def begin_input(
    model: Model,
    job: Job,
    folder: Path,
    region: Region | None,
    options: CountOptions,
    on_share: Callable[[float], None] = ignore_share,
    writer: Executor | None = None,
) -> Callable[[], CountedInput]:
    """As `count_input`, but with a `writer`, files may still be written: call what is returned to wait for them."""
    files, before = PlaneFiles(job, folder, model.name), time.monotonic()
    images = read(job.path, axes=options.axes, pixel_size=options.pixel_size)
    planes = sum(image.data.shape[0] for image in images)
    for place, plane in enumerate(plane for image in images for plane in model.planes(image)):
        if writer is not None and planes == 1 and plane.data[0].size <= LARGEST_BEHIND:
            counted = count_plane(model, plane, options, region)
            waiting = writer.submit(files.add, counted, time.monotonic() - before)
            return lambda: waiting.result() or files.counted()
        # of large images, and of many planes, one prediction is held at a time
        files.add(*_timed(before, count_plane(model, plane, options, region)))
        before = time.monotonic()
        if place + 1 < planes:
            on_share((place + 1) / planes)
    return files.counted


class PlaneFiles:
    """The files of one input, plane by plane.

    Parameters
    ----------
    job
        The input.
    folder
        The output folder.
    model_name
        What rows call the model.
    """

    def __init__(self, job: Job, folder: Path, model_name: str) -> None:
        self.rows: list[CountRow] = []
        self.details: dict[str, dict[str, Any]] = {}
        self.thumbnails: dict[str, bytes] = {}
        self._job, self._folder, self._model_name = job, folder, model_name

    def counted(self) -> CountedInput:
        """What came of the input, whose files are written."""
        return CountedInput(tuple(self.rows), self.details, self.thumbnails)

    def add(self, counted: CountedPlane, seconds: float) -> None:
        """Write the files of one plane, and note its row.

        Parameters
        ----------
        counted
            The plane and what was counted in it.
        seconds
            How long that took.
        """
        job, plane, prediction = self._job, counted.plane, counted.prediction
        place = plane.name.removeprefix(job.path.name)
        image = job.name + place
        with writing(self._folder), refusing_long_names(job.path):
            picture = write_plane(self._folder, job.stem + place, counted)
        if job.thumbnails and len(self.rows) < INLINE_IMAGES:
            self.thumbnails[image] = encode_png(thumbnail(picture))
        lower, upper = prediction.interval or (None, None)
        area = None if plane.pixel_size is None else counted.area * (plane.pixel_size / 1000) ** 2
        self.rows.append(
            CountRow(
                image,
                prediction.count,
                lower,
                upper,
                area,
                None if not area else prediction.count / area,
                self._model_name,
                prediction.flags,
                prediction.count_by_area,
            )
        )
        self.details[image] = {
            "channels": [plane.channels[index] or str(index) for index in counted.reading.channels],
            "channels_in_file": plane.data.shape[0],
            "scaled_by": round(counted.reading.factor, 4),
            "seconds": round(seconds, 3),
        }


def _timed(before: float, counted: CountedPlane) -> tuple[CountedPlane, float]:
    """What was counted, and the seconds since `before`."""
    return counted, time.monotonic() - before
