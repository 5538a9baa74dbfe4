"""Labelling nuclei without a labeller: from a fluorescence channel, for networks that are to see another one."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import CytallyError, ImageError, OutputError, UsageError
from cytally.images.image import Image, Plane
from cytally.images.read import read
from cytally.images.sources import find_images
from cytally.tasks.failures import failure_line
from cytally.tasks.inputs import Inputs
from cytally.tasks.label_files import LabelFiles
from cytally.tasks.label_input import label_input
from cytally.tasks.label_names import FieldNames, find_partners
from cytally.tasks.label_options import LabelOptions, Preset
from cytally.tasks.label_plane import choose_stain, find_nuclei, preset_settings
from cytally.tasks.label_report import write_label_report
from cytally.tasks.label_row import LabelledImage
from cytally.tasks.output import LABELLED, check_output, open_output, writing
from cytally.tasks.watch import Watch

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LabelSummary:
    """What came of a run.

    Parameters
    ----------
    out
        The output folder.
    images
        The images that were labelled.
    skipped
        Why training should skip an image, by its name; those that are kept are left out.
    skipped_windows
        How many of the pairs' windows it should skip.
    failures
        Images that could not be labelled or paired, and why.
    notes
        Sentences on what was assumed.
    seconds
        How long it took.
    """

    out: Path
    images: tuple[LabelledImage, ...]
    skipped: dict[str, str]
    skipped_windows: int
    failures: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def nuclei(self) -> int:
        """Number of nuclei in all images together."""
        return sum(image.objects for image in self.images)


def label(
    image: NDArray[Any] | str | Path | Image | Plane, *, preset: Preset = "auto", channel: str | int | None = None
) -> NDArray[np.integer[Any]]:
    """Find the nuclei in a fluorescence image.

    Parameters
    ----------
    image
        An array (Y, X) or (Y, X, 3), a path, or an image read by cytally. Its depth is projected by the maximum.
    preset
        ``auto`` needs no setting; ``thesis`` follows Salomon-Sörensen 2023 with its settings.
    channel
        The stain's channel, by name or number; by default the one that varies most.

    Returns
    -------
    numpy.ndarray
        Label image (Y, X), uint16 or uint32, numbered from 1; 0 is background. Why an image should not be trusted, as
        an empty or a leaked one, is logged as a warning.

    Raises
    ------
    UsageError
        When there is no such preset.
    ImageError
        When the image cannot be read, holds several scenes or time points, or has no such channel.
    """
    options = LabelOptions(preset=preset, channel=None if channel is None else str(channel))
    plane = _only_plane(image)
    labelled = find_nuclei(plane.data[choose_stain(plane, options)], options.preset)
    if labelled.refused is not None:
        logger.warning("%s: %s; do not train on its labels", plane.source or plane.name, labelled.refused)
    return labelled.labels


def label_images(
    inputs: Sequence[str | Path], out: str | Path, options: LabelOptions | None = None, watch: Watch | None = None
) -> LabelSummary:
    """Label images and write all that the documentation of `cytally label` lists into `out`.

    Parameters
    ----------
    inputs
        Files, folders and glob patterns with the stain's images.
    out
        Output folder.
    options
        How to label.
    watch
        Functions to call on the way.

    Raises
    ------
    UsageError
        Before any image is opened; nothing is written then.
    OutputError
        When `out` can no longer be written to, as on a full disk. What was finished stays valid.
    """
    options, watch, folder, started = options or LabelOptions(), watch or Watch(), Path(out), time.monotonic()
    images = Inputs(find_images(inputs))
    names = FieldNames(images, options.pattern)
    partners = find_partners(images, options)
    reads = (*images.paths, *partners.values())
    check_output(folder, LABELLED, resume=options.resume, overwrite=options.overwrite, reads=reads)
    files = LabelFiles(folder, images, partners, resume=options.resume)
    run = {
        "task": "label",
        "inputs": images.absolute(),
        "phase": files.phases(),
        "preset": options.preset,
        "settings": preset_settings(options.preset),
        "options": options.as_dict(),
    }
    _refuse_other_run(files.earlier, run, options, folder)
    open_output(folder, LABELLED, overwrite=options.overwrite)
    files.begin(run, names)
    try:
        _label_all(files, names, options, watch)
    except BaseException:
        with suppress(OutputError):  # the disk is full: what is there is whole, and --resume goes on
            _end(files, options, finished=False, started=started)
        raise
    whys, skipped_windows = _end(files, options, finished=True, started=started)
    notes = channel_notes(files.rows, options)
    with writing(folder):
        write_label_report(files, whys, notes, time.monotonic() - started)
    seconds = time.monotonic() - started
    skipped = {image: why for image, why in whys.items() if why}
    return LabelSummary(
        folder, tuple(files.rows), skipped, len(skipped_windows), tuple(files.failures), tuple(notes), seconds
    )


def channel_notes(images: Sequence[LabelledImage], options: LabelOptions) -> list[str]:
    """Sentences on which channels were taken for the stain, where there was a choice."""
    chosen = Counter(image.channel for image in images if image.channels_in_file > 1)
    how = "as asked for" if options.channel else "the one that varies most; --channel takes another"
    notes = [
        f"Labelled by channel {name} of {number} image{'s' * (number > 1)} ({how})." for name, number in chosen.items()
    ]
    phases = Counter(image.phase_channel for image in images if image.phase_channel is not None)
    how = "as asked for" if options.phase_channel else "the one that varies most; --phase-channel takes another"
    return notes + [
        f"Phase contrast is channel {name} of {number} image{'s' * (number > 1)} ({how})."
        for name, number in phases.items()
    ]


def _label_all(files: LabelFiles, names: FieldNames, options: LabelOptions, watch: Watch) -> None:
    """Label every input that is not finished yet. One that fails is noted, and the next is labelled."""
    done, total = len(files.finished), len(files.inputs)
    watch.on_images("Labelling", done, total)
    for path, error in names.errors.items():
        _fail(files, files.inputs.name(path), path, error, watch)
    for path in files.inputs.paths:
        if path in files.finished:
            continue
        try:
            labelled = label_input(files, path, options)
            for image, reason in labelled.failures:
                _fail(files, image, files.partners.get(path, path), reason, watch)
            files.add(path, labelled.images)
            for each in labelled.images:
                if each.refused is not None:
                    watch.on_note(f"{each.image}: {each.refused}; its labels are written, training should skip them")
        except OutputError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one file does, the others are labelled
            _fail(files, files.inputs.name(path), path, error, watch)
        done += 1
        watch.on_images("Labelling", done, total)


def _fail(files: LabelFiles, image: str, path: Path, error: Exception, watch: Watch) -> None:
    line = failure_line(error, path)
    files.fail(image, line)
    watch.on_failure(image, line)
    if not isinstance(error, CytallyError):
        logger.debug("%s", path, exc_info=error)


def _end(
    files: LabelFiles, options: LabelOptions, *, finished: bool, started: float
) -> tuple[dict[str, str], dict[str, str]]:
    seconds = time.monotonic() - started
    return files.end(options.skip_fewest, options.skip_above, finished=finished, seconds=seconds)


def _refuse_other_run(earlier: dict[str, Any], now: dict[str, Any], options: LabelOptions, folder: Path) -> None:
    """Refuse to go on with other settings than the earlier sitting's."""
    if not earlier:
        return
    cure = "repeat the earlier call, or label anew with --overwrite"
    for name, value in options.deciding().items():
        old = earlier.get("options", {}).get(name)
        if old != value:
            raise UsageError(
                f"was begun with other options ({name} was {old} and is {value} now)", file=folder, cure=cure
            )
    if earlier.get("settings") != now["settings"]:
        raise UsageError(f"was begun with other settings of the preset {options.preset}", file=folder, cure=cure)


def _only_plane(image: NDArray[Any] | str | Path | Image | Plane) -> Plane:
    if isinstance(image, Plane):
        return image
    if isinstance(image, str | Path):
        planes = [plane for each in read(Path(image)) for plane in each.planes()]
    else:
        planes = list((image if isinstance(image, Image) else Image.from_array(image)).planes())
    if len(planes) > 1:
        raise ImageError(
            f"holds {len(planes)} scenes or time points",
            file=planes[0].source or planes[0].name,
            cure="label each of Image.planes(), or use the command 'cytally label'",
        )
    if planes[0].data.dtype.kind not in "biuf":
        raise ImageError(
            f"is of type {planes[0].data.dtype}, and pixels are real numbers",
            file=planes[0].source or planes[0].name,
            cure="give integers or floats",
        )
    return planes[0]
