"""Calibrating a model: how far its counts are off on images that it has not seen, kept with the model."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cytally.calibration.conformal import fewest
from cytally.calibration.intervals import COVERAGE, Calibration
from cytally.datasets.fingerprint import fingerprint, seen
from cytally.datasets.folder import Sample, read_folder
from cytally.datasets.load import single_plane
from cytally.errors import CytallyError, DataError, UsageError
from cytally.files import whole_file, write_text
from cytally.inference.torch_backend import Device, find_device
from cytally.methods.volume_method import VolumeMethod
from cytally.models.card import ModelCard
from cytally.models.model import Model
from cytally.models.store import CARD, WEIGHTS, bundled_folder, bundled_models, load, save
from cytally.tasks.failures import failure_line
from cytally.tasks.output import CALIBRATED, check_output, open_output, writing
from cytally.tasks.provenance import provenance
from cytally.tasks.start import seen_images, share_of
from cytally.tasks.watch import Watch

MAKE_ROOM = "make room, then calibrate again"
Fail = Callable[[Path, Exception], None]
"""Is told an image that takes no part, and why."""


@dataclass(frozen=True)
class CalibrationSummary:
    """What came of calibrating a model.

    Parameters
    ----------
    calibration
        What model.json holds now.
    folder
        The model folder; None where the model was given as such and nothing was written.
    bias
        Mean of predicted - true, in cells per image.
    failures
        The images that could not be counted, and why; the calibration is without them.
    """

    calibration: Calibration
    folder: Path | None
    bias: float
    failures: tuple[tuple[str, str], ...]


def calibrate(
    model: str | Path | Model,
    data: str | Path,
    out: str | Path | None = None,
    *,
    coverage: float = COVERAGE,
    overwrite: bool = False,
    device: Device = "auto",
    watch: Watch | None = None,
) -> CalibrationSummary:
    """Count annotated images that the model has not seen, and keep how far it is off, so that counts get intervals.

    Images that it was trained or validated on are left out: on them its errors are too small.

    Parameters
    ----------
    model
        A model, a model folder, or the name of a bundled one. A model folder gets another model.json.
    data
        A data folder; images without annotation are left out.
    out
        Folder for a calibrated copy (model.json and the weights), the model itself staying as it is. A bundled model
        needs one: the next version would overwrite it.
    coverage
        Share of true counts that the intervals shall hold.
    overwrite
        Replace the copy that an earlier calibration wrote.
    device
        Where the network runs.
    watch
        Functions to call on the way.

    Raises
    ------
    UsageError, ModelError
        Before any image is opened.
    DataError
        When an annotation is broken, or too few images remain; nothing is written then.
    OutputError
        When the folder cannot be written to.
    """
    watch = watch or Watch()
    _check(model, out, coverage, overwrite)
    trained = model if isinstance(model, Model) else load(model)
    if isinstance(trained.method, VolumeMethod):
        raise UsageError(
            f"the model '{trained.name}' is for volumes, whose counts have no intervals",
            cure="calibrate a model that counts single images",
        )
    trained.to(find_device(device))
    failures: list[tuple[str, str]] = []

    def fail(path: Path, error: Exception) -> None:
        failures.append((path.name, failure_line(error, path)))
        watch.on_failure(*failures[-1])

    samples, left_out = _unseen(trained.card, Path(data), coverage, watch, fail)
    rows = _count(trained, samples, watch, fail)
    if len(rows) < fewest(coverage):
        raise DataError(
            f"only {len(rows)} images could be counted, and a coverage of {coverage:g} needs {fewest(coverage)}",
            file=data,
            cure="mend the images named above, or annotate more",
        )
    annotated = [sample for sample, _ in rows]
    calibration = Calibration.of(
        [float(sample.count or 0) for sample in annotated],
        [count for _, count in rows],
        coverage,
        images=fingerprint(annotated)["images"],
        left_out=left_out,
        provenance=provenance(),
    )
    trained.card = trained.card.model_copy(update={"calibration": calibration})
    folder = _write(model, trained.card, None if out is None else Path(out), overwrite)
    bias = sum(count - float(sample.count or 0) for sample, count in rows) / len(rows)
    return CalibrationSummary(calibration, folder, bias, tuple(failures))


def _check(model: str | Path | Model, out: str | Path | None, coverage: float, overwrite: bool) -> None:
    """Refuse what is wrong before anything is read."""
    if not 0.5 <= coverage < 1:
        raise UsageError(f"a coverage of {coverage:g} makes no sense", cure="give one from 0.5 to 0.99, as 0.9")
    if out is not None:
        reads = [] if isinstance(model, Model) else [_folder_of(model) / name for name in (CARD, WEIGHTS)]
        check_output(Path(out), CALIBRATED, overwrite=overwrite, reads=reads)
    elif overwrite:
        raise UsageError("--overwrite is for the folder given with -o", cure="leave it out: a model is calibrated anew")
    elif not isinstance(model, Model) and _folder_of(model).resolve().is_relative_to(bundled_folder().resolve()):
        raise UsageError(
            f"the included model '{model}' stays as it is", cure="give -o with a folder for a calibrated copy"
        )


def _folder_of(model: str | Path) -> Path:
    return bundled_folder() / str(model) if str(model) in bundled_models() else Path(model)


def _unseen(card: ModelCard, data: Path, coverage: float, watch: Watch, fail: Fail) -> tuple[list[Sample], int]:
    """The annotated images that the model was not trained on, and on how many it was.

    Raises
    ------
    DataError
        When too few remain.
    """
    folder = read_folder(
        data,
        require_annotation=False,
        on_image=lambda done, total: watch.on_images("Reading images", done, total),
        on_broken=fail,
    )
    for warning in folder.warnings:
        watch.on_note(warning)
    annotated = [sample for sample in folder.samples if sample.count is not None]
    known = set(seen(annotated, seen_images(card)))
    samples = [sample for sample in annotated if sample.name not in known]
    least, told = fewest(coverage), ""
    if known:
        told = f", {len(known)} being left out that the model was trained on"
        watch.on_note(
            f"The model was trained on {share_of(len(known), len(annotated))}, the first {sorted(known)[0]}. "
            "They are left out: on them its errors are too small, and intervals would be too narrow."
        )
    if len(samples) < least:
        raise DataError(
            f"a coverage of {coverage:g} needs {least} annotated images that the model has not seen, and there are "
            f"{len(samples)}{told}",
            file=data,
            cure=f"annotate {least - len(samples)} more, or ask for less with --coverage",
        )
    if not seen_images(card):
        watch.on_note("The model does not say which images it was trained on; none of these must be among them.")
    return samples, len(known)


def _count(model: Model, samples: Sequence[Sample], watch: Watch, fail: Fail) -> list[tuple[Sample, float]]:
    """Count every image; one that fails is told, and the next is counted."""
    rows: list[tuple[Sample, float]] = []
    for done, sample in enumerate(samples):
        watch.on_images("Counting", done, len(samples))
        try:
            rows.append((sample, model.predict(single_plane(sample))[0].count))
        except (CytallyError, MemoryError, RuntimeError) as error:
            fail(sample.path, error)
    watch.on_images("Counting", len(samples), len(samples))
    return rows


def _write(model: str | Path | Model, card: ModelCard, out: Path | None, overwrite: bool) -> Path | None:
    """Write model.json, of a copy after its weights: a folder without it is no model."""
    if out is None and isinstance(model, Model):
        return None
    folder = out if out is not None else _folder_of(str(model))
    if out is not None:
        open_output(out, CALIBRATED, overwrite=overwrite)
    with writing(folder, cure=MAKE_ROOM):
        if out is not None and isinstance(model, Model):
            save(model, out)
        elif out is not None:
            with whole_file(out / WEIGHTS) as temporary:
                shutil.copyfile(_folder_of(str(model)) / WEIGHTS, temporary)
        write_text(folder / CARD, card.model_dump_json(indent=2) + "\n")
    return folder
