"""The report of a count, from the files that it wrote."""

from __future__ import annotations

from collections.abc import Sequence

import imagecodecs
import pandas as pd

from cytally.calibration.intervals import COVERAGE
from cytally.files import whole_file
from cytally.models.model import Model
from cytally.report.html import ReportFailure
from cytally.report.overlays import encode_png, thumbnail
from cytally.report.page import INLINE_IMAGES, ReportData, ReportRow, ReportTable, write_report
from cytally.report.plate_map import plate_figure, plate_summary
from cytally.tasks.count_files import CountFiles
from cytally.tasks.count_insight import what_the_model_sees
from cytally.tasks.count_row import CountRow
from cytally.tasks.count_total import CountTotal
from cytally.tasks.insight import encodes_and_decodes
from cytally.tasks.plane_files import ENDINGS, find_file
from cytally.tasks.provenance import report_facts
from cytally.tasks.slide_report import slide_figures


def write_count_report(
    model: Model,
    files: CountFiles,
    notes: Sequence[str],
    total: CountTotal,
    table: pd.DataFrame | None,
    wells: pd.DataFrame | None,
    seconds: float,
) -> None:
    """Write OUT/report.html, and its large figures as files of their own.

    Those are OUT/reconstructions.png where the model's network encodes and decodes, and OUT/plate.png of a plate.

    Parameters
    ----------
    model
        What counted.
    files
        Rows, failures, and where each row's files are.
    notes
        Sentences to show.
    total
        Cells in all images together.
    table
        Counts per condition, where asked for.
    wells
        Counts per well, where the images are a plate's.
    seconds
        How long the run took.
    """
    drawn = [
        None if wells is None else plate_figure(wells),
        what_the_model_sees(model, files) if encodes_and_decodes(model) else None,
    ]
    figures = [figure for figure in drawn if figure is not None]
    for figure in figures:
        with whole_file(files.folder / f"{figure.name}.png") as temporary:
            temporary.write_bytes(figure.png)
    figures += slide_figures(files)
    inline = len(files.rows) <= INLINE_IMAGES
    facts = report_facts(seconds, model=files.model_name)
    calibration = model.card.calibration
    report = ReportData(
        title="Cell counts",
        model=files.model_name,
        description=model.card.description or f"A model of the method {model.card.method}.",
        rows=tuple(_row(files, row, inline) for row in files.rows),
        failures=tuple(ReportFailure(image, line) for image, line in files.failures),
        samples=None if table is None else _table(table),
        plates=None if wells is None or wells.empty else plate_summary(wells),
        notes=tuple(notes),
        figures=tuple(figures),
        facts=facts,
        calibrated=calibration is not None,
        coverage=COVERAGE if calibration is None else calibration.coverage,
        total_interval=total.interval,
    )
    write_report(files.folder / "report.html", report)


def _table(table: pd.DataFrame) -> ReportTable:
    rows = (tuple(None if pd.isna(value) else value for value in row) for row in table.itertuples(index=False))
    return ReportTable(tuple(map(str, table.columns)), tuple(rows))


def _row(files: CountFiles, row: CountRow, inline: bool) -> ReportRow:
    stem = files.inputs.file_stem(row.image)
    links: dict[str, str | None] = dict.fromkeys(ENDINGS)
    for kind in ENDINGS if stem is not None else ():
        path = find_file(files.folder, kind, str(stem))
        links[kind] = None if path is None else path.relative_to(files.folder).as_posix()
    channels = files.details[row.image]["channels"]
    return ReportRow(
        image=row.image,
        count=row.count,
        lower=row.lower,
        upper=row.upper,
        area_mm2=row.area_mm2,
        density_per_mm2=row.density_per_mm2,
        count_by_area=row.count_by_area,
        flags=row.flags,
        channel=" and ".join(channels),
        thumbnail=_thumbnail(files, row.image, links["overlays"]) if inline else None,
        overlay=links["overlays"],
        points=links["points"],
        density=links["density"],
        labels=links["labels"],
        objects=links["objects"],
        heat_map=links["heatmaps"],
        regions=links["regions"],
    )


def _thumbnail(files: CountFiles, image: str, overlay: str | None) -> bytes | None:
    """The image's thumbnail, from its overlay's file where an earlier sitting drew it."""
    if image in files.thumbnails or overlay is None:
        return files.thumbnails.get(image)
    return encode_png(thumbnail(imagecodecs.imread(files.folder / overlay)))
