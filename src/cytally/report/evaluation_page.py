"""The report of an evaluation: how good a model is, where it errs, and what its network sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cytally.files import write_text
from cytally.report.html import ReportFailure, ReportFigure, decimal, environment, jpeg_source, significant
from cytally.report.words import LENIENT, WHOLE_FIGURES, figure_words

TILES = (
    *(("counting", name) for name in ("n", "mae", "bias", "accuracy", "total_relative_error")),
    *(("object", name) for name in ("f1_50", "dice")),
    *(("segmentation", name) for name in ("seg", "det")),
    ("latent", "origin_auc"),
)
"""Blocks and figures that stand large at the top, where there are any."""


@dataclass(frozen=True)
class WrongImage:
    """One of the images with the largest errors.

    Parameters
    ----------
    image
        Its name.
    true, predicted
        Its counts.
    thumbnail
        A small PNG of it.
    overlay
        The drawing of found beside true objects, a path beside the page; None where there is none, and the thumbnail
        shows what was counted.
    """

    image: str
    true: float
    predicted: float
    thumbnail: bytes
    overlay: str | None = None

    @property
    def picture(self) -> str:
        """Its thumbnail as the source of an `img`."""
        return jpeg_source(self.thumbnail)


@dataclass(frozen=True)
class EvaluationData:
    """All that the report of an evaluation tells.

    Parameters
    ----------
    title
        Heading of the page.
    model, description
        The model's name, and a sentence on it.
    metrics
        The blocks of metrics.json.
    scores
        Pictures of the errors, side by side.
    wrong
        The images with the largest errors, the worst first.
    figures
        What the network shows of itself, one below the other.
    notes
        Sentences such as that the model was trained on some of these images.
    failures
        Images that could not be counted.
    facts
        What was run.
    """

    title: str
    model: str
    description: str
    metrics: Mapping[str, Mapping[str, float]]
    scores: tuple[ReportFigure, ...] = ()
    wrong: tuple[WrongImage, ...] = ()
    figures: tuple[ReportFigure, ...] = ()
    notes: tuple[str, ...] = ()
    failures: tuple[ReportFailure, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_evaluation(path: Path, report: EvaluationData) -> None:
    """Write the report as one HTML file, whole or not at all."""
    write_text(path, render_evaluation(report))


def render_evaluation(report: EvaluationData) -> str:
    """The report as HTML text."""
    rows = [
        (block, *figure_words(block, name), _number(name, value))
        for block, figures in report.metrics.items()
        for name, value in figures.items()
    ]
    tiles = [
        (figure_words(block, name)[0].partition(" (")[0], _number(name, report.metrics[block][name]))
        for block, name in TILES
        if name in report.metrics.get(block, {})
    ]
    return (
        environment().get_template("evaluation.html.j2").render(report=report, rows=rows, tiles=tiles, lenient=LENIENT)
    )


def _number(name: str, value: float) -> str:
    return decimal(value, 0) if name in WHOLE_FIGURES or isinstance(value, int) else significant(value)
