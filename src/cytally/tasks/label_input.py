"""One input: every plane labelled, paired with its phase contrast, and written."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cytally.errors import CytallyError, ImageError, OutputError
from cytally.images.image import Image, Plane
from cytally.images.read import read
from cytally.labelling.labelled import Labelled
from cytally.tasks.label_files import LabelFiles
from cytally.tasks.label_options import LabelOptions
from cytally.tasks.label_pictures import write_labelled, write_overlay, write_windows
from cytally.tasks.label_plane import Paired, choose_phase, choose_stain, find_nuclei, pair_up
from cytally.tasks.label_row import LabelledImage
from cytally.tasks.output import refusing_long_names, writing


@dataclass
class LabelledInput:
    """What came of one input: its images, and those whose phase contrast does not belong to them."""

    images: list[LabelledImage] = field(default_factory=list)
    failures: list[tuple[str, Exception]] = field(default_factory=list)


def label_input(files: LabelFiles, path: Path, options: LabelOptions) -> LabelledInput:
    """Label every plane of a file, and write its pictures.

    Parameters
    ----------
    files
        Where to write, and which file holds the phase contrast.
    path
        The stain's image.
    options
        How to label.

    Raises
    ------
    ImageError
        When the file cannot be read or has no such channel.
    OutputError
        When the output folder can no longer be written to.
    """
    result = LabelledInput()
    images = read(path, axes=options.axes, pixel_size=options.pixel_size)
    phases, unpaired = _phases(files, path, images, options, result)
    for plane in (plane for image in images for plane in image.planes()):
        started = time.monotonic()
        name = files.inputs.name(path) + plane.name.removeprefix(path.name)
        stem = files.inputs.file_stem(name)
        assert stem is not None  # the image is named after its input
        channel = choose_stain(plane, options)
        labelled = find_nuclei(plane.data[channel], options.preset)
        with writing(files.folder), refusing_long_names(path):
            write_labelled(files.folder, stem, plane, channel, labelled)
        known = LabelledImage(
            name,
            labelled.objects,
            labelled.foreground,
            labelled.refused,
            unpaired,
            channel=plane.channels[channel] or str(channel),
            channels_in_file=len(plane.data),
        )
        if phases is not None:
            try:
                phase = next(phases)
                phase_channel = choose_phase(phase, options)
                paired = _pair(phase, phase_channel, plane, channel, labelled, options)
            except Exception as error:  # noqa: BLE001 - whatever it is, the labels are there
                result.failures.append((name, error))
                known = replace(known, unpaired=_reason(error))
            else:
                with writing(files.folder), refusing_long_names(path):
                    write_overlay(files.folder, f"{stem}.phase", paired.phase[None], 0, labelled)
                    windows = write_windows(files.folder / "pairs", stem, paired.windows, plane.pixel_size)
                known = replace(known, shift=paired.shift, correlation=paired.correlation, windows=windows)
                if len(phase.data) > 1:
                    known = replace(known, phase_channel=phase.channels[phase_channel] or str(phase_channel))
        result.images.append(replace(known, seconds=round(time.monotonic() - started, 3)))
    return result


def _phases(
    files: LabelFiles, path: Path, images: Sequence[Image], options: LabelOptions, result: LabelledInput
) -> tuple[Iterator[Plane] | None, str | None]:
    """The planes of the phase contrast that belong to an input's, or why they cannot be had; neither without any."""
    if not options.pairs:
        return None, None
    if path not in files.partners:  # a channel of the same file
        return (plane for image in images for plane in image.planes()), None
    partner = files.partners[path]
    try:
        theirs = _read_partner(partner, options)
        ours, others = (sum(len(image.data) for image in each) for each in (images, theirs))
        if ours != others:
            raise ImageError(
                f"has {others} scenes or time points, and {path.name} has {ours}",
                file=partner,
                cure="name files that belong together",
            )
    except OutputError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the stain is labelled
        result.failures.append((files.inputs.name(path), error))
        return None, _reason(error)
    return (plane for image in theirs for plane in image.planes()), None


def _read_partner(path: Path, options: LabelOptions) -> list[Image]:
    """Read a file of phase contrast, by the axes that were asked for unless they are the stain's alone."""
    try:
        return read(path, axes=options.axes, pixel_size=options.pixel_size)
    except ImageError:
        if options.axes is None:
            raise
        return read(path, pixel_size=options.pixel_size)  # flat, beside a stack of the stain


def _pair(
    phase: Plane, phase_channel: int, plane: Plane, channel: int, labelled: Labelled, options: LabelOptions
) -> Paired:
    try:
        return pair_up(plane.data[channel], phase.data[phase_channel], labelled.labels, options.window)
    except ImageError as error:
        wrong = plane if error.message.startswith(("the stain is", "the stain holds")) else phase
        file = error.file or wrong.source or wrong.name
        raise ImageError(error.message, file=file, cure=error.cure) from error


def _reason(error: Exception) -> str:
    reason = error.message if isinstance(error, CytallyError) else "cannot be used"
    return reason if reason.startswith(("the phase contrast", "the stain")) else f"phase contrast: {reason}"
