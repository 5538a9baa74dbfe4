"""How good a model is on annotated images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cytally.datasets.fingerprint import seen
from cytally.datasets.folder import DataFolder, Sample, read_folder
from cytally.datasets.tables import read_skip
from cytally.errors import DataError, UsageError
from cytally.images.volume import checked_length
from cytally.inference.torch_backend import Device, find_device
from cytally.methods.volume_method import VolumeMethod
from cytally.metrics.counting import counting_metrics
from cytally.models.model import Model
from cytally.models.store import load
from cytally.results import Metrics
from cytally.tasks.comparison import Comparison
from cytally.tasks.coverage_note import coverage_note
from cytally.tasks.evaluation_files import write_evaluation_files
from cytally.tasks.expert_form import refuse_filled_form
from cytally.tasks.image_comparison import ImageComparison
from cytally.tasks.kept_overlays import MAKE_ROOM, KeptOverlays, kept_overlays
from cytally.tasks.output import EVALUATED, check_output, open_output, writing
from cytally.tasks.provenance import provenance
from cytally.tasks.start import seen_images, share_of
from cytally.tasks.triplets import Triplets, collected_triplets
from cytally.tasks.volume_comparison import VolumeComparison
from cytally.tasks.watch import Watch


def evaluate(
    model: str | Path | Model,
    data: str | Path,
    out: str | Path | None = None,
    *,
    triplets: bool = False,
    pixel_size: float | None = None,
    z_spacing: float | None = None,
    overwrite: bool = False,
    device: Device = "auto",
    watch: Watch | None = None,
) -> Metrics:
    """Count every annotated image of a data folder and compare, the objects as well where both sides have them.

    A model that is for volumes segments every annotated volume, of which single slices may be annotated alone.

    Parameters
    ----------
    model
        A model, a model folder, or the name of a bundled one.
    data
        A data folder; images without annotation are left out. For a model that is for volumes, a folder of volumes or a
        data set of the Cell Tracking Challenge.
    out
        Folder for what docs/reference/files.md lists; written at the end. None writes nothing.
    triplets
        Write triplets for experts to score besides, and their form; not of volumes.
    pixel_size, z_spacing
        Micrometres per pixel and between the slices of volumes, where files do not tell or tell wrong; of volumes only.
    overwrite
        Replace what an earlier evaluation wrote into `out`.
    device
        Where the network runs.
    watch
        Functions to call on the way: for every image that fails, and with sentences such as that the model was trained
        on some of these images.

    Returns
    -------
    Metrics
        Of the images that could be counted; only the blocks that the model and the annotation support: `pixel`,
        `object` and `segmentation` where the model finds objects and an image has a label image, `counting` where an
        image is annotated as a whole.

    Raises
    ------
    UsageError, ModelError
        Before any image is opened; nothing is written then.
    DataError
        When no image is annotated, an annotation is broken, or no image could be counted; nothing is written then.
    """
    watch = watch or Watch()
    if out is not None:
        check_output(Path(out), EVALUATED, overwrite=overwrite)
        refuse_filled_form(Path(out))
    trained = model if isinstance(model, Model) else load(model)
    _check_options(trained, triplets, pixel_size, z_spacing)
    trained.to(find_device(device))
    folder = None if out is None else Path(out)
    with kept_overlays(folder) as overlays, collected_triplets(folder if triplets else None, watch) as collected:
        keep = None if overlays is None else overlays.keep
        comparison: Comparison
        if isinstance(trained.method, VolumeMethod):
            comparison = VolumeComparison(trained, watch, keep, pixel_size=pixel_size, z_spacing=z_spacing)
        else:
            comparison = ImageComparison(trained, watch, keep, collected)
        return _evaluate(comparison, Path(data), folder, overlays, collected, overwrite)


def _check_options(model: Model, triplets: bool, pixel_size: float | None, z_spacing: float | None) -> None:
    """Refuse options that are not for this kind of model."""
    if isinstance(model.method, VolumeMethod):
        if triplets:
            raise UsageError(
                f"--triplets shows single images, and the model '{model.name}' is for volumes", cure="leave it out"
            )
        checked_length(pixel_size, "pixel size")
        checked_length(z_spacing, "spacing between slices")
    elif pixel_size is not None or z_spacing is not None:
        raise UsageError(
            f"--pixel-size and --z-spacing are of volumes, and the model '{model.name}' is for single images",
            cure="leave them out",
        )


def _evaluate(
    comparison: Comparison,
    data: Path,
    out: Path | None,
    overlays: KeptOverlays | None,
    triplets: Triplets | None,
    overwrite: bool,
) -> Metrics:
    """Count and compare, then write, where there is somewhere to write to."""
    model, watch = comparison.model, comparison.watch
    folder = read_folder(
        data,
        volumes=isinstance(model.method, VolumeMethod),
        require_annotation=False,
        on_image=lambda done, total: watch.on_images("Reading images", done, total),
        on_broken=comparison.fail,
    )
    for warning in folder.warnings:
        comparison.note(warning)
    samples = tuple(
        sample
        for sample in folder.samples
        if sample.count is not None or sample.label_slices or sample.markers is not None
    )
    if not samples and not comparison.failures:
        raise DataError("no image is annotated", file=data, cure="add points.csv, counts.csv or labels/")
    _note_skipped(folder, samples, comparison)
    known = _seen(samples, comparison)
    comparison.compare(samples)
    if not comparison.done:
        raise DataError("no image could be counted", file=data, cure="mend the images named above")
    seen_by_it = comparison.insight()
    metrics = Metrics(
        counting=counting_metrics(*comparison.counts(), *comparison.bounds()) if comparison.rows else None,
        pixel=comparison.objects.pixel(),
        object=comparison.objects.object(),
        segmentation=comparison.objects.segmentation(model.parameters),
        latent=None if seen_by_it is None else seen_by_it.as_block(),
        predictions=comparison.rows,
    )
    if metrics.counting is not None and model.card.calibration is not None:
        note = coverage_note(metrics.counting, model.card.calibration.coverage)
        if note is not None:
            comparison.note(note)
    if out is not None and overlays is not None:
        run = _run(model, data, known) | comparison.facts()
        open_output(out, EVALUATED, overwrite=overwrite)
        with writing(out, cure=MAKE_ROOM):
            write_evaluation_files(out, comparison, metrics, seen_by_it, run)
            overlays.move_to(out)
            if triplets is not None:
                triplets.write(model.card.configuration.seed)
    return metrics


def _note_skipped(folder: DataFolder, samples: tuple[Sample, ...], comparison: Comparison) -> None:
    """Tell which annotation is doubtful, by the folder's skip.csv: it is taken for the truth all the same."""
    table = folder.root / "skip.csv"
    listed = read_skip(table) if table.is_file() else set()
    doubtful = [sample.name for sample in samples if sample.name in listed]
    if doubtful:
        comparison.note(
            f"skip.csv lists {share_of(len(doubtful), len(samples))} as not to be learnt from, the "
            f"first {doubtful[0]}; they are evaluated all the same. Remove them if their labels are wrong."
        )


def _seen(samples: tuple[Sample, ...], comparison: Comparison) -> list[str]:
    """Names of the samples that the model was trained on, which the user is warned of."""
    known = seen(samples, seen_images(comparison.model.card))
    if known:
        comparison.note(
            f"The model was trained on {share_of(len(known), len(samples))}, the first {known[0]}: "
            "the figures flatter it. Evaluate on images it has not seen."
        )
    calibration = comparison.model.card.calibration
    fitted = seen(samples, calibration.images.values()) if calibration is not None else []
    if fitted:
        comparison.note(
            f"The model was calibrated on {share_of(len(fitted), len(samples))}, the first {fitted[0]}: the "
            "coverage flatters its intervals. Evaluate on other images."
        )
    return known


def _run(model: Model, data: Path, known: list[str]) -> dict[str, Any]:
    return {
        "task": "evaluate",
        "made_by": provenance(),
        "model": model.card.model_dump(mode="json"),
        "data": str(data.absolute()),
        "trained_on": known,
    }
