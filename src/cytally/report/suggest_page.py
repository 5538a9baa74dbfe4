"""The report of a queue: what to label next, each with its picture, its region and the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cytally.files import write_text
from cytally.report.html import ReportFailure, environment, jpeg_source


@dataclass(frozen=True)
class SuggestedRow:
    """One place of the queue.

    Parameters
    ----------
    rank, image
        Its place, from 1, and the image's name.
    region
        First row, first column, height and width in pixels; None where the model tells no regions apart.
    gain, disagreement
        As suggestions.csv has them.
    why
        A sentence.
    picture
        A PNG of the image with the region drawn on it.
    crop
        File of the region, relative to the report's folder; None where whole images are suggested.
    """

    rank: int
    image: str
    region: tuple[int, int, int, int] | None
    gain: float
    disagreement: float
    why: str
    picture: bytes
    crop: str | None = None


@dataclass(frozen=True)
class SuggestData:
    """All that the report tells.

    Parameters
    ----------
    title
        Heading of the page.
    model, description
        The model that looked, and a sentence on the queue.
    rows, failures
        The queue, and what could not be looked at.
    images, left_out
        How many images were ranked, and how many were left out because they are labelled.
    regions
        Whether the queue is of regions.
    notes
        Sentences to show.
    facts
        What was run.
    """

    title: str
    model: str
    description: str
    rows: tuple[SuggestedRow, ...] = ()
    images: int = 0
    left_out: int = 0
    regions: bool = False
    failures: tuple[ReportFailure, ...] = ()
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_suggest_page(path: Path, report: SuggestData) -> None:
    """Write the report as one HTML file, whole or not at all."""
    write_text(path, render_suggestions(report))


def render_suggestions(report: SuggestData) -> str:
    """The report as HTML text."""
    tiles = [
        ("images ranked", f"{report.images:,}"),
        ("regions suggested" if report.regions else "images suggested", f"{len(report.rows):,}"),
    ]
    if report.left_out:
        tiles.append(("labelled already", f"{report.left_out:,}"))
    if report.failures:
        tiles.append(("failed", f"{len(report.failures):,}"))
    pictures = [jpeg_source(row.picture) for row in report.rows]
    return environment().get_template("suggestions.html.j2").render(report=report, tiles=tiles, pictures=pictures)
