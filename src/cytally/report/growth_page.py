"""The report of a growth run: every time-lapse with its fit, curve, lineage, shifts and video, and what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from cytally.files import write_text
from cytally.report.growth_words import doubling_in_words, interval_in_words, time_in_words
from cytally.report.html import DASH, ReportFailure, address, decimal, environment, jpeg_source, png_source
from cytally.report.page import ReportTable
from cytally.report.shift_plot import plot_of_shifts
from cytally.report.vector import svg_source

INLINE_SECTIONS = 40
"""Up to so many time-lapses their pictures lie in the page itself; beyond, it points at the files."""


@dataclass(frozen=True)
class FlaggedFrame:
    """A frame that is unusual.

    Parameters
    ----------
    frame
        Its number, from 0.
    time
        When, in words; empty where unknown.
    what
        What is unusual, in words such as ``black``.
    done
        What was done about it, such as ``left out of the fit``.
    """

    frame: int
    what: str
    time: str = ""
    done: str = ""


@dataclass(frozen=True)
class GrowthPicture:
    """A drawing of a time-lapse.

    Parameters
    ----------
    content
        An SVG or PNG file.
    files
        Where it lies as well, by name (``PNG``, ``SVG``), relative to the report's folder. The first one is pointed at
        where the page would hold too much.
    caption
        How to read it.
    """

    content: bytes
    files: Mapping[str, str] = field(default_factory=dict)
    caption: str = ""

    def source(self, *, inline: bool) -> str:
        """Where the page finds it."""
        if not inline and self.files:
            return address(next(iter(self.files.values())))
        return png_source(self.content) if self.content.startswith(b"\x89PNG") else svg_source(self.content)


@dataclass(frozen=True, eq=False)
class GrowthSection:
    """One time-lapse.

    Parameters
    ----------
    name
        What it is called.
    frames
        How many it has.
    condition
        What it is a replicate of; empty where not told.
    first_count, last_count
        Cells in the first and in the last frame that was counted.
    growth_model
        The model of growth that was chosen, in words; empty where none was fitted.
    doubling, doubling_lower, doubling_upper
        Doubling time with its interval in the page's unit, below zero where cells halve; None where there is none.
    sentences
        The fit in words.
    notes
        What to know about this time-lapse, such as that a fit is not supported.
    curve, lineage
        Their drawings; None where there is none.
    shifts
        (T, 2) pixels by which each frame's content is displaced from the first; None where nothing was stabilised.
    shift_words
        A sentence below them.
    motility, deaths
        Figures, as name and value: speed and diffusion, and deaths per hour.
    flagged
        Frames that are unusual.
    video
        The video, relative to the report's folder; empty where none was written.
    poster
        A PNG of one of its frames, which leads to the video.
    files
        Its tables, by what they are called, relative to the report's folder.
    """

    name: str
    frames: int
    condition: str = ""
    first_count: float | None = None
    last_count: float | None = None
    growth_model: str = ""
    doubling: float | None = None
    doubling_lower: float | None = None
    doubling_upper: float | None = None
    sentences: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    curve: GrowthPicture | None = None
    lineage: GrowthPicture | None = None
    shifts: NDArray[np.floating] | None = None
    shift_words: str = ""
    motility: tuple[tuple[str, str], ...] = ()
    deaths: tuple[tuple[str, str], ...] = ()
    flagged: tuple[FlaggedFrame, ...] = ()
    video: str = ""
    poster: bytes | None = None
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class GrowthPage:
    """All that the report of a growth run tells.

    Parameters
    ----------
    title
        Heading of the page.
    model, description
        What counted, and one sentence on it.
    unit
        Of all doubling times: ``hours``, or ``frames`` where the interval is unknown.
    sections, failures
        Time-lapses that were, and could not be, read.
    curve
        All curves in one picture, where there are several.
    comparison
        How the conditions differ; None where there is one.
    comparison_words
        Sentences on it: which test, and what it says.
    notes
        Sentences on all of them, such as that the interval of the frames is unknown.
    coverage
        Fraction of intervals that shall hold the truth.
    facts
        What was run.
    """

    title: str
    model: str
    description: str
    unit: str = "hours"
    sections: tuple[GrowthSection, ...] = ()
    failures: tuple[ReportFailure, ...] = ()
    curve: GrowthPicture | None = None
    comparison: ReportTable | None = None
    comparison_words: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    coverage: float = 0.95
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_growth_page(path: Path, report: GrowthPage) -> None:
    """Write the report as one HTML file, whole or not at all."""
    write_text(path, render_growth(report))


def render_growth(report: GrowthPage) -> str:
    """The report as HTML text."""
    inline = len(report.sections) <= INLINE_SECTIONS
    shown = [
        {
            "curve": section.curve.source(inline=inline) if section.curve else "",
            "lineage": section.lineage.source(inline=inline) if section.lineage else "",
            "shifts": Markup("" if section.shifts is None else plot_of_shifts(section.shifts)),
            "poster": jpeg_source(section.poster) if section.poster else "",
            "growth": _growth(section, report.unit),
            "doubling": doubling_in_words(*_bounds(section), report.unit),
            "interval": interval_in_words(*_bounds(section), report.unit),
        }
        for section in report.sections
    ]
    return (
        environment()
        .get_template("growth.html.j2")
        .render(
            report=report,
            tiles=_tiles(report),
            shown=shown,
            all_curves=report.curve.source(inline=True) if report.curve else "",
            numeric=report.comparison.numeric() if report.comparison else [],
            has_conditions=any(section.condition for section in report.sections),
        )
    )


def _tiles(report: GrowthPage) -> list[tuple[str, str]]:
    """The summary line: what it is, and its value."""
    flagged = sum(len(section.flagged) for section in report.sections)
    if len(report.sections) == 1:
        (only,) = report.sections
        tiles = [
            ("halving time" if (only.doubling or 0) < 0 else "doubling time", _doubling(only, report.unit)),
            (f"{100 * report.coverage:.0f} % interval", interval_in_words(*_bounds(only), report.unit)),
            ("growth", only.growth_model or DASH),
            ("cells, first to last frame", f"{decimal(only.first_count, 0)} to {decimal(only.last_count, 0)}"),
            ("frames", f"{only.frames:,}"),
        ]
    else:
        conditions = len({section.condition for section in report.sections if section.condition})
        tiles = [
            ("time-lapses", f"{len(report.sections):,}"),
            ("frames", f"{sum(section.frames for section in report.sections):,}"),
            ("with a doubling time", f"{sum(section.doubling is not None for section in report.sections):,}"),
        ]
        if conditions:
            tiles.append(("conditions", f"{conditions:,}"))
    tiles.append(("frames flagged", f"{flagged:,}"))
    if report.failures:
        tiles.append(("failed", f"{len(report.failures):,}"))
    return tiles


def _bounds(section: GrowthSection) -> tuple[float | None, float | None, float | None]:
    return section.doubling, section.doubling_lower, section.doubling_upper


def _doubling(section: GrowthSection, unit: str) -> str:
    return DASH if section.doubling is None else time_in_words(section.doubling, unit)


def _growth(section: GrowthSection, unit: str) -> str:
    return doubling_in_words(section.doubling, None, None, unit)
