"""How good a model is on annotated images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from cytally.datasets.fingerprint import seen
from cytally.datasets.folder import Sample, read_folder
from cytally.datasets.load import single_plane
from cytally.errors import CytallyError, DataError
from cytally.files import whole_file, write_text
from cytally.inference.torch_backend import Device, find_device
from cytally.metrics.counting import counting_metrics
from cytally.models.model import Model
from cytally.models.store import load
from cytally.report.plots import predicted_against_true
from cytally.results import Metrics
from cytally.tasks.failures import failure_line
from cytally.tasks.output import EVALUATED, check_output, open_output, writing
from cytally.tasks.provenance import provenance
from cytally.tasks.rows import RowFile
from cytally.tasks.start import seen_images
from cytally.tasks.watch import Watch


def evaluate(
    model: str | Path | Model,
    data: str | Path,
    out: str | Path | None = None,
    *,
    overwrite: bool = False,
    device: Device = "auto",
    watch: Watch | None = None,
) -> Metrics:
    """Count every annotated image of a data folder and compare.

    Parameters
    ----------
    model
        A model, a model folder, or the name of a bundled one.
    data
        A data folder; images without annotation are left out.
    out
        Folder for metrics.json, predictions.csv, predictions.png, run.json, and failures.csv where an image failed;
        written at the end. None writes nothing.
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
        Of the images that could be counted; only the blocks that the model and the annotation support.

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
    trained = model if isinstance(model, Model) else load(model)
    trained.to(find_device(device))
    failures: list[tuple[str, str]] = []

    def fail(path: Path, error: Exception) -> None:
        failures.append((path.name, failure_line(error, path)))
        watch.on_failure(*failures[-1])

    folder = read_folder(
        Path(data),
        require_annotation=False,
        on_image=lambda done, total: watch.on_images("Reading images", done, total),
        on_broken=fail,
    )
    for warning in folder.warnings:
        watch.on_note(warning)
    if not folder.annotated and not failures:
        raise DataError("no image is annotated", file=data, cure="add points.csv, counts.csv or labels/")
    known = _seen(folder.annotated, trained, watch)
    rows: list[tuple[str, float, float]] = []
    for done, sample in enumerate(folder.annotated):
        watch.on_images("Evaluating", done, len(folder.annotated))
        try:
            prediction, _ = trained.predict(single_plane(sample))
            rows.append((sample.name, float(sample.count or 0), prediction.count))
        except (CytallyError, MemoryError, RuntimeError) as error:
            fail(sample.path, error)
    if not rows:
        raise DataError("no image could be counted", file=data, cure="mend the images named above")
    true, predicted = (np.array([row[place] for row in rows]) for place in (1, 2))
    metrics = Metrics(counting=counting_metrics(true, predicted), predictions=rows)
    if out is not None:
        open_output(Path(out), EVALUATED, overwrite=overwrite)
        with writing(Path(out), cure="make room, then evaluate again with --overwrite"):
            _write(Path(out), metrics, failures, _run(trained, Path(data), known))
    return metrics


def _seen(samples: tuple[Sample, ...], model: Model, watch: Watch) -> list[str]:
    """Names of the samples that the model was trained on, which the user is warned of."""
    known = seen(samples, seen_images(model.card))
    if known:
        watch.on_note(
            f"The model was trained on {len(known)} of these {len(samples)} images, the first {known[0]}: "
            "the figures flatter it. Evaluate on images it has not seen."
        )
    return known


def _run(model: Model, data: Path, known: list[str]) -> dict[str, object]:
    return {
        "task": "evaluate",
        "made_by": provenance(),
        "model": model.card.model_dump(mode="json"),
        "data": str(data.absolute()),
        "trained_on": known,
    }


def _write(out: Path, metrics: Metrics, failures: list[tuple[str, str]], run: dict[str, object]) -> None:
    """Write all files, run.json first: by it a later run knows the folder."""
    write_text(out / "run.json", json.dumps(run, indent=2) + "\n")
    write_text(out / "metrics.json", json.dumps(metrics.as_dict(), indent=2) + "\n")
    table = pd.DataFrame(metrics.predictions, columns=["image", "true", "predicted"])
    with whole_file(out / "predictions.csv") as temporary:
        table.to_csv(temporary, index=False, float_format="%.10g")
    with whole_file(out / "predictions.png") as temporary:
        temporary.write_bytes(predicted_against_true(table["true"], table["predicted"]))
    if failures:
        rows = [{"image": image, "error": line} for image, line in failures]
        RowFile(out / "failures.csv", ("image", "error"), rows)
