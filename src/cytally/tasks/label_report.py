"""The contact sheet and the report of a labelling, from the files that it wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from cytally.files import whole_file
from cytally.report.contact_sheet import SIDE, ContactImage, choose_evenly, contact_sheet
from cytally.report.html import ReportFailure, ReportFigure
from cytally.report.label_page import LabelData, LabelledRow, write_label_page
from cytally.report.overlays import encode_png, overlay
from cytally.results import Prediction
from cytally.tasks.label_files import LabelFiles
from cytally.tasks.label_row import LabelledImage
from cytally.tasks.provenance import report_facts

DESCRIPTIONS = {
    "auto": "Nuclei found without a setting, by one set of rules for all images.",
    "thesis": "Nuclei found with the steps and settings of Salomon-Sörensen 2023.",
}


def write_label_report(files: LabelFiles, whys: Mapping[str, str], notes: Sequence[str], seconds: float) -> None:
    """Write OUT/contact.png, where an image was labelled, and OUT/report.html.

    Parameters
    ----------
    files
        What was labelled, and what failed.
    whys
        For each image why training should skip it; empty where it is kept.
    notes
        Sentences to show.
    seconds
        How long the run took.
    """
    sheet = _sheet(files, whys)
    if sheet is None:
        (files.folder / "contact.png").unlink(missing_ok=True)
    else:
        with whole_file(files.folder / "contact.png") as temporary:
            temporary.write_bytes(sheet.png)
    report = LabelData(
        title="Labels from a stain",
        model=files.preset,
        description=DESCRIPTIONS[files.preset],
        rows=tuple(
            LabelledRow(
                image.image,
                image.objects,
                image.foreground,
                image.shift,
                image.correlation,
                whys[image.image],
                overlay=f"overlays/{files.stem(image)}.png",
                labels=f"labels/{files.stem(image)}.tif",
            )
            for image in files.rows
        ),
        failures=tuple(ReportFailure(image, line) for image, line in files.failures),
        notes=tuple(notes),
        figures=() if sheet is None else (sheet,),
        facts=report_facts(seconds, preset=files.preset),
    )
    write_label_page(files.folder / "report.html", report)


def _sheet(files: LabelFiles, whys: Mapping[str, str]) -> ReportFigure | None:
    if not files.rows:
        return None
    shown = choose_evenly(files.rows)
    skipped = sum(bool(why) for why in whys.values())
    images = "1 image" if len(files.rows) == 1 else f"{len(files.rows):,} images"
    title = f"{images}: {len(files.rows) - skipped:,} kept, {skipped:,} to be skipped"
    if len(shown) < len(files.rows):
        title += f" · {len(shown)} of them shown, chosen evenly"
    pictures = [
        ContactImage(image.image, _thumbnail(files, image), image.objects, whys[image.image]) for image in shown
    ]
    caption = "Outlines of the nuclei on the stain. Blue: kept. Orange: training should skip it, for the reason below."
    alt = f"Contact sheet of {title}"
    return ReportFigure("contact", "Contact sheet", caption, encode_png(contact_sheet(pictures, title=title)), alt)


def _thumbnail(files: LabelFiles, image: LabelledImage) -> NDArray[np.uint8]:
    """The image's overlay made small, with outlines as fine as that asks for."""
    import tifffile

    large = imagecodecs.imread(files.folder / "overlays" / f"{files.stem(image)}.png")
    labels = tifffile.imread(files.folder / "labels" / f"{files.stem(image)}.tif")
    found = Prediction(count=float(image.objects), labels=labels)
    return overlay(np.moveaxis(large, -1, 0), None, found, longest_side=SIDE)
