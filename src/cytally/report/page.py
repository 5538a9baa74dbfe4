"""The report of a run: one HTML file that holds everything it shows and asks nothing of the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from cytally.files import write_text
from cytally.report.html import ReportFailure, ReportFigure, address, decimal, environment, jpeg_source
from cytally.report.plots import histogram_of_counts
from cytally.report.words import sentence

INLINE_IMAGES = 500
"""Up to so many rows the thumbnails lie in the page itself; beyond, it points at the overlay files."""


@dataclass(frozen=True)
class ReportRow:
    """One counted image.

    Parameters
    ----------
    image
        Its name, as counts.csv has it.
    count
        Number of cells.
    lower, upper
        Bounds of the true count; None where the model has not been calibrated.
    area_mm2, density_per_mm2
        Area counted in, and cells per area; None where the pixel size is unknown.
    count_by_area
        The objects' area over that of a single one; None where the model does not count so.
    flags
        What is unusual about the image, as words of `cytally.report.words`.
    channel
        The channel that was counted in, in words; None where there is nothing to tell.
    thumbnail
        A small PNG of the overlay, or None.
    overlay, points, density, labels, objects, heat_map, regions
        Files of this image, relative to the report's folder, with ``/``; None where not written.
    """

    image: str
    count: float
    lower: float | None = None
    upper: float | None = None
    area_mm2: float | None = None
    density_per_mm2: float | None = None
    count_by_area: float | None = None
    flags: tuple[str, ...] = ()
    channel: str | None = None
    thumbnail: bytes | None = None
    overlay: str | None = None
    points: str | None = None
    density: str | None = None
    labels: str | None = None
    objects: str | None = None
    heat_map: str | None = None
    regions: str | None = None


@dataclass(frozen=True)
class ReportTable:
    """A table to show as it is: a header and rows of text or numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def numeric(self) -> list[bool]:
        """For each column, whether it holds numbers only (None aside), and is aligned to the right."""
        return [
            all(row[index] is None or isinstance(row[index], (int, float)) for row in self.rows)
            for index in range(len(self.columns))
        ]


@dataclass(frozen=True)
class ReportData:
    """All that a report tells.

    Parameters
    ----------
    title
        Heading of the page.
    model, description
        The model's name, and one sentence on what it counts.
    rows, failures
        One entry per image that was, or could not be, counted.
    samples, samples_title
        The conditions' table, where a sample sheet was given, or another one of this title.
    plates
        One row per plate, where the images are a plate's.
    notes
        Sentences on how the images were read, such as which channel was taken.
    figures
        Further pictures, below those of the images.
    facts
        What was run: version, date, device, seconds, command.
    coverage
        Fraction of true counts that `lower` and `upper` shall hold.
    calibrated
        Whether the model gives intervals; counts without one have another reason then, which `notes` tell.
    total_interval
        Bounds of the true number of cells in all images; None where there are none.
    """

    title: str
    model: str
    description: str
    rows: tuple[ReportRow, ...] = ()
    failures: tuple[ReportFailure, ...] = ()
    samples: ReportTable | None = None
    samples_title: str = "Samples"
    plates: ReportTable | None = None
    notes: tuple[str, ...] = ()
    figures: tuple[ReportFigure, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    coverage: float = 0.9
    calibrated: bool = False
    total_interval: tuple[float, float] | None = None


def write_report(path: Path, report: ReportData) -> None:
    """Write the report as one HTML file, whole or not at all."""
    write_text(path, render_report(report))


def render_report(report: ReportData) -> str:
    """The report as HTML text."""
    counts = [row.count for row in report.rows]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            tiles=_tiles(report),
            notes=(*report.notes, *_notes(report)),
            warnings=_warnings(report.rows),
            histogram=Markup(histogram_of_counts(counts) if len(counts) > 1 else ""),
            pictures=[_picture(row, inline=len(report.rows) <= INLINE_IMAGES) for row in report.rows],
            shows_count_by_area=any(row.count_by_area is not None for row in report.rows),
            shows_area=any(row.area_mm2 is not None or row.density_per_mm2 is not None for row in report.rows),
            shows_channel=any(row.channel for row in report.rows),
            shows_files=any(
                (row.points, row.density, row.labels, row.objects, row.heat_map, row.regions) != (None,) * 6
                for row in report.rows
            ),
        )
    )


def _tiles(report: ReportData) -> list[tuple[str, str]]:
    """The summary line: what it is, and its value."""
    counts = np.array([row.count for row in report.rows], float)
    many = len(counts) > 0
    tiles = [
        ("images counted", f"{len(counts):,}"),
        ("cells in total", decimal(float(counts.sum()))),
        ("mean per image", decimal(float(counts.mean()) if many else None)),
        ("standard deviation", decimal(float(counts.std(ddof=1)) if len(counts) > 1 else None)),
        ("median per image", decimal(float(np.median(counts)) if many else None)),
        ("with warnings", f"{sum(bool(row.flags) for row in report.rows):,}"),
    ]
    if report.total_interval is not None:
        bounds = " – ".join(decimal(bound) for bound in report.total_interval)
        tiles.insert(2, (f"{100 * report.coverage:g} % interval of the total", bounds))
    if report.failures:
        tiles.append(("failed", f"{len(report.failures):,}"))
    return tiles


def _notes(report: ReportData) -> list[str]:
    """What the dashes in the table mean."""
    notes = []
    uncalibrated = sum(row.lower is None or row.upper is None for row in report.rows)
    if uncalibrated and not report.calibrated:
        notes.append(
            "The model is not calibrated, so no interval can be given for "
            + (
                "the counts."
                if uncalibrated == len(report.rows)
                else f"{uncalibrated} of the counts (shown as a dash)."
            )
        )
    sizeless = sum(row.area_mm2 is None for row in report.rows)
    if sizeless:
        which = "the images" if sizeless == len(report.rows) else f"{sizeless} of the images"
        notes.append(f"The pixel size of {which} is unknown, so area and cells per mm² cannot be given.")
    return notes


def _warnings(rows: tuple[ReportRow, ...]) -> list[tuple[str, str, list[str]]]:
    """For each flag its word, its sentence and the images that carry it, the most frequent first."""
    carried: dict[str, list[str]] = {}
    for row in rows:
        for flag in row.flags:
            carried.setdefault(flag, []).append(row.image)
    ordered = sorted(carried.items(), key=lambda item: (-len(item[1]), item[0]))
    return [(flag, sentence(flag), images) for flag, images in ordered]


def _picture(row: ReportRow, *, inline: bool) -> str:
    """Where the page finds the picture of a row; empty where there is none."""
    if not inline and row.overlay:
        return address(row.overlay)
    if row.thumbnail is None:
        return ""
    return jpeg_source(row.thumbnail)
