"""The report of a labelling: which images a network may learn from, and why the others should be skipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cytally.files import write_text
from cytally.report.html import ReportFailure, ReportFigure, environment


@dataclass(frozen=True)
class LabelledRow:
    """One labelled image.

    Parameters
    ----------
    image
        Its name.
    objects, foreground
        Number of nuclei, and the share of the pixels that lie in one.
    shift, correlation
        How far its phase contrast was moved, (y, x) in pixels, and how alike the two are then; None without one.
    why
        Why training should skip it; empty where it is kept.
    overlay, labels
        Its files, relative to the report's folder, with ``/``.
    """

    image: str
    objects: int
    foreground: float
    shift: tuple[float, float] | None
    correlation: float | None
    why: str
    overlay: str
    labels: str


@dataclass(frozen=True)
class LabelData:
    """All that the report of a labelling tells.

    Parameters
    ----------
    title
        Heading of the page.
    model, description
        The preset, and a sentence on it.
    rows, failures
        Images that were labelled, and those that could not be labelled or paired.
    notes
        Sentences such as which channel was taken.
    figures
        The contact sheet.
    facts
        What was run.
    """

    title: str
    model: str
    description: str
    rows: tuple[LabelledRow, ...] = ()
    failures: tuple[ReportFailure, ...] = ()
    notes: tuple[str, ...] = ()
    figures: tuple[ReportFigure, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_label_page(path: Path, report: LabelData) -> None:
    """Write the report as one HTML file, whole or not at all."""
    write_text(path, render_labels(report))


def render_labels(report: LabelData) -> str:
    """The report as HTML text."""
    skipped = sum(bool(row.why) for row in report.rows)
    tiles = [
        ("images labelled", f"{len(report.rows):,}"),
        ("nuclei in total", f"{sum(row.objects for row in report.rows):,}"),
        ("kept", f"{len(report.rows) - skipped:,}"),
        ("to be skipped", f"{skipped:,}"),
    ]
    if report.failures:
        tiles.append(("failed", f"{len(report.failures):,}"))
    paired = any(row.shift is not None for row in report.rows)
    return environment().get_template("labels.html.j2").render(report=report, tiles=tiles, paired=paired)
