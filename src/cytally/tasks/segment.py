"""Segmenting the cells in volumes: every file, every scene and time point, a label volume and a few files each."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cytally.datasets.slices import wanted_channel
from cytally.errors import CytallyError, OutputError, UsageError
from cytally.images.sources import find_images
from cytally.images.volume import Volume, open_volumes
from cytally.inference.torch_backend import find_device
from cytally.methods.volume_method import VolumeMethod
from cytally.models.model import Model
from cytally.report.overlays import encode_png, thumbnail
from cytally.report.page import INLINE_IMAGES
from cytally.tasks.called_model import CalledModel, called
from cytally.tasks.count_run import model_facts, refuse_other_run, run_in_words
from cytally.tasks.failures import failure_line
from cytally.tasks.input_digests import KEY, digests, refuse_changed
from cytally.tasks.inputs import Inputs
from cytally.tasks.model_notes import model_notes
from cytally.tasks.output import SEGMENTED, check_output, open_output, writing
from cytally.tasks.segment_challenge import Sequences, missing_frames
from cytally.tasks.segment_files import SegmentFiles
from cytally.tasks.segment_options import SegmentOptions
from cytally.tasks.segment_report import THUMBNAIL_SIDE, write_segment_report
from cytally.tasks.segment_row import SegmentedVolume
from cytally.tasks.segment_volume import segment_volume
from cytally.tasks.watch import Watch

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SegmentSummary:
    """What came of a run.

    Parameters
    ----------
    out
        The output folder.
    volumes
        The volumes that were segmented.
    results
        Result folders of the Cell Tracking Challenge that were written.
    failures
        What could not be segmented, or submitted, and why.
    notes
        Sentences on what was assumed.
    seconds
        How long it took.
    """

    out: Path
    volumes: tuple[SegmentedVolume, ...]
    results: tuple[Path, ...]
    failures: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def objects(self) -> int:
        """Number of objects in all volumes together."""
        return sum(volume.objects for volume in self.volumes)


def segment(
    inputs: Sequence[str | Path],
    out: str | Path,
    model: str | Path | Model | CalledModel,
    options: SegmentOptions | None = None,
    watch: Watch | None = None,
) -> SegmentSummary:
    """Segment the cells in volumes and write all that the documentation of `cytally segment` lists into `out`.

    Parameters
    ----------
    inputs
        Files, folders and glob patterns.
    out
        Output folder.
    model
        A model, a model folder, or the name of a bundled one. Its method has to be one for volumes.
    options
        How to segment.
    watch
        Functions to call on the way.

    Raises
    ------
    UsageError, ModelError
        Before any volume is opened; nothing is written then.
    OutputError
        When `out` can no longer be written to, as on a full disk. What was finished stays valid.
    """
    options, watch, folder, started = options or SegmentOptions(), watch or Watch(), Path(out), time.monotonic()
    sequences = Sequences(inputs if options.challenge else ())
    images = Inputs(find_images(inputs))
    for sentence in missing_frames(inputs):
        watch.on_note(sentence)
    reads = (*images.paths, *(Path(each) for each in (model,) if isinstance(each, str | Path)))
    check_output(folder, SEGMENTED, resume=options.resume, overwrite=options.overwrite, reads=reads)
    files = SegmentFiles(folder, images, resume=options.resume)
    watch.on_images("Segmenting", len(files.finished), len(images))

    named_model = called(model)
    trained, model_name = named_model.model, named_model.name
    _make_ready(trained, model_name, options)
    if options.objects is not None:
        trained = trained.reading(objects=options.objects)
    run = _describe(replace(named_model, model=trained), images, options)
    if files.earlier:
        refuse_other_run(files.earlier, run, options.deciding(), str(folder))
        refuse_changed(files.earlier, run, [path for path, known in files.volumes.items() if known], folder)
        before, now = (each.get("ran_by", "") for each in (files.earlier, run))
        if before != now:
            watch.on_note(f"{folder}: begun by {before}, goes on by {now}; labels may differ by single voxels.")
    open_output(folder, SEGMENTED, overwrite=options.overwrite)
    files.begin(run, model_name)
    results: tuple[Path, ...] = ()
    try:
        _segment_all(trained, files, options, watch)
        results = sequences.write(files, watch, options.axes)
    except BaseException:
        with suppress(OutputError):  # the disk is full: what is there is whole, and --resume goes on
            files.end(finished=False, seconds=time.monotonic() - started)
        raise
    files.end(finished=True, seconds=time.monotonic() - started)
    notes = model_notes(trained.card) + channel_notes(files.rows, options)
    with writing(folder):
        write_segment_report(trained, files, notes, time.monotonic() - started)
    seconds = time.monotonic() - started
    return SegmentSummary(folder, tuple(files.rows), results, tuple(files.failures), tuple(notes), seconds)


def channel_notes(volumes: Sequence[SegmentedVolume], options: SegmentOptions) -> list[str]:
    """Sentences on which channels were taken, where there was a choice."""
    chosen = Counter(volume.channel for volume in volumes if volume.channels_in_file > 1)
    how = "as asked for" if options.channel else "the one that varies most; --channel takes another"
    return [
        f"Segmented the channel {name} of {number} volume{'s' * (number > 1)} ({how})."
        for name, number in chosen.items()
    ]


def _make_ready(model: Model, name: str, options: SegmentOptions) -> None:
    """Put the model where it is to run; refuse one that sees no volumes, and a back end that does not serve."""
    if not isinstance(model.method, VolumeMethod):
        raise UsageError(
            f"the model '{name}' is of the method '{model.card.method}', which sees no volumes",
            cure="use 'cytally count', or a model of a method for volumes, as 'efficient-cell-seg'",
        )
    model.use(options.backend, find_device(options.device))


def _describe(named: CalledModel, inputs: Inputs, options: SegmentOptions) -> dict[str, Any]:
    """The task, inputs, model and options of a run, as run.json holds them."""
    return {
        "task": "segment",
        "inputs": inputs.absolute(),
        KEY: digests(inputs.paths),
        "model": model_facts(named),
        "options": options.as_dict(),
        "ran_by": run_in_words(named.model),
    }


def _segment_all(model: Model, files: SegmentFiles, options: SegmentOptions, watch: Watch) -> None:
    """Segment every input that is not finished yet. What fails is noted, and the next is segmented."""
    finished = files.finished
    done, total = len(finished), len(files.inputs)
    channel = options.channel or wanted_channel(model.card.configuration.input)
    for path in files.inputs.paths:
        if path in finished:
            continue
        try:
            volumes = open_volumes(
                path,
                axes=options.axes,
                channel=channel,
                pixel_size=options.pixel_size,
                z_spacing=options.z_spacing,
            )
        except Exception as error:  # noqa: BLE001 - whatever one file does, the others are segmented
            _fail(files, files.inputs.name(path), path, error, watch)
        else:
            _segment_volumes(model, files, path, volumes, watch, done)
        done += 1
        watch.on_images("Segmenting", done, total)


def _segment_volumes(
    model: Model,
    files: SegmentFiles,
    path: Path,
    volumes: Sequence[Volume],
    watch: Watch,
    done: int,
) -> None:
    """Segment those volumes of a file that are not finished yet."""
    for number, volume in enumerate(volumes):
        image = files.inputs.name(path) + volume.name.removeprefix(path.name)
        if image in files.volumes[path]:
            continue
        before = time.monotonic()

        def on_share(share: float, number: int = number) -> None:
            watch.on_images("Segmenting", done + min(0.999, (number + share) / len(volumes)), len(files.inputs))

        try:
            result = segment_volume(model, volume, files.folder, files.stem(image), on_share)
        except OutputError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            _fail(files, image, path, error, watch)
            continue
        if len(files.rows) < INLINE_IMAGES:
            files.thumbnails[image] = encode_png(thumbnail(result.picture, THUMBNAIL_SIDE))
        known = SegmentedVolume(
            image,
            result.objects,
            volume.shape,
            volume.pixel_size,
            volume.z_spacing,
            anisotropy=volume.anisotropy or 1.0,
            flags=result.flags,
            channel=volume.channel or "0",
            channels_in_file=volume.channels_in_file,
            volumes_in_file=len(volumes),
            seconds=round(time.monotonic() - before, 3),
        )
        files.add(path, known)


def _fail(files: SegmentFiles, image: str, path: Path, error: Exception, watch: Watch) -> None:
    line = failure_line(error, path)
    files.fail(image, line)
    watch.on_failure(image, line)
    if not isinstance(error, CytallyError):
        logger.debug("%s", path, exc_info=error)
